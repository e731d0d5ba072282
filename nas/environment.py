"""What a trial ran on: versions, processor, operating system, and the state of the user's repository."""

import functools
import os
import platform
import shlex
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from nas.redact import redact

PACKAGES = ("nas", "optuna", "torch", "torchvision", "ray", "mlflow", "numpy")


@functools.cache
def environment() -> dict[str, str]:
    """Facts by name, all as text. Looked up once a process; imports none of the packages."""
    found = {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "cores": str(os.cpu_count()),
        "command": shlex.join(map(redact, sys.argv)),
    }
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    commit = _git_state()
    return {**found, "git": commit} if commit else found


def processor() -> str:
    """The processor's name."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _git_state() -> str:
    """The commit of the current folder, with `+changes` where files differ from it; empty outside a repository."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty=+changes", "--abbrev=12"],
            capture_output=True, text=True, timeout=2, check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return described.stdout.strip()
