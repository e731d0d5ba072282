"""Checkpoints that were damaged while nobody looked: passed over, said, and the result is the undisturbed one."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.drills.study import ROUNDS, Drill

EPOCHS = 24
QUICK = {"NAS_DRILL_CHECKPOINT_SECONDS": "0", "NAS_DRILL_EPOCH_SECONDS": "0.1"}
OPTIONS = ("--tracking-uri", "none")
TIMES = ("seconds", "images_per_second")


def cut(file: Path, trap: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def flip(file: Path, trap: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 3] ^= 4
    file.write_bytes(content)


def empty(file: Path, trap: Path) -> None:
    os.truncate(file, 0)


def plant(file: Path, trap: Path) -> None:
    """In the form of torch's files, under the right digest, a pickle that makes a folder when it is read."""
    program = b"cos\nmkdir\n(V" + str(trap).encode() + b"\ntR."
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file_in:
        file_in.writestr("archive/data.pkl", program)
        file_in.writestr("archive/version", "3\n")
    digest = hashlib.sha256(archive.getvalue()).hexdigest()
    file.with_name(f"{file.stem.rpartition('-')[0]}-{digest}.pt").write_bytes(archive.getvalue())
    file.unlink()


def checkpoints(drill: Drill) -> list[Path]:
    """The newest first."""
    return sorted((drill.home / "checkpoints" / drill.name).rglob("epoch-*.pt"), reverse=True)


def figures(drill: Drill) -> tuple[list[dict[str, float]], dict[str, float], bytes]:
    """The curve and the metrics of the only trial, without times, and its weights."""
    [curve], [metrics] = drill.attributes("curve").values(), drill.attributes("metrics").values()
    weights = (drill.home / "artifacts" / drill.name / "00000" / "weights.safetensors").read_bytes()
    timeless = [{name: value for name, value in point.items() if name not in TIMES} for point in (*curve, metrics)]
    return timeless[:-1], timeless[-1], weights


def warnings_in(drill: Drill) -> list[str]:
    return [line.partition("; it is removed, ")[2] for line in drill.tail().splitlines() if " is damaged (" in line]


def disturbed(drill: Drill, damage: Callable[[Path, Path], None], count: int, trap: Path) -> None:
    """Kill the driver after a few epochs, and damage the newest checkpoints."""
    process = drill.start()
    drill.await_progress(process, epochs=3)
    drill.kill(process)
    files = checkpoints(drill)
    assert len(files) == 2
    for file in files[:count]:
        damage(file, trap)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_what_is_damaged_is_passed_over(tmp_path: Path, seed: int) -> None:
    calm, drill = (
        Drill(tmp_path / name, trials=1, epochs=EPOCHS, executor="local", forked=True, env=env, options=OPTIONS)
        for name, env in (("calm", {}), ("disturbed", QUICK))
    )
    calm.finish()
    trap = tmp_path / "trap"
    said = []
    for damage, count in ((cut, 1), (flip, 1), (plant, 1), (empty, 2)):
        disturbed(drill, damage, count, trap)
        said += ["the one before it is used"] * (count == 1)
        said += ["the one before it is used", "there is none before it, the trial starts over"] * (count == 2)
    drill.finish()
    assert warnings_in(drill) == said, drill.tail()
    assert not trap.exists(), "a planted program has run"
    assert figures(drill) == figures(calm)
    assert drill.states() == {"COMPLETE": 1, "WAITING": 1}  # the other baseline is not asked for
    assert drill.curves() == {0: list(range(1, EPOCHS + 1))}
