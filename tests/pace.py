"""Limits of time on a machine that is shared: how much slower is it now than the one on which they were set?"""

import subprocess
import sys
import time

QUIET = 2.7
"""Seconds that `import torch` takes on that machine with nothing beside it."""


def check_time(took: float, allowed: float, shown: str = "") -> None:
    """Fail where so many seconds are more than `allowed`, at the pace of this machine now; `shown` explains."""
    if took <= allowed:
        return
    slower = pace()
    assert took <= allowed * slower, f"took {took:.1f} s, {allowed:g} x {slower:.2f} (its pace) allowed\n{shown}"


def pace() -> float:
    """How many times as long as there things take here now, at least 1."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    return max(1.0, (time.monotonic() - began) / QUIET)
