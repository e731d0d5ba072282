"""One network on its way through its epochs."""

import math
import time
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from nas.config import TrialConfig
from nas.data.batches import batches
from nas.data.splits import Splits
from nas.records import DataPlace, EpochMetrics
from nas.training.early_stopping import Stopping
from nas.training.optimizers import build_optimizer, set_learning_rate
from nas.training.phases import parts_of, set_trained
from nas.training.precision import Forward, choose_precision, prepare_forward
from nas.training.prefix import see, see_images
from nas.training.random_state import GlobalRandom
from nas.training.regularise import Regulariser
from nas.training.sampling import build_sampler
from nas.training.scaling import scaling_of
from nas.training.schedules import build_schedule
from nas.training.step import Step
from nas.training.tasks import task_of

_APART = 2**32
"""Added to the seed of augmentation, for its draws shall not be those that order the images."""


class Diverged(ArithmeticError):
    """A metric became infinite or not a number."""


class DivergedInBf16(Diverged):
    """That happened in bf16, which only `auto` had chosen: from this epoch (from 1) on fp32 may do better."""

    def __init__(self, what: str, seed: int, epoch: int) -> None:
        super().__init__(what)
        self.seed, self.epoch = seed, epoch


class Training:
    """Trains a model (on the device of `splits`) epoch by epoch.

    seen: what it trains on and is measured on, the images or what frozen layers make of them. history: the epochs so
    far. fp32_from: the epoch (from 1) in which bf16 diverged: it and those after it are trained in fp32. place: whose
    cache keeps what frozen layers make of the images; without one they run in every epoch. Dropout draws from torch's
    global random state as it is when this object is made: seed it before the model is built.
    """

    def __init__(
        self,
        model: nn.Module,
        splits: Splits,
        config: TrialConfig,
        fp32_from: int | None = None,
        place: DataPlace | None = None,
    ) -> None:
        device = splits.train.device
        self.model, self.splits, self.config = model, splits, config
        self.task = task_of(config, splits)
        self.scaling = scaling_of(config, splits)
        self.whole = prepare_forward(model, self.scaling, choose_precision(config.precision, device))
        self.sampler = build_sampler(config, splits.train.labels)
        self.augmenting = torch.Generator(device).manual_seed(config.seed + _APART)
        self.random = GlobalRandom(device)
        self.stopping = Stopping(config.early_stopping)
        self.history: list[EpochMetrics] = []
        self.parts = parts_of(config)
        self.fp32_from = fp32_from
        self.place = place
        self._begin(0)

    @property
    def forward(self) -> Forward:
        """Runs the model, or its layers behind the frozen ones, on what is `seen`."""
        return self.seen.forward

    @property
    def ended(self) -> bool:
        """Whether all its epochs are trained, or it no longer improves in the last of its parts."""
        no_gain = self.stopping.exhausted and self._part == len(self.parts) - 1
        return len(self.history) >= self.config.epochs or no_gain

    @property
    def kept_epoch(self) -> int:
        """The epoch (from 1) whose weights are kept in the end."""
        return self.stopping.best_epoch or len(self.history)

    def advance(self) -> None:
        """Train one more epoch and measure it.

        Raises:
            Diverged: a loss became infinite or not a number.
            MemoryError: see `Step`.
        """
        epoch = len(self.history) + 1
        if epoch > self.parts[self._part].ends:
            self._begin(self._part + 1)
        if epoch == self.fp32_from:
            self._use_fp32()
        with self.random.in_force():
            started = time.perf_counter()
            order = self.sampler.next_epoch().to(self.splits.train.device)
            loss = self.train(order)
            self._require_finite({"train loss": loss.item()})  # the only wait for the device in an epoch's training
            trained = time.perf_counter()
            values = {
                **self._measure(),
                "lr": self.optimizer.param_groups[0]["lr"],
                "seconds": time.perf_counter() - started,
                "images_per_second": len(order) / (trained - started),
            }
        self._require_finite(values)
        self.history.append(EpochMetrics(epoch, values))
        self.schedule.observe(values)
        self.stopping.observe(epoch, values, self.model)

    def restore_best(self) -> None:
        """Give the model the weights that are kept."""
        self.stopping.restore_best(self.model)
        if self.kept_epoch <= self.parts[self._part].begins:  # what is frozen now may have been trained since
            self.seen = see_images(self.whole, self.splits, self.config)

    def train(self, order: Tensor) -> Tensor:
        """One step for each batch of the train images in this order (indices, int64, on their device). Returns the sum
        of the batches' losses, still on the device: reading it waits for the device to finish.
        """
        self.model.train()
        total = torch.zeros((), device=order.device)
        epochs_done = float(len(self.history) - self.parts[self._part].begins)
        for pixels, labels in batches(self.seen.train_in(len(self.history)), self.config.batch_size, order):
            set_learning_rate(self.optimizer, self.schedule.at(epochs_done))
            total += self.step(*self._varied(pixels, labels))
            epochs_done += len(labels) / len(order)
        return total

    def _varied(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """A batch as the config wants it varied, and its labels."""
        if self.config.augmentation is None or self.seen.passes:
            return pixels, labels
        from nas.data.augmentation import augment

        return augment(self.config.augmentation, pixels, labels, self.task.outputs, self.augmenting)

    def _measure(self) -> dict[str, float]:
        """The figures of a sample of the train part, as large as the validation part, and of that."""
        parts = {"train": self.seen.sample, "val": self.seen.val}
        return {
            f"{name}_{figure}": value
            for name, images in parts.items()
            for figure, value in self.task.evaluate(self.forward, images).values.items()
        }

    def _require_finite(self, values: Mapping[str, float]) -> None:
        """Check the metrics of the epoch that is being trained."""
        epoch, seed = len(self.history) + 1, self.config.seed
        when = f"in epoch {epoch}" + (f" with seed {seed}" if self.config.replicates > 1 else "")
        try:
            require_finite(values, when)
        except Diverged as error:
            if self.config.precision == "auto" and self.forward.precision == "bf16":
                raise DivergedInBf16(str(error), seed, epoch) from None
            raise

    def _use_fp32(self) -> None:
        self.whole = prepare_forward(self.model, self.scaling, "fp32")
        self._look()
        self.step.forward = self.forward

    def _begin(self, number: int) -> None:
        """Start a part of the training, with a new optimizer and a new schedule, and new patience."""
        part = self.parts[number]
        self.stopping.wait_anew()
        if part.unfreeze is not None:
            set_trained(self.model, part.unfreeze)
        self.model.zero_grad(set_to_none=True)  # of what is frozen now
        self.optimizer = build_optimizer(part.optimizer, self.model)
        self.schedule = build_schedule(part.schedule, part.optimizer.lr, part.epochs)
        self._part = number
        self._look()
        self.step = Step(self.forward, self.task, self.optimizer, Regulariser(self.model, self.config))

    def _look(self) -> None:
        """Have what is frozen now run once instead of in every epoch, where that can be."""
        self.seen = see(self.whole, self.splits, self.config, self.parts[self._part], self.place)

    def state_dict(self) -> dict[str, Any]:
        """Tensors (not copied) and plain data from which `load_state_dict` goes on bit for bit."""
        return {
            "part": self._part,
            **{name: part.state_dict() for name, part in self._stateful().items()},
            "augmenting": self.augmenting.get_state(),
            "micro_batch": self.step.micro_batch,
            "fp32_from": self.fp32_from,
            "history": [dict(metrics.values) for metrics in self.history],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        self.model.load_state_dict(state["model"])  # first, for what is frozen now may have been trained before
        self._begin(state["part"])
        for name, part in self._stateful().items():
            part.load_state_dict(state[name])
        self.augmenting.set_state(state["augmenting"])
        self.history = [EpochMetrics(epoch, values) for epoch, values in enumerate(state["history"], start=1)]
        self.step.micro_batch = state["micro_batch"]
        self.fp32_from = min(filter(None, (self.fp32_from, state["fp32_from"])), default=None)
        if self.fp32_from is not None and len(self.history) >= self.fp32_from:
            self._use_fp32()

    def _stateful(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "stopping": self.stopping,
            "sampler": self.sampler,
            "random": self.random,
        }


def require_finite(values: Mapping[str, float], when: str) -> None:
    """Check the metrics of an epoch. when: for the error, "in epoch 3".

    Raises:
        Diverged: naming the first that is infinite or not a number.
    """
    for name, value in values.items():
        if not math.isfinite(value):
            raise Diverged(f"{name.replace('_', ' ')} is {value} {when}")
