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
from nas.records import EpochMetrics
from nas.training.early_stopping import Stopping
from nas.training.evaluate import stratified_sample
from nas.training.optimizers import build_optimizer, set_learning_rate
from nas.training.phases import parts_of, set_trained
from nas.training.precision import choose_precision, prepare_forward
from nas.training.random_state import GlobalRandom
from nas.training.regularise import Regulariser
from nas.training.sampling import build_sampler
from nas.training.scaling import scaling_of
from nas.training.schedules import build_schedule
from nas.training.tasks import task_of

_APART = 2**32
"""Added to the seed of augmentation, for its draws shall not be those that order the images."""


class Diverged(ArithmeticError):
    """A metric became infinite or not a number."""


class Training:
    """Trains a model (on the device of `splits`) epoch by epoch.

    forward: runs the model. history: the epochs so far. Dropout draws from torch's global random state as it is when
    this object is made: seed it before the model is built.
    """

    def __init__(self, model: nn.Module, splits: Splits, config: TrialConfig) -> None:
        device = splits.train.pixels.device
        self.model, self.splits, self.config = model, splits, config
        self.task = task_of(config, splits)
        self.scaling = scaling_of(config, splits)
        self.forward = prepare_forward(model, self.scaling, choose_precision(config.precision, device))
        self.sample = stratified_sample(splits.train, len(splits.val), config.seed)
        self.sampler = build_sampler(config, splits.train.labels)
        self.augmenting = torch.Generator(device).manual_seed(config.seed + _APART)
        self.random = GlobalRandom(device)
        self.stopping = Stopping(config.early_stopping)
        self.history: list[EpochMetrics] = []
        self.parts = parts_of(config)
        self._begin(0)

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
        """
        epoch = len(self.history) + 1
        when = f"in epoch {epoch}" + (f" with seed {self.config.seed}" if self.config.replicates > 1 else "")
        if epoch > self.parts[self._part].ends:
            self._begin(self._part + 1)
        with self.random.in_force():
            started = time.perf_counter()
            order = self.sampler.next_epoch().to(self.splits.train.pixels.device)
            loss = self.train(order)
            require_finite({"train loss": loss.item()}, when)  # the only wait for the device in an epoch's training
            trained = time.perf_counter()
            values = {
                **self._measure(),
                "lr": self.optimizer.param_groups[0]["lr"],
                "seconds": time.perf_counter() - started,
                "images_per_second": len(order) / (trained - started),
            }
        require_finite(values, when)
        self.history.append(EpochMetrics(epoch, values))
        self.schedule.observe(values)
        self.stopping.observe(epoch, values, self.model)

    def restore_best(self) -> None:
        """Give the model the weights that are kept."""
        self.stopping.restore_best(self.model)

    def train(self, order: Tensor) -> Tensor:
        """One step for each batch of the train images in this order (indices, int64, on their device). Returns the sum
        of the batches' losses, still on the device: reading it waits for the device to finish.
        """
        self.model.train()
        total = torch.zeros((), device=order.device)
        epochs_done = float(len(self.history) - self.parts[self._part].begins)
        for pixels, labels in batches(self.splits.train, self.config.batch_size, order):
            set_learning_rate(self.optimizer, self.schedule.at(epochs_done))
            loss = self.task.loss(*self._outputs(pixels, labels))
            loss = self.regulariser.penalise(loss)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            self.regulariser.clip_gradients()
            self.optimizer.step()
            self.regulariser.clip_weights()
            total += loss.detach()
            epochs_done += len(labels) / len(order)
        return total

    def _outputs(self, pixels: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """What the network says of a batch, varied as the config wants, and its labels."""
        if self.config.augmentation is not None:
            from nas.data.augmentation import augment

            classes = self.task.outputs
            pixels, labels = augment(self.config.augmentation, pixels, labels, classes, self.augmenting)
        return self.forward(pixels), labels

    def _measure(self) -> dict[str, float]:
        """The figures of a sample of the train part, as large as the validation part, and of that."""
        parts = {"train": self.sample, "val": self.splits.val}
        return {
            f"{name}_{figure}": value
            for name, images in parts.items()
            for figure, value in self.task.evaluate(self.forward, images).values.items()
        }

    def _begin(self, number: int) -> None:
        """Start a part of the training, with a new optimizer and a new schedule, and new patience."""
        part = self.parts[number]
        self.stopping.wait_anew()
        if part.unfreeze is not None:
            set_trained(self.model, part.unfreeze)
        self.model.zero_grad(set_to_none=True)  # of what is frozen now
        self.optimizer = build_optimizer(part.optimizer, self.model)
        self.schedule = build_schedule(part.schedule, part.optimizer.lr, part.epochs)
        self.regulariser = Regulariser(self.model, self.config)
        self._part = number

    def state_dict(self) -> dict[str, Any]:
        """Tensors (not copied) and plain data from which `load_state_dict` goes on bit for bit."""
        return {
            "part": self._part,
            **{name: part.state_dict() for name, part in self._stateful().items()},
            "augmenting": self.augmenting.get_state(),
            "history": [dict(metrics.values) for metrics in self.history],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        self._begin(state["part"])
        for name, part in self._stateful().items():
            part.load_state_dict(state[name])
        self.augmenting.set_state(state["augmenting"])
        self.history = [EpochMetrics(epoch, values) for epoch, values in enumerate(state["history"], start=1)]

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
