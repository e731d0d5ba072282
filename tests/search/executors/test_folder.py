"""Ray's folder: nobody else's, and gone with its driver, however that ended."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from nas.search.executors.folder import RayFolder
from tests.drills.study import until


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Short, as sockets want it."""
    with tempfile.TemporaryDirectory(prefix="n", dir="/tmp") as folder:
        monkeypatch.setenv("RAY_TMPDIR", folder)
        yield Path(folder)


def test_it_is_its_users_alone_and_deleted_at_the_end(place: Path) -> None:
    folder = RayFolder()
    assert folder.path.parent == place
    assert folder.path.stat().st_mode & 0o077 == 0
    folder.ray.mkdir()
    (folder.ray / "log").write_text("")
    folder.delete()
    assert list(place.iterdir()) == []


def test_a_killed_drivers_is_deleted_by_the_next_one_with_what_still_runs_in_it(place: Path) -> None:
    program = (
        "import os, subprocess, sys; from nas.search.executors.folder import RayFolder; f = RayFolder(); f.ray.mkdir();"
        "log = open(f.ray / 'log', 'w');"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'], stdout=log, stderr=log);"
        "print(child.pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, check=False)
    orphan = int(done.stdout)
    [left] = place.iterdir()
    mine = RayFolder()
    assert not left.exists()
    assert until(lambda: not running(orphan), 5)
    other = RayFolder()  # of a driver that lives nothing is touched
    assert mine.path.exists()
    mine.delete()
    other.delete()


def test_other_peoples_folders_are_left_alone(place: Path) -> None:
    (place / "nas-ray-unlocked").mkdir()
    (place / "other").mkdir()
    (place / "nas-ray-made-anew" / "r").mkdir(parents=True)
    os.utime(place / "nas-ray-made-anew", (0, 0))
    RayFolder().delete()
    assert sorted(path.name for path in place.iterdir()) == ["nas-ray-unlocked", "other"]


def test_a_place_too_deep_for_sockets_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 40)
    deep.mkdir()
    monkeypatch.setenv("RAY_TMPDIR", str(deep))
    folder = RayFolder()
    try:
        assert folder.path.parent == Path(tempfile.gettempdir())
    finally:
        folder.delete()


def running(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
