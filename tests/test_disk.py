"""A full disk is known from whatever a library makes of it."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from nas.disk import full_disk_line, is_disk_full


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_no_room_no_quota_and_too_large(number: int) -> None:
    assert is_disk_full(OSError(number, os.strerror(number)))


@pytest.mark.parametrize("number", [errno.EIO, errno.EACCES, errno.EROFS, errno.ENOENT, errno.ENOMEM])
def test_other_errors_of_files_are_not(number: int) -> None:
    assert not is_disk_full(OSError(number, os.strerror(number)))


def test_what_it_became_on_the_way_counts() -> None:
    class Full:
        """A few bytes fit, as on a disk."""

        left = 1000

        def write(self, data: bytes) -> int:
            if len(data) > self.left:
                raise OSError(errno.ENOSPC, "No space left on device")
            self.left -= len(data)
            return len(data)

        def flush(self) -> None:
            pass

    with pytest.raises(RuntimeError, match="unexpected pos") as raised:
        torch.save({"weights": torch.zeros(100_000)}, Full())  # type: ignore[arg-type]
    assert is_disk_full(raised.value)
    expected = "here: the disk is full (No space left on device); make space, then the same command goes on"
    assert full_disk_line(raised.value, "here") == expected


def test_the_file_is_named_where_it_is_known() -> None:
    line = full_disk_line(OSError(errno.EDQUOT, "Disk quota exceeded", "/home/me/a.npy"), "here")
    assert line.startswith("/home/me/a.npy: the disk is full (Disk quota exceeded);")


def test_an_error_that_was_raised_from_itself_ends() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert not is_disk_full(first)


SAVES = """
import resource, sys
import numpy as np
from nas.disk import is_disk_full
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    np.save(sys.argv[1], np.zeros(1000))
except OSError as error:
    print(error.errno, is_disk_full(error))
"""


def test_numpy_says_it_without_a_number(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", SAVES, str(tmp_path / "array.npy")]
    assert subprocess.check_output(command, env=environment, text=True) == "None True\n"
