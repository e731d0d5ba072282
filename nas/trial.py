"""One trial: job in, result out. Knows nothing of who asks for it, where it runs, or what becomes of the result."""

import math
import time
from collections.abc import Sequence
from contextlib import nullcontext

import torch

from nas.config import TrialConfig
from nas.data.splits import Splits, load_splits
from nas.job import TrialJob
from nas.models.build import build_model
from nas.records import EpochMetrics, TrialResult
from nas.space.search_space import PlainObjective
from nas.training.checkpoint import CheckpointFolder
from nas.training.evaluate import evaluate
from nas.training.fit import Diverged, Fitted, Report, fit, require_finite
from nas.training.memory import freed_memory_kept
from nas.training.weights import save_model

__all__ = ["Diverged", "Report", "TrialJob", "run_trial"]


def run_trial(job: TrialJob, report: Report) -> TrialResult:
    """Train and test the job's network, calling `report` after every epoch until it returns False.

    A trial that was broken off goes on from its newest checkpoint and reports the epochs before it again; with an
    objective it starts over. Test figures are measured once, at the end; a trial that `report` stopped has none, and
    leaves no weights.

    Raises:
        Diverged: a loss, or a value of the objective, became infinite or not a number.
        DataError, DoesNotFit: see `load_splits` and `build_model`.
    """
    torch.set_num_threads(job.threads)
    if job.objective is not None:
        return _run_objective(job, job.objective, report)
    with nullcontext() if job.gpu else freed_memory_kept():
        return _run_training(job, report)


def _run_training(job: TrialJob, report: Report) -> TrialResult:
    assert isinstance(job.config, TrialConfig)
    config = job.config.replace(epochs=job.epochs)
    device = torch.device("cuda" if job.gpu else "cpu")
    splits = load_splits(config.data, job.place, config.seed, device)
    torch.manual_seed(config.seed)
    model = build_model(config.model, splits.info.shape, len(splits.info.class_names)).to(device)
    fitted = fit(model, splits, config, report, CheckpointFolder(job.folder))
    if fitted.stopped_early:
        return TrialResult(_curve_metrics(fitted.history), epochs=len(fitted.history), stopped_early=True)
    result = _test(fitted, splits, config, job)
    save_model(job.weights, model, config, splits)
    return result


def _test(fitted: Fitted, splits: Splits, config: TrialConfig, job: TrialJob) -> TrialResult:
    """The figures of the weights that are kept."""
    kept = fitted.history[fitted.kept_epoch - 1].values
    train, test = evaluate(fitted.forward, splits.train), evaluate(fitted.forward, splits.test)
    metrics = {
        **_curve_metrics(fitted.history),
        "train_loss": train.loss,
        "train_accuracy": train.accuracy,
        "val_loss": kept["val_loss"],
        "val_accuracy": kept["val_accuracy"],
        "test_loss": test.loss,
        "test_accuracy": test.accuracy,
        **test.macro(),
    }
    details = {
        "device": torch.cuda.get_device_name() if job.gpu else "cpu",
        "precision": fitted.forward.precision,
        "threads": job.threads,
        "torch": torch.__version__,
        "seed": config.seed,
        "class_names": list(splits.info.class_names),
        "confusion_matrix": test.confusion.tolist(),
    }
    return TrialResult(metrics, epochs=len(fitted.history), best_epoch=fitted.kept_epoch, details=details)


def _run_objective(job: TrialJob, objective: PlainObjective, report: Report) -> TrialResult:
    history: list[EpochMetrics] = []
    started = time.perf_counter()
    for epoch, given in enumerate(objective(job.config, job.epochs), start=1):
        values = {"seconds": time.perf_counter() - started}
        values |= {name: float(value) for name, value in given.items()}
        require_finite(values, epoch)
        history.append(EpochMetrics(epoch, values))
        if not report(history[-1]):
            return TrialResult(_curve_metrics(history), epochs=epoch, stopped_early=True)
        started = time.perf_counter()
    if not history:
        raise ValueError(f"the objective yielded nothing for a budget of {job.epochs}; it must yield metrics")
    return TrialResult(_curve_metrics(history), epochs=len(history))


def _curve_metrics(history: Sequence[EpochMetrics]) -> dict[str, float]:
    """What the curves say at their end: the last epoch's values, with the seconds of all epochs."""
    values: dict[str, float] = dict(history[-1].values)
    values.pop("lr", None)
    values["seconds"] = math.fsum(metrics.values["seconds"] for metrics in history)
    if "val_accuracy" in values:
        values["last_val_accuracy"] = values["val_accuracy"]
    if "images_per_second" in values:
        values["images_per_second"] = _harmonic_mean([m.values["images_per_second"] for m in history])
    return values


def _harmonic_mean(rates: Sequence[float]) -> float:
    """The rate over all epochs, which all have the same number of images."""
    return len(rates) / math.fsum(1 / rate for rate in rates)
