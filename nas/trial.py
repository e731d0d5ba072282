"""One trial: job in, result out. Knows nothing of who asks for it, where it runs, or what becomes of the result."""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from statistics import harmonic_mean
from typing import Any

import torch

from nas.config import TrialConfig
from nas.data.errors import DataError
from nas.data.splits import load_splits
from nas.disk import is_disk_full
from nas.job import FINDINGS, TrialJob
from nas.models.build import build_model
from nas.models.pretrained import load_pretrained
from nas.records import EpochMetrics, TrialResult
from nas.space.search_space import PlainObjective
from nas.training import findings
from nas.training.checkpoint import CheckpointFolder
from nas.training.fit import Fitted, Report, fit
from nas.training.memory import freed_memory_kept
from nas.training.replicates import best_of, figures_in, summary
from nas.training.tasks import Evaluation, task_of
from nas.training.training import Diverged, DivergedInBf16, Training, require_finite
from nas.training.weights import save_model

__all__ = ["Diverged", "Report", "TrialJob", "run_trial"]


def run_trial(job: TrialJob, report: Report) -> TrialResult:
    """Train and test the job's network, calling `report` after every epoch until it returns False.

    Of several replicates curves and figures are means, and the weights of the best one are kept.
    A trial that was broken off goes on from its newest checkpoint and reports the epochs before it again; with an
    objective it starts over. Test figures are measured once, at the end; a trial that `report` stopped has none, and
    leaves no weights.

    Raises:
        Diverged: a loss, or a value of the objective, became infinite or not a number; of precision `auto` in fp32 too.
        MemoryError: not even the smallest micro-batch fits.
        DataError: the data cannot be used, or is not what the job says. DoesNotFit, WeightsError: see `build_model` and
            `load_pretrained`.
    """
    torch.set_num_threads(job.threads)
    if job.objective is not None:
        return _run_objective(job, job.objective, report)
    with nullcontext() if job.gpu else freed_memory_kept():
        return _run_training(job, report)


def _run_training(job: TrialJob, report: Report) -> TrialResult:
    assert isinstance(job.config, TrialConfig)
    trainings, fitted = _train(job.config.replace(epochs=job.epochs), job, report)
    epochs = len(fitted.history)
    if fitted.stopped_early:
        reached = [{**_curve_metrics(each.history[:epochs]), **figures_in(each, epochs)} for each in trainings]
        return TrialResult(summary(reached), epochs, stopped_early=True, details=_replicates(trainings, reached))

    tests = [training.task.evaluate(training.forward, training.seen.test) for training in trainings]
    metrics = [_final_metrics(training, test) for training, test in zip(trainings, tests, strict=True)]
    best = best_of(trainings)
    details = {**_circumstances(best, job), **_replicates(trainings, metrics)}
    folder = job.weights / FINDINGS
    details |= _write_findings(folder, best, tests[trainings.index(best)])
    save_model(job.weights, best.model, best.config, best.splits, best.scaling)
    return TrialResult(
        summary(metrics), epochs, best.kept_epoch, details=details, folder=folder if folder.is_dir() else None
    )


def _train(config: TrialConfig, job: TrialJob, report: Report) -> tuple[Sequence[Training], Fitted]:
    """Train all replicates. One that diverges in bf16 goes on in fp32, from the start of the epoch in which it did.

    For that all start again from the newest checkpoint: where it lies makes no difference to what comes out.
    """
    fp32_from: dict[int, int] = {}
    while True:
        seeds = range(config.seed, config.seed + config.replicates)
        trainings = [_prepare_training(config.replace(seed=seed), job, fp32_from.get(seed)) for seed in seeds]
        try:
            return trainings, fit(trainings, report, CheckpointFolder(job.folder))
        except DivergedInBf16 as error:
            fp32_from[error.seed] = error.epoch
            trainings.clear()  # so that the next ones find room


def _prepare_training(config: TrialConfig, job: TrialJob, fp32_from: int | None) -> Training:
    device = torch.device("cuda" if job.gpu else "cpu")
    splits = load_splits(config.data, job.place, config.seed, device)
    if job.digest not in (None, splits.info.digest):
        where = getattr(config.data, "path", config.data.kind)
        raise DataError(f"{where}: has changed since the search began; put it back, or begin another study by --fresh")
    torch.manual_seed(config.seed)
    model = build_model(config.model, splits.info.shape, task_of(config, splits).outputs)
    load_pretrained(model, config.model, job.place)
    return Training(model.to(device), splits, config, fp32_from, job.place)


def _final_metrics(training: Training, test: Evaluation) -> dict[str, float]:
    """The figures of the weights that are kept."""
    train = training.task.evaluate(training.forward, training.seen.train)
    return {
        **_curve_metrics(training.history),
        **figures_in(training, training.kept_epoch),
        **{f"train_{name}": value for name, value in train.values.items()},
        **{f"test_{name}": value for name, value in test.values.items()},
        **training.task.final(test),
    }


def _circumstances(training: Training, job: TrialJob) -> dict[str, object]:
    """Where and how it was trained. `micro_batch`: only where memory did not do for whole batches."""
    fell_back = f" (bf16 diverged in epoch {training.fp32_from})" if training.fp32_from else ""
    lowered = training.step.micro_batch
    return {
        "device": torch.cuda.get_device_name() if job.gpu else "cpu",
        "precision": training.forward.precision + fell_back,
        **({"micro_batch": lowered} if lowered else {}),
        "threads": job.threads,
        "torch": str(torch.__version__),  # a class of torch's own, which the driver would load torch for
        "seed": training.config.seed,
    }


def _replicates(trainings: Sequence[Training], metrics: Sequence[Mapping[str, float]]) -> dict[str, object]:
    """What each of several replicates reached."""
    if len(trainings) == 1:
        return {}
    return {"replicates": [{"seed": each.config.seed, **own} for each, own in zip(trainings, metrics, strict=True)]}


def _write_findings(folder: Path, training: Training, test: Evaluation) -> dict[str, Any]:
    """Pictures and tables for people, without which a trial is complete too. Returns what the details hold of them.

    Raises:
        OSError: the disk is full: the weights, which come next, would find no room either.
    """
    try:
        return findings.write(folder, test, training.splits, training.config)
    except Exception as error:
        if is_disk_full(error):
            raise
        return {"warnings": [f"findings were not written: {type(error).__name__}: {error}"]}


def _run_objective(job: TrialJob, objective: PlainObjective, report: Report) -> TrialResult:
    history: list[EpochMetrics] = []
    started = time.perf_counter()
    for epoch, given in enumerate(objective(job.config, job.epochs), start=1):
        values = {"seconds": time.perf_counter() - started}
        values |= {name: float(value) for name, value in given.items()}
        require_finite(values, f"in epoch {epoch}")
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
    for leading in ("val_accuracy", "val_r2"):
        if leading in values:
            values[f"last_{leading}"] = values[leading]
    if "images_per_second" in values:  # over all epochs, which all have the same number of images
        values["images_per_second"] = harmonic_mean(metrics.values["images_per_second"] for metrics in history)
    return values
