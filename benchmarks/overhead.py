"""Control overhead of a trial: a search through Ray, Optuna's storage and MLflow against the bare training loop.

The same configs, one trial a core on one thread each, in turn A B A B. Ours: from one trial's verdict to the next one's
of the same core, with warm workers (the first trials, in which a worker starts, are left out). Bare: `run_trial` in a
loop in as many processes, findings and weights included.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.stats import show, summary
from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice
from nas.job import TrialJob
from nas.search.layout import Layout
from nas.search.ledger import Ledger
from nas.search.options import Options
from nas.search.run import search
from nas.space.load import LoadedSpace
from nas.tracking.record import TrialRecord
from nas.tracking.tracker import open_tracker
from nas.trial import run_trial

CORES = os.cpu_count() or 1
COLD = 2 * CORES
"""Trials at the start that are not counted: workers and libraries start in them."""
TRIALS = COLD + 12 * CORES
EPOCHS = 8


def space() -> SearchSpace:
    """Small networks on the digits, all of nearly the same size."""

    def config(dense_width: int) -> TrialConfig:
        model = ConvNet(conv_layers=2, filters=32, kernel_size=3, dense_width=dense_width, max_pool=True)
        return TrialConfig(data=Digits(channels=3), model=model, epochs=EPOCHS)

    widths = tuple(range(64, 64 + TRIALS))
    template = config(widths[0]).replace(model=config(widths[0]).model.replace(dense_width=choice(*widths)))
    return SearchSpace(name="overhead", template=template, baselines={str(width): config(width) for width in widths})


class Clock:
    """Notes when trials end."""

    def __init__(self) -> None:
        self.ends: list[float] = []

    def opened(self, ledger: Ledger, trials: float, warnings: Sequence[str]) -> None:
        """Nothing to note."""

    def started(self, record: TrialRecord) -> None:
        """Nothing to note."""

    def advanced(self, record: TrialRecord) -> None:
        """Nothing to note."""

    def ended(self, record: TrialRecord) -> None:
        """A verdict."""
        self.ends.append(time.perf_counter())


def ours(home: Path) -> float:
    """Seconds a warm trial from verdict to verdict, everything included."""
    layout, clock = Layout(home, home / "data"), Clock()
    tracker = open_tracker(layout.tracking_uri, layout.mlflow_artifacts)
    loaded = LoadedSpace(space=space(), module=sys.modules[__name__], path=Path("overhead.py"), digest="")
    options = Options(layout, layout.storage_url, trials=TRIALS, jobs=CORES, scheduler="none")
    search(loaded, options, tracker, clock)
    tracker.flush(60)
    tracker.close()
    counted = clock.ends[COLD - 1 : TRIALS - CORES + 1]  # after that a core has nothing to do
    return CORES * (counted[-1] - counted[0]) / (len(counted) - 1)


def bare(home: Path) -> float:
    """Seconds a trial of the training loop alone, in a process for each core at the same time."""
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        seconds = [
            each for found in pool.map(_train_all, [home / str(core) for core in range(CORES)]) for each in found
        ]
    return statistics.mean(seconds)


def _train_all(home: Path) -> list[float]:
    """Seconds of each trial in this process, without the first ones."""
    layout, seconds = Layout(home, home / "data"), []
    for number, config in enumerate(list(space().baselines.values())[: TRIALS // CORES + COLD]):
        folder = layout.checkpoints("bare", number)
        job = TrialJob("bare", number, config, EPOCHS, folder, layout.weights("bare", number), layout.place)
        began = time.perf_counter()
        run_trial(job, lambda point: True)
        seconds.append(time.perf_counter() - began)
    return seconds[COLD:]


def measure(repeats: int) -> dict[str, Any]:
    """Interleaved repeats; prints seconds a trial and their difference."""
    with tempfile.TemporaryDirectory() as folder:
        bare(Path(folder))
        pairs = [(ours(Path(folder) / f"ours{n}"), bare(Path(folder) / f"bare{n}")) for n in range(repeats)]
    rows = {
        "nas search, a trial": [a for a, _ in pairs],
        "bare loop, a trial": [b for _, b in pairs],
        "control overhead, a trial": [a - b for a, b in pairs],
        "nas / bare": [a / b for a, b in pairs],
    }
    show("control overhead with warm workers (goal: at most 0.3 s a trial)", rows, "s")
    return {name: summary(values) for name, values in rows.items()}
