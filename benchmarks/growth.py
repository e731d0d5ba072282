"""Does control cost grow with the study? What a trial costs around trial 20, 200 and 2,000, and what coming back costs.

The trials train nothing: their epochs are made up, so that all that is measured is control. Everything else is real:
queue, ledger and storage on sqlite, early stopping, retention, MLflow on sqlite. Each case has a process of its own, so
that its memory is its own. Wall time; CPU time of the driver's thread is in the JSON.
"""

import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.growth_study import EPOCHS, NAME, Driver, Stopwatch
from nas.report.export import to_json
from nas.report.leaderboard import read_board
from nas.report.trial import read_sheet
from nas.search.layout import Layout
from nas.search.opening import read_ledgers
from nas.search.storage import open_storage, quiet_optuna
from nas.tracking.mlflow_runs import MlflowRuns
from nas.tracking.record import TrialRecord

TRIALS = 2000
MIDDLES = (20, 200, 2000)
HALF = 10
"""A window reaches from ten trials before its middle to ten after it, as far as there are so many."""
CASES = tuple((sampler, objectives) for sampler in ("random", "tpe") for objectives in (1, 2))
PHASES = ("take", "sampler", "report", "finish")
ALL = f"{EPOCHS} epochs"

Lap = dict[str, dict[str, float]]


def windows(trials: int) -> dict[str, slice]:
    """The trials of each window, by the window's middle."""
    return {str(middle): slice(middle - HALF, middle + HALF) for middle in MIDDLES if middle <= trials}


def drive(home: Path, sampler: str, objectives: int, trials: int) -> dict[str, Any]:
    """Milliseconds a trial by window and phase, an epoch in `report`; `take` without the sampler; memory in MB."""
    laps, memory = [], []
    with quiet_optuna():
        driver = Driver(home, sampler, objectives, trials)
        driver.watch.lap()
        while epochs := driver.trial():
            laps.append(_phases(driver.watch.lap(), epochs))
            memory.append(_megabytes())
    found = {middle: _medians(laps[window]) for middle, window in windows(trials).items()}
    return {"trials": found, "memory_mb": {middle: memory[int(middle) - 1] for middle in found}}


def _phases(lap: Lap, epochs: int) -> Lap:
    for clock in lap.values():
        clock["take"] -= clock.get("sampler", 0.0)
        clock["report"] /= epochs
    return lap


def _medians(laps: Sequence[Lap]) -> Lap:
    """Milliseconds over the trials that have the phase, and their sum for a trial that has all its epochs."""
    found: Lap = {}
    for clock in ("wall", "cpu"):
        spent = {phase: [lap[clock][phase] for lap in laps if phase in lap[clock]] for phase in PHASES}
        own = {phase: 1000 * statistics.median(values or [0.0]) for phase, values in spent.items()}
        found[clock] = {**own, ALL: own["take"] + own["sampler"] + EPOCHS * own["report"] + own["finish"]}
    return found


def come_back(home: Path, sampler: str, objectives: int, trials: int) -> dict[str, float]:
    """Milliseconds a trial of the study for what reads it all."""
    watch = Stopwatch()
    with quiet_optuna():
        with watch.on("resume"):
            Driver(home, sampler, objectives, trials)
        with watch.on("leaderboard"):
            board = read_board(*read_ledgers(open_storage(f"sqlite:///{home / 'optuna.db'}"), NAME))
            to_json(board)
        with watch.on("nas trial"):
            ledgers = read_ledgers(open_storage(f"sqlite:///{home / 'optuna.db'}"), NAME)
            read_sheet(*ledgers, str(trials - 1), Layout(home, home / "data"), "none")
    return {name: 1000 * seconds / trials for name, seconds in watch.wall.items()}


def track(home: Path, trials: int) -> dict[str, Any]:
    """MLflow: milliseconds a trial shown as it runs (start, each epoch, end) by window, one caught up on at its end,
    and one that is there already; memory in MB.
    """
    with quiet_optuna():
        main, _ = read_ledgers(open_storage(f"sqlite:///{home / 'optuna.db'}"), NAME)
    records, uri = list(main.records()), f"sqlite:///{home / 'mlflow.db'}"
    runs, shown, caught_up, memory = MlflowRuns(uri, home / "mlflow"), {}, [], {}
    runs.write(records[0], paused=False)
    live = {number for window in windows(trials).values() for number in range(trials)[window]}
    for number, record in enumerate(records[1:], start=1):
        began = time.perf_counter()
        for state in _states(record) if number in live else (record,):
            runs.write(state, paused=False)
        spent = 1000 * (time.perf_counter() - began)
        if number in live:
            shown[number] = spent
        else:
            caught_up.append(spent)
        memory[number] = _megabytes()
    again, began = MlflowRuns(uri, home / "mlflow"), time.perf_counter()
    for record in records:
        again.write(record, paused=False)
    there = 1000 * (time.perf_counter() - began) / len(records)
    by_window = {
        middle: statistics.median(shown[number] for number in range(trials)[window] if number in shown)
        for middle, window in windows(trials).items()
    }
    middles = {middle: memory[int(middle) - 1] for middle in by_window}
    return {"live": by_window, "catch_up": statistics.median(caught_up), "there_already": there, "memory_mb": middles}


def _states(record: TrialRecord) -> list[TrialRecord]:
    """The record as it was at its start, after each epoch, and at its end."""
    running = replace(record, verdict=None, metrics={}, details={}, finished=None, cause=None)
    return [*(replace(running, curve=record.curve[:epochs]) for epochs in range(len(record.curve) + 1)), record]


def _megabytes() -> float:
    """Memory of this process now (Linux)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def measure(trials: int) -> dict[str, Any]:
    """Every case once; prints the medians of each window and how much the last is above the first."""
    found: dict[str, Any] = {"trials": trials}
    with tempfile.TemporaryDirectory() as folder:
        for sampler, objectives in CASES:
            home = Path(folder) / f"{sampler}{objectives}"
            case = _apart(drive, home, sampler, objectives, trials)
            case["back"] = _apart(come_back, home, sampler, objectives, trials)
            found[f"{sampler}, {objectives}"] = case
            _show(f"{sampler}, objectives: {objectives}", case)
        found["mlflow"] = _apart(track, Path(folder) / "random2", trials)
    _show_mlflow(found["mlflow"])
    return found


def _apart(work: Any, *given: Any) -> Any:
    """Call it in a new process."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *given).result()


def _show(title: str, case: dict[str, Any]) -> None:
    lines = [title, "".join(f"{head:>12}" for head in ("trial", *PHASES, ALL, "memory MB"))]
    for middle, clocks in case["trials"].items():
        figures = [f"{clocks['wall'][phase]:.2f}" for phase in (*PHASES, ALL)]
        lines.append("".join(f"{figure:>12}" for figure in (middle, *figures, f"{case['memory_mb'][middle]:.0f}")))
    per_trial = ", ".join(f"{name} {spent:.2f}" for name, spent in case["back"].items())
    sys.stdout.write("\n".join([*lines, f"  of the whole study, ms a trial: {per_trial}", ""]))
    sys.stdout.flush()


def _show_mlflow(found: dict[str, Any]) -> None:
    live = ", ".join(f"{spent:.1f} at trial {middle}" for middle, spent in found["live"].items())
    sys.stdout.write(
        f"MLflow, ms a trial: {live}; caught up on {found['catch_up']:.1f}, there {found['there_already']:.2f}\n"
    )
