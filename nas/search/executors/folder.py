"""The folder of our own cluster: nobody else may look into it, and nothing is left of it or of its processes."""

import contextlib
import fcntl
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from stat import S_ISDIR

_PREFIX = "nas-ray-"
_LOCK = "driver"
_LONGEST = 24
"""Of the path in which the folder is made: sockets have long names below it, and may have 107 characters in all."""
_SECONDS_TO_DELETE = 3.0
_SECONDS_TO_LOCK = 60.0
"""A folder without a lock may be so young that it has none yet."""


class RayFolder:
    """A new folder for what Ray writes, under a lock that dies with this process. Those of dead drivers are deleted."""

    def __init__(self) -> None:
        place = _place()
        for left_over in place.glob(f"{_PREFIX}*"):
            _delete_if_dead(left_over)
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
        self._lock = _lock(self.path)

    @property
    def ray(self) -> Path:
        """For Ray itself, which lets everybody into its folders: the one above does not."""
        return self.path / "r"

    def delete(self) -> None:
        """End what is left of the cluster's processes and delete the folder."""
        end_processes(self.path)
        _delete(self.path)
        self._lock.close()


def _place() -> Path:
    for place in (os.environ.get("RAY_TMPDIR"), tempfile.gettempdir()):
        if place and len(place) <= _LONGEST:
            return Path(place)
    return Path("/tmp")


def _lock(folder: Path) -> TextIOWrapper:
    """Locked before it has its name: under that name others try whether it is locked."""
    file = (folder / f"{_LOCK}.new").open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    file.write(f"process {os.getpid()}\n")
    file.flush()
    Path(file.name).rename(folder / _LOCK)
    return file


def _delete_if_dead(folder: Path) -> None:
    """Delete the folder of a driver that was killed, with what still runs in it; and what a dying process of Ray made
    of one anew after it was deleted, where there is no lock any more.
    """
    with contextlib.suppress(OSError):  # still locked, or gone
        found = folder.lstat()
        if found.st_uid != os.getuid() or not S_ISDIR(found.st_mode):
            return
        if (folder / _LOCK).exists():
            with (folder / _LOCK).open("r+") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                end_processes(folder)
                _delete(folder)
        elif time.time() - found.st_mtime > _SECONDS_TO_LOCK:
            _delete(folder)


def _delete(folder: Path) -> None:
    """A process that was ended just now may still put a file there."""
    deadline = time.monotonic() + _SECONDS_TO_DELETE
    while folder.exists():
        shutil.rmtree(folder, ignore_errors=True)
        if time.monotonic() > deadline:
            return
        if folder.exists():
            time.sleep(0.05)


def end_processes(folder: Path) -> None:
    """End this user's processes whose output goes into the folder: all of Ray's do. Elsewhere than on Linux none is
    found.
    """
    for pid in _writing_into(folder):
        with contextlib.suppress(OSError):  # it has ended by itself
            os.kill(pid, signal.SIGKILL)


def _writing_into(folder: Path) -> Iterator[int]:
    inside = f"{folder}/"
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            outputs = [(process / "fd" / number).readlink() for number in ("1", "2")]
            if any(str(output).startswith(inside) for output in outputs) and int(process.name) != os.getpid():
                yield int(process.name)
