"""Control overhead of a trial: a search through Ray, Optuna's storage and MLflow against the bare training loop.

The same configs, one at a time on one thread, in turn A B A B. Ours: from one trial's verdict to the next one's, with
warm workers (the first trials, in which a worker starts, are left out). Bare: `run_trial` in a loop in this process.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.stats import show, summary
from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice
from nas.job import TrialJob
from nas.search.layout import Layout
from nas.search.ledger import Ledger
from nas.search.run import Options, search
from nas.space.load import LoadedSpace
from nas.tracking.record import TrialRecord
from nas.tracking.tracker import open_tracker
from nas.trial import run_trial

TRIALS = 14
COLD = 2
"""Trials at the start that are not counted: worker and libraries start in them."""


def space() -> SearchSpace:
    """Fourteen small networks on the digits, 8 epochs each."""

    def config(filters: int) -> TrialConfig:
        model = ConvNet(conv_layers=2, filters=filters, kernel_size=3, dense_width=64, max_pool=True)
        return TrialConfig(data=Digits(channels=3), model=model, epochs=8)

    sizes = tuple(range(16, 16 + 2 * TRIALS, 2))
    template = config(0 + sizes[0]).replace(model=config(sizes[0]).model.replace(filters=choice(*sizes)))
    return SearchSpace(name="overhead", template=template, baselines={str(size): config(size) for size in sizes})


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
    search(loaded, Options(layout, layout.storage_url, trials=TRIALS, jobs=1, scheduler="none"), tracker, clock)
    tracker.flush(60)
    tracker.close()
    return (clock.ends[-1] - clock.ends[COLD - 1]) / (TRIALS - COLD)


def bare(home: Path) -> float:
    """Seconds a trial of the training loop alone."""
    layout, seconds = Layout(home, home / "data"), []
    for number, config in enumerate(space().baselines.values()):
        folder = layout.checkpoints("bare", number)
        job = TrialJob("bare", number, config, 8, folder, layout.weights("bare", number), layout.place)
        began = time.perf_counter()
        run_trial(job, lambda point: True)
        seconds.append(time.perf_counter() - began)
    return statistics.mean(seconds[COLD:])


def measure(repeats: int) -> dict[str, Any]:
    """Interleaved repeats; prints seconds a trial and their difference."""
    with tempfile.TemporaryDirectory() as folder:
        bare(Path(folder))
        pairs = [(ours(Path(folder) / f"ours{n}"), bare(Path(folder))) for n in range(repeats)]
    rows = {
        "nas search, a trial": [a for a, _ in pairs],
        "bare loop, a trial": [b for _, b in pairs],
        "control overhead, a trial": [a - b for a, b in pairs],
        "nas / bare": [a / b for a, b in pairs],
    }
    show("control overhead with warm workers (goal: at most 0.7 s a trial)", rows, "s")
    return {name: summary(values) for name, values in rows.items()}
