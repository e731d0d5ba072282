"""A study whose trials cost nothing: real space, costs, queue, storage and rules; made-up curves."""

import math
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from optuna.samplers import BaseSampler

from nas import (
    Adam,
    ConvNet,
    Digits,
    SearchSpace,
    TrialConfig,
    choice,
    integer,
    log_uniform,
    maximize,
    minimize,
    uniform,
)
from nas.job import TrialJob
from nas.records import EpochMetrics, TrialResult
from nas.search.drawing import Drawer
from nas.search.layout import Layout
from nas.search.opening import open_references, open_study
from nas.search.preparation import cost_measure, job_maker, prepare_data, seed_of
from nas.search.queue import Budget, TrialQueue
from nas.search.retention import Retention
from nas.search.stopping import StoppingRule
from nas.search.storage import open_storage

NAME = "growth"
EPOCHS = 8


def space(objectives: int) -> SearchSpace:
    """Eight holes of four kinds; nearly every draw is another network."""
    model = ConvNet(
        conv_layers=choice(1, 2, 4, 8),
        filters=integer(8, 64),
        kernel_size=choice(3, 5, 7),
        dense_layers=choice(1, 2, 4),
        dense_width=64,
        batch_norm=choice(False, True),
        max_pool=choice(False, True),
        dropout=uniform(0.0, 0.5),
    )
    optimizer = Adam(lr=log_uniform(1e-4, 1e-1))
    template = TrialConfig(data=Digits(channels=3), model=model, optimizer=optimizer, epochs=EPOCHS)
    aims = (maximize("val_accuracy"), minimize("params"))
    return SearchSpace(name=NAME, template=template, objectives=aims[:objectives])


def curve(number: int) -> Iterator[EpochMetrics]:
    """Eight epochs of twelve figures; the same for a number always. Half of the trials are as good as any so far, so
    that early stopping spares them.
    """
    rng = random.Random(number)
    ceiling = 0.99 if number % 2 else rng.uniform(0.5, 0.98)
    for epoch in range(1, EPOCHS + 1):
        reached = ceiling * (1 - math.exp(-epoch)) + number * 1e-9
        values = {
            "val_accuracy": reached,
            "val_loss": 1 - reached,
            "train_accuracy": reached,
            "train_loss": 1 - reached,
        }
        rest = ("lr", "seconds", "macro_f1", "images", "gradient_norm", "data_seconds", "memory_mb", "step_seconds")
        yield EpochMetrics(epoch, {**values, **{name: rng.random() for name in rest}})


def result(points: list[EpochMetrics]) -> TrialResult:
    """What a trained trial brings back: 14 figures and a confusion matrix."""
    last = dict(points[-1].values)
    metrics = {**last, "test_accuracy": last["val_accuracy"], "test_loss": 0.5}
    details = {"confusion": [[row * column % 40 for column in range(10)] for row in range(10)], "device": "cpu"}
    return TrialResult(metrics, epochs=len(points), best_epoch=len(points), details=details)


class Stopwatch:
    """Adds up wall and CPU seconds of this thread by name."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)

    @contextmanager
    def on(self, name: str) -> Iterator[None]:
        """Measure what is inside."""
        wall, cpu = time.perf_counter(), time.thread_time()
        try:
            yield
        finally:
            self.wall[name] += time.perf_counter() - wall
            self.cpu[name] += time.thread_time() - cpu

    def lap(self) -> dict[str, dict[str, float]]:
        """What was spent since the last lap."""
        found = {"wall": dict(self.wall), "cpu": dict(self.cpu)}
        self.wall.clear()
        self.cpu.clear()
        return found


class TimedSampler(BaseSampler):
    """A sampler that notes which part of the time is Optuna's."""

    def __init__(self, inner: BaseSampler, watch: Stopwatch) -> None:
        self.inner, self.watch = inner, watch

    def infer_relative_search_space(self, *given: Any) -> Any:
        """Timed."""
        with self.watch.on("sampler"):
            return self.inner.infer_relative_search_space(*given)

    def sample_relative(self, *given: Any) -> Any:
        """Timed."""
        with self.watch.on("sampler"):
            return self.inner.sample_relative(*given)

    def sample_independent(self, *given: Any) -> Any:
        """Timed."""
        with self.watch.on("sampler"):
            return self.inner.sample_independent(*given)

    def after_trial(self, *given: Any) -> None:
        """Timed."""
        with self.watch.on("sampler"):
            self.inner.after_trial(*given)


class Driver:
    """One study opened as a search opens it: new, or with all the trials that are there."""

    def __init__(self, home: Path, sampler: str, objectives: int, trials: int) -> None:
        layout, own = Layout(home, home / "data"), space(objectives)
        self.watch = Stopwatch()
        data = prepare_data(own, layout)
        with self.watch.on("open"):
            storage = open_storage(layout.storage_url)
            self.main = open_study(storage, own, sampler, seed_of(own), data)
            self.queue = TrialQueue(
                space=own,
                main=self.main,
                references=open_references(storage, own),
                drawer=Drawer(own, self.main, cost_measure(layout), seed_of(own)),
                rule=StoppingRule("asha", own.objectives, EPOCHS),
                make_job=job_maker(own, layout),
                budget=Budget(trials),
                listeners=(Retention(self.main, layout),),
            )
            for record in self.main.records():  # as they are handed to the tracker
                assert record.verdict is not None
        self.main.study.sampler = TimedSampler(self.main.study.sampler, self.watch)

    def trial(self) -> int:
        """Run one trial. Returns how many epochs it had, 0 where the budget is spent."""
        with self.watch.on("take"):
            job = self.queue.take()
        if not isinstance(job, TrialJob):
            return 0
        seen: list[EpochMetrics] = []
        for point in curve(job.number):
            seen.append(point)
            with self.watch.on("report"):
                goes_on = self.queue.report((job.study, job.number), point)
            if not goes_on:
                return len(seen)
        with self.watch.on("finish"):
            self.queue.finish((job.study, job.number), result(seen))
        return len(seen)
