"""The training loop."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from nas.config import TrialConfig
from nas.data.batches import batches
from nas.data.splits import Images, Splits
from nas.records import EpochMetrics
from nas.training.checkpoint import CheckpointFolder
from nas.training.early_stopping import Stopping
from nas.training.evaluate import evaluate, stratified_sample
from nas.training.optimizers import build_optimizer, set_learning_rate
from nas.training.precision import Forward, choose_precision, prepare_forward
from nas.training.progress import Progress
from nas.training.schedules import build_schedule

Report = Callable[[EpochMetrics], bool]
"""Called after each epoch with its metrics; whether to go on."""


class Diverged(ArithmeticError):
    """A metric became infinite or not a number."""


@dataclass(frozen=True)
class Fitted:
    """forward: the trained model with the weights that are kept. kept_epoch: the epoch (from 1) that they are of.
    stopped_early: `report` ended the training; the weights are then of the last epoch.
    """

    forward: Forward
    history: tuple[EpochMetrics, ...]
    kept_epoch: int
    stopped_early: bool


def fit(
    model: torch.nn.Module, splits: Splits, config: TrialConfig, report: Report, checkpoints: CheckpointFolder
) -> Fitted:
    """Train `model` (on the device of `splits`) from its newest checkpoint, else from its first epoch.

    Every epoch is reported once, in order, those of the checkpoint first. Dropout draws from torch's global random
    state: seed it before the model is built.

    Raises:
        Diverged: a loss became infinite or not a number.
    """
    device = splits.train.pixels.device
    forward = prepare_forward(model, splits.normalise, choose_precision(config.precision, device))
    optimizer = build_optimizer(config.optimizer, model)
    schedule = build_schedule(config.schedule, optimizer.param_groups[0]["lr"], config.epochs)
    stopping = Stopping(config.early_stopping)
    progress = Progress(model, optimizer, schedule, stopping, torch.Generator().manual_seed(config.seed))
    if (state := checkpoints.newest()) is not None:
        progress.load_state_dict(state)
    history = progress.history
    train_sample = stratified_sample(splits.train, len(splits.val), config.seed)

    for metrics in history:
        if not report(metrics):
            return Fitted(forward, tuple(history[: metrics.epoch]), metrics.epoch, stopped_early=True)

    while len(history) < config.epochs and not stopping.exhausted:
        epoch = len(history) + 1
        lr = schedule.at(epoch)
        set_learning_rate(optimizer, lr)
        started = time.perf_counter()
        order = torch.randperm(len(splits.train), generator=progress.order).to(device)
        loss = train_epoch(forward, optimizer, splits.train, config.batch_size, order)
        require_finite({"train loss": loss.item()}, epoch)  # the only wait for the device in this epoch's training
        trained = time.perf_counter()
        train, val = evaluate(forward, train_sample), evaluate(forward, splits.val)
        values = {
            "train_loss": train.loss,
            "train_accuracy": train.accuracy,
            "val_loss": val.loss,
            "val_accuracy": val.accuracy,
            "lr": lr,
            "seconds": time.perf_counter() - started,
            "images_per_second": len(order) / (trained - started),
        }
        require_finite(values, epoch)
        history.append(EpochMetrics(epoch, values))
        schedule.observe(values)
        stopping.observe(epoch, values, model)
        if checkpoints.due():
            checkpoints.save(progress.state_dict())
        if not report(history[-1]):
            return Fitted(forward, tuple(history), epoch, stopped_early=True)

    stopping.restore_best(model)
    return Fitted(forward, tuple(history), stopping.best_epoch or len(history), stopped_early=False)


def train_epoch(
    forward: Forward, optimizer: torch.optim.Optimizer, images: Images, batch_size: int, order: Tensor
) -> Tensor:
    """One step for each batch of the images in this order. Returns the sum of the batches' mean losses, still on the
    device: reading it waits for the device to finish.
    """
    forward.model.train()
    total = torch.zeros((), device=images.pixels.device)
    for pixels, labels in batches(images, batch_size, order):
        loss = cross_entropy(forward(pixels), labels)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        total += loss.detach()
    return total


def require_finite(values: Mapping[str, float], epoch: int) -> None:
    """Check the metrics of an epoch.

    Raises:
        Diverged: naming the first that is infinite or not a number.
    """
    for name, value in values.items():
        if not math.isfinite(value):
            raise Diverged(f"{name.replace('_', ' ')} is {value} in epoch {epoch}")
