"""The disk is full in the middle of a search: exit 4, nothing committed is lost, and with space it goes on."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.drills.study import LONG, ROUNDS, SPACE, Drill, wait

SIZE = "250m"
"""Of the small disk: more than a search asks for at its start."""
LIMIT = 4_000_000
"""Bytes of the largest file that a limited driver may write: more than its databases have, less than a checkpoint."""
LARGE = SPACE.replace("dense_width=16", "dense_width=24576").replace("choice(*range(4, 64))", "choice(4, 6, 8)")
"""Networks of 400,000 weights, whose checkpoints hold each four times."""
UNTRACKED = ("--tracking-uri", "none")
"""A new MLflow database costs seconds; that of the drill about databases is full too."""
QUICK = {"NAS_DRILL_CHECKPOINT_SECONDS": "0", "NAS_DRILL_EPOCH_SECONDS": "0.05"}
SAID = "disk is full"
TODO = "; make space, then the same command goes on"


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A disk of its own at `folder`."""
    if refusal := mount(folder):
        pytest.skip(f"no small disk can be mounted here: {refusal}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def mount(folder: Path) -> str:
    """Returns why that cannot be done; nothing if it was."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stderr.strip()


def fill(folder: Path) -> Path:
    """Take all space that is left."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
    return filler


def stopped_in_one_line(drill: Drill, where: Path) -> None:
    """Exit 4, one line, and in the ledger nothing but what had been finished and what is to be continued."""
    told = [line for line in drill.tail().splitlines() if line.startswith("nas: error:")]
    assert len(told) == 1, drill.tail()
    assert str(where) in told[0]
    assert SAID in told[0]
    assert told[0].endswith(TODO)
    assert "Traceback" not in drill.tail()
    assert set(drill.states()) <= {"COMPLETE", "RUNNING", "WAITING"}, drill.tail()
    assert drill.states()["RUNNING"] <= 1


def goes_on(drill: Drill, before: dict[int, list[int]], mlflow: bool = False) -> None:
    """The same command finishes the study, and what was stored is still there."""
    drill.finish()
    drill.check(mlflow)
    assert all(drill.curves()[number][: len(curve)] == curve for number, curve in before.items())


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_no_room_for_a_checkpoint(tmp_path: Path, seed: int) -> None:
    with small_disk(tmp_path / "mounted") as disk:
        options = (*UNTRACKED, "--artifacts", str(disk))
        drill = Drill(tmp_path, trials=4, executor="local", forked=True, env=QUICK, options=options)
        process = drill.start()
        drill.await_progress(process, epochs=8 + seed % 5)  # the first trial has ended
        filler = fill(disk)
        assert wait(process, 60) == 4, drill.tail()
        stopped_in_one_line(drill, disk)
        before = drill.curves()
        filler.unlink()
        goes_on(drill, before)
        assert len(list(disk.glob("artifacts/drill/*/weights.safetensors"))) == 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_no_room_for_the_databases(tmp_path: Path, seed: int) -> None:
    with small_disk(tmp_path / "home") as disk:
        options = ("--artifacts", str(tmp_path / "elsewhere"))
        drill = Drill(tmp_path, trials=4, executor="local", forked=True, env=QUICK, options=options)
        process = drill.start()
        drill.await_progress(process, epochs=8 + seed % 5)
        filler = fill(disk)
        assert wait(process, 60) == 4, drill.tail()
        filler.unlink()
        stopped_in_one_line(drill, disk)
        goes_on(drill, drill.curves(), mlflow=True)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
def test_a_file_may_not_grow_larger(tmp_path: Path, seed: int) -> None:
    """Where no disk can be mounted this is the only form, elsewhere one of the long ones; errno is EFBIG."""
    if not LONG and not mount(probe := tmp_path / "probe"):
        subprocess.run(["umount", "-l", probe], check=True)
        pytest.skip("a small disk can be mounted, and says more; part of scripts/drill")
    drill = Drill(tmp_path, trials=2, executor="local", forked=True, env=QUICK, space=LARGE, options=UNTRACKED)
    process = drill.start()
    drill.await_progress(process, epochs=2 + seed % 3)
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (LIMIT, resource.RLIM_INFINITY))
    assert wait(process, 60) == 4, drill.tail()
    stopped_in_one_line(drill, drill.home / "checkpoints")
    goes_on(drill, drill.curves())


@pytest.mark.slow
def test_an_almost_full_disk_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with small_disk(tmp_path / "mounted") as disk:
        (disk / "filler").write_bytes(os.urandom(1 << 20) * 100)
        drill = Drill(tmp_path, executor="local", forked=True, options=("--artifacts", str(disk)))
        assert wait(drill.start(), 30) == 4
    [line] = drill.tail().splitlines()
    what = f"--artifacts: {disk} has 157 MB free, and a search needs 200 MB at least"
    assert line == f"nas: error: {what}; make space, or choose another with --artifacts"
    assert list(drill.home.iterdir()) == []
