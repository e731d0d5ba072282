import platform
import subprocess
import sys

import pytest

from nas.training.memory import freed_memory_kept

KEPT_THEN_HANDED_BACK = """
import torch
from nas.training.memory import freed_memory_kept

def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

size = 400 * 2**20
with freed_memory_kept():
    before = resident_bytes()
    torch.ones(size, dtype=torch.uint8)
    assert resident_bytes() - before > size * 0.9
assert resident_bytes() - before < size * 0.1
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told so")
def test_freed_memory_is_kept_and_handed_back() -> None:
    """In a process of its own: what other tests left free would count too."""
    subprocess.run([sys.executable, "-c", KEPT_THEN_HANDED_BACK], check=True)


def test_other_c_libraries_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr("ctypes.CDLL", lambda name: pytest.fail("loaded"))
    with freed_memory_kept():
        pass
