"""Verdicts an hour of `nas search` against what one would write without it, on fixed lists of configs and epochs.

All sides are real processes on a fresh folder, in turn A B A B on the same data; see `benchmarks/peers` for the others.
"""

import os
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.accounts import Account, account
from benchmarks.images import cifar10, generated, write_backbone, write_images
from benchmarks.peak import peak_flops
from benchmarks.processes import Run, run
from benchmarks.spaces import space_file, space_of
from benchmarks.stats import keep, show, summary, tell
from benchmarks.workloads import Workload, chosen

ROOT = Path(__file__).resolve().parent.parent
PRECISION = {"nas": "auto", "p1": "auto", "p0": "fp32"}


@dataclass(frozen=True)
class Place:
    """device: cpu or cuda. gpus: cards a trial; 0 on the processor. slots: trials at the same time."""

    device: str
    gpus: float
    slots: int

    @property
    def environment(self) -> dict[str, str]:
        """For every process: one thread a trial, and no card where the processor is measured."""
        hidden = {"CUDA_VISIBLE_DEVICES": ""} if self.device == "cpu" else {}
        return {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", **hidden}


def place_of(device: str, gpus: float) -> Place:
    """Where to measure. device: cpu, cuda or auto, which is cuda where there is a card.

    Raises:
        RuntimeError: cuda was asked for and is not there.
    """
    import torch

    cards = torch.cuda.device_count()
    if device == "cuda" and not cards:
        raise RuntimeError("--device: cuda asked for and torch finds none; use --device cpu")
    if device == "cpu" or not cards:
        return Place("cpu", 0.0, os.cpu_count() or 1)  # as Ray counts them, on both sides
    return Place("cuda", gpus, max(1, int(cards / gpus)))


@dataclass(frozen=True)
class Task:
    """workload: with its data in place. images: of its training part. flops: of all its training, nominal."""

    workload: Workload
    images: int
    flops: float


def prepared(name: str, folder: Path, trials: int | None, scale: float, data: Path | None) -> Task:
    """The workload with its images and weights in `folder`. data: holds CIFAR-10; None makes images."""
    workload = chosen(name, trials, scale)
    if workload.images is not None:
        images, labels = cifar10(data, workload.images) if data else generated(workload.images)
        write_images(folder / "images", images, labels)
        workload = replace(workload, folder=str(folder / "images"), images=len(labels))
        if workload.weights is not None:
            write_backbone(folder / "mobilenet_v2.pth", images, workload.side)
            workload = replace(workload, weights=str(folder / "mobilenet_v2.pth"))
    count = _train_images(workload, folder)
    return Task(workload, count, workload.epochs * count * sum(_step_flops(workload)))


def _train_images(workload: Workload, folder: Path) -> int:
    from nas.data.prepare import prepare
    from nas.records import DataPlace

    config: Any = next(iter(space_of(workload).baselines.values()))
    return prepare(config.data, DataPlace(folder, folder / "cache"), config.seed).counts["train"]


def _step_flops(workload: Workload) -> list[float]:
    """FLOPs of training on one image, of each config: three times the forward pass of what is trained, once what is
    frozen. A nominal figure: what a loop computes that saves nothing.
    """
    from nas.models.measure import measure_cost

    shape = (3, workload.side, workload.side)
    found = []
    for config, trial in zip(workload.configs, space_of(workload).baselines.values(), strict=True):
        forward = measure_cost(trial.model, shape, 10).flops  # type: ignore[attr-defined]
        head = 2 * config["head_width"] * (1280 + 10) if workload.weights is not None else forward
        found.append(float(forward + 2 * head))
    return found


def command(side: str, file: Path, home: Path, place: Place) -> list[str]:
    """What starts a side on the workload whose space file this is."""
    if side == "nas":
        search = [sys.executable, "-m", "nas", "search", str(file), "--home", str(home), "--scheduler", "none"]
        share = ["--gpus-per-trial", f"{place.gpus:g}"] if place.gpus else []
        return [*search, "--trials", str(_count(file)), "--json", *share]
    script = ROOT / "benchmarks" / "peers" / f"{side}.py"
    return [sys.executable, str(script), str(file.with_suffix(".json")), str(home), f"{place.gpus:g}"]


def _count(file: Path) -> int:
    from benchmarks.spaces import read_space

    return len(read_space(str(file.with_suffix(".json"))).baselines)


def measure(task: Task, sides: Sequence[str], place: Place, repeats: int, kept: Path | None) -> dict[str, Any]:
    """Interleaved repeats; prints the table. What is there is written to `kept` after every run."""
    runs: dict[str, list[Account]] = {side: [] for side in sides}
    shares: dict[str, list[float]] = {side: [] for side in sides}
    peaks: dict[str, list[float]] = {}
    facts = {"workload": task.workload.name, "configs": len(task.workload.configs), "epochs": task.workload.epochs}
    facts |= {"train_images": task.images, "tera_flops": task.flops / 1e12, "device": place.device}
    figures: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        file = space_file(task.workload, Path(folder))
        _warm_up(place)
        for repeat in range(repeats):
            for side in sides:
                precision = _precision(side, place)
                peaks.setdefault(precision, []).append(peak_flops(place.slots, precision, place.device))
                done = _run(side, file, Path(folder) / f"{side}{repeat}", place)
                runs[side].append(found := account(done, place.slots, task.images))
                shares[side].append(task.flops / (found.wall * peaks[precision][-1]))
                _tell(repeat, repeats, side, found)
                figures = {**facts, "slots": place.slots, **_figures(runs, shares, peaks)}
                keep(figures, kept)
    _show(task.workload, runs, shares, place)
    return figures


def _warm_up(place: Place) -> None:
    """Bring the libraries into the disk cache, or the first run pays for all."""
    import subprocess

    libraries = "import torch, torchvision, ray.tune, mlflow, optuna, sklearn, pandas"
    subprocess.run([sys.executable, "-c", libraries], env={**os.environ, **place.environment}, check=True)


def _precision(side: str, place: Place) -> str:
    import torch

    from nas.training.precision import choose_precision

    return choose_precision("fp32" if PRECISION[side] == "fp32" else "auto", torch.device(place.device))


def _run(side: str, file: Path, home: Path, place: Place) -> Run:
    home.mkdir()
    return run(command(side, file, home, place), place.environment, home / "log.txt")


def _tell(repeat: int, repeats: int, side: str, found: Account) -> None:
    failed = f", {found.failed} FAILED" if found.failed else ""
    rate = f"{found.verdicts} verdicts in {found.wall:.1f} s, {found.warm_per_hour:.0f} an hour warm"
    tell(f"repeat {repeat + 1} of {repeats}, {side}: {rate}, first epoch after {found.first_epoch:.1f} s{failed}")


def _figures(
    runs: Mapping[str, Sequence[Account]], shares: Mapping[str, Sequence[float]], peaks: Mapping[str, Sequence[float]]
) -> dict[str, Any]:
    """All runs, and what is made of them."""
    return {
        "runs": {side: [each.to_dict() for each in own] for side, own in runs.items()},
        "share_of_peak": {side: list(own) for side, own in shares.items()},
        "peak_gflops": {precision: [value / 1e9 for value in own] for precision, own in peaks.items()},
        "ratios": {name: summary(values) for name, values in ratios(runs).items()},
    }


def ratios(runs: Mapping[str, Sequence[Account]]) -> dict[str, list[float]]:
    """nas / peer of each repeat in which both ran; above 1 nas has more verdicts an hour, takes longer, needs more."""
    found = {}
    for peer in (side for side in runs if side != "nas"):
        pairs = list(zip(runs["nas"], runs[peer], strict=False))
        warm = [(ours, theirs) for ours, theirs in pairs if theirs.warm_per_hour]
        name = f"nas / {peer.upper()}"
        found[f"R1 {name}, verdicts/hour, whole process"] = [a.per_hour / b.per_hour for a, b in pairs]
        found[f"R1 {name}, verdicts/hour, warm"] = [a.warm_per_hour / b.warm_per_hour for a, b in warm]
        found[f"{name}, time to the first epoch"] = [a.first_epoch / b.first_epoch for a, b in pairs]
        found[f"{name}, peak memory"] = [a.peak_mb / b.peak_mb for a, b in pairs if b.peak_mb]
    return {name: values for name, values in found.items() if values}


def _show(
    workload: Workload, runs: Mapping[str, Sequence[Account]], shares: Mapping[str, Sequence[float]], place: Place
) -> None:
    where = f"{len(workload.configs)} configs, {workload.epochs} epochs, {place.slots} at a time on {place.device}"
    show(f"{workload.name}: {where}; median (min to max)", ratios(runs), "x")
    for side, own in runs.items():
        rates = {"verdicts/hour": [a.per_hour for a in own], "   warm": [a.warm_per_hour for a in own]}
        show(side, rates, "/h")
        seconds = {
            "start to exit": [a.wall for a in own],
            "   of which to the first epoch": [a.first_epoch for a in own],
            "   of which from the last verdict on": [a.ending for a in own],
            "beside epochs, a warm trial": [a.control for a in own],
        }
        show("", seconds, "s")
        parts = {
            "R2 nominal FLOPs / (wall x peak)": shares[side],
            "R3 not training, of wall x slots": [a.not_training for a in own],
            "   of warm trials": [a.warm_not_training for a in own],
            "   of which evaluation of epochs": [a.warm_evaluating for a in own],
        }
        show("", {name: [100 * value for value in values] for name, values in parts.items()}, "%")
        show("", {"peak memory": [a.peak_mb for a in own]}, "MB")
