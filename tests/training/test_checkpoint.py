import hashlib
import io
import logging
import os
import pickle
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, BinaryIO

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from nas.training.checkpoint import CheckpointFolder, write_file


def state(epoch: int) -> dict[str, Any]:
    return {"epoch": epoch, "weights": torch.full((1000,), float(epoch)), "history": [{"val_loss": 0.5}]}


@pytest.fixture
def folder(tmp_path: Path) -> CheckpointFolder:
    return CheckpointFolder(tmp_path / "checkpoints")


def epochs(folder: CheckpointFolder) -> list[int]:
    return sorted(int(file.name.split("-")[1]) for file in folder.path.iterdir())


def test_what_is_saved_comes_back(folder: CheckpointFolder) -> None:
    assert folder.newest() is None
    folder.save(state(1))
    newest = CheckpointFolder(folder.path).newest()
    assert newest is not None
    assert (newest["epoch"], newest["history"]) == (1, [{"val_loss": 0.5}])
    assert torch.equal(newest["weights"], torch.ones(1000))


def test_the_last_two_are_kept(folder: CheckpointFolder) -> None:
    for epoch in (1, 2, 10):
        folder.save(state(epoch))
    assert epochs(folder) == [2, 10]


@pytest.mark.parametrize("damage", ["cut", "flipped", "emptied"])
def test_a_damaged_checkpoint_is_passed_over(
    folder: CheckpointFolder, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder.save(state(1))
    folder.save(state(2))
    newest = max(folder.path.iterdir())
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 1
    damaged = {"cut": content[: len(content) // 2], "flipped": content, "emptied": bytearray()}
    newest.write_bytes(damaged[damage])

    with caplog.at_level(logging.WARNING):
        before = folder.newest()
    assert before is not None
    assert before["epoch"] == 1
    assert newest.name in caplog.text
    assert "damaged" in caplog.text

    folder.save(state(2))
    folder.save(state(3))
    assert epochs(folder) == [2, 3]


def test_only_damaged_checkpoints_are_none(folder: CheckpointFolder, caplog: pytest.LogCaptureFixture) -> None:
    folder.save(state(1))
    folder.save(state(2))
    for file in folder.path.iterdir():
        file.write_bytes(b"")
    with caplog.at_level(logging.WARNING):
        assert folder.newest() is None
    said = [message.partition("; it is removed, ")[2] for message in caplog.messages]
    assert said == ["the one before it is used", "there is none before it, the trial starts over"]


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (self.folder,)

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)


def named_by_digest(folder: Path, epoch: int, content: bytes) -> None:
    (folder / f"epoch-{epoch:06d}-{hashlib.sha256(content).hexdigest()}.pt").write_bytes(content)


@pytest.mark.parametrize("kind", ["torch", "pickle", "text"])
def test_what_holds_no_checkpoint_is_passed_over_and_never_run(
    folder: CheckpointFolder, kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder.save(state(1))
    evil, file = Evil(tmp_path / "evil"), io.BytesIO()
    torch.save({"epoch": 2, "replicates": evil}, file)
    named_by_digest(folder.path, 2, {"torch": file.getvalue(), "pickle": pickle.dumps(evil, 2), "text": b"x"}[kind])
    with caplog.at_level(logging.WARNING):
        before = folder.newest()
    assert before is not None
    assert before["epoch"] == 1
    assert "it holds no checkpoint" in caplog.text
    assert not (tmp_path / "evil").exists()
    assert epochs(folder) == [1]


KILLED_BEFORE_THE_RENAME = """
import os, pathlib, signal, sys, torch
from nas.training.checkpoint import CheckpointFolder
folder = CheckpointFolder(pathlib.Path(sys.argv[1]))
folder.save({"epoch": 1, "weights": torch.ones(1000)})
pathlib.Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
folder.save({"epoch": 2, "weights": torch.zeros(1000)})
"""


@pytest.mark.slow
def test_a_kill_before_the_rename_leaves_the_one_before(folder: CheckpointFolder) -> None:
    command = [sys.executable, "-c", KILLED_BEFORE_THE_RENAME, str(folder.path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    assert subprocess.run(command, env=environment, check=False).returncode == -signal.SIGKILL
    assert len(list(folder.path.glob("*.partial"))) == 1

    newest = folder.newest()
    assert newest is not None
    assert torch.equal(newest["weights"], torch.ones(1000))
    folder.save(state(2))
    assert epochs(folder) == [1, 2]  # and the left-over is gone


def test_a_full_disk_leaves_the_ones_before(folder: CheckpointFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.save(state(1))

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space left"):
            folder.save(state(2))
    assert epochs(folder) == [1]


def test_due_by_the_clock(tmp_path: Path) -> None:
    now = 100.0
    folder = CheckpointFolder(tmp_path, least_seconds=5, clock=lambda: now)
    assert not folder.due()
    now = 105.0
    assert folder.due()
    folder.save(state(1))
    assert not folder.due()
    now = 110.0
    assert folder.due()


def test_what_takes_long_to_write_is_written_less_often(tmp_path: Path) -> None:
    now = 100.0
    folder = CheckpointFolder(tmp_path, least_seconds=5, clock=lambda: now)
    folder._cost = 2.0  # eight times what is cheap: due every 40 s, were it not for what may get lost
    asked = []
    for _ in range(7):
        now += 1.5
        asked.append(folder.due())
    assert asked == [False] * 5 + [True, True]  # after 9 s: another epoch of 1.5 s would lead beyond 10


@given(
    epochs=st.lists(st.floats(0.01, 30), min_size=1, max_size=40),
    write=st.floats(0, 20),
)
def test_no_crash_costs_more_than_is_promised(epochs: list[float], write: float) -> None:
    """Ten seconds of work, or the epoch in which it came and the longest beside it."""
    now = 0.0
    folder = CheckpointFolder(Path("unused"), clock=lambda: now)
    folder._cost, kept, before = write, 0.0, 0.0
    for epoch in epochs:
        now += epoch  # a crash at its very end
        assert now - kept <= max(10.0, epoch) + max(0.0, epoch - before) + 1e-6
        before = epoch
        if folder.due():
            folder._last = folder._asked = kept = now


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "target.json"
    target.write_text("old")

    def write(file: BinaryIO) -> str:
        file.write(b"new, but only in p")
        assert target.read_text() == "old"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_file(tmp_path, write)
    assert [file.name for file in tmp_path.iterdir()] == ["target.json"]
    assert target.read_text() == "old"
