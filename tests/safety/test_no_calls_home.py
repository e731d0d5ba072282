"""Nothing leaves the machine: no usage statistics, no look for a newer version, no download.

Python's own sockets are watched from inside, in every process; those of Ray's other processes are sampled.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest

from tests.cli.conftest import TINY
from tests.safety.sockets import family, remotes

GUARD = Path(__file__).parent / "guard"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="sockets are read from /proc")]

SPEAKERS = ("MLFLOW", "RAY", "DO_NOT_TRACK", "OPTUNA", "HF_", "TORCH")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quiet")
    (folder / "tiny.py").write_text(TINY)
    return folder


def environment(place: Path) -> dict[str, str]:
    """That of a machine on which nobody has turned anything off."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith(SPEAKERS)}
    own = {"PYTHONPATH": str(GUARD), "NAS_GUARD": str(place / "calls"), "NAS_HOME": str(place / "home")}
    return {**bare, **own, "HOME": str(place)}


@contextmanager
def watched(place: Path, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """A nas command; its family's connections to other machines are appended to `place / others`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nas", *arguments], cwd=place, env=environment(place),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def sample(process: "subprocess.Popen[str]") -> set[str]:
    """Other machines that the family of a process is connected to now, or tries to be."""
    return {host for host, _ in remotes(family(process.pid)) if not ip_address(host).is_loopback}


def calls(place: Path) -> list[str]:
    """What the guard has stopped."""
    if not (place / "calls").exists():
        return []
    lines = map(json.loads, (place / "calls").read_text().splitlines())
    return [f"{line['event']} {line['host']} by {line['command']}\n{''.join(line['stack'])}" for line in lines]


def run(place: Path, *arguments: str) -> str:
    """Output of a command that must succeed and speak to nobody."""
    others: set[str] = set()
    with watched(place, *arguments) as process:
        deadline = time.monotonic() + 150
        while process.poll() is None and time.monotonic() < deadline:
            others |= sample(process)
            time.sleep(0.05)
        assert process.stdout is not None
        output = process.stdout.read() if process.poll() is not None else ""
    assert process.returncode == 0, output
    assert not others
    assert not calls(place), calls(place)[0]
    return output


def test_the_guard_sees_calls(tmp_path: Path) -> None:
    code = "import urllib.request; urllib.request.urlopen('http://203.0.113.1/')"
    subprocess.run([sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, check=False)
    code = "import socket; socket.getaddrinfo('telemetry.example', 443)"
    subprocess.run([sys.executable, "-c", code], env=environment(tmp_path), capture_output=True, check=False)
    assert [line.split(" by ")[0] for line in calls(tmp_path)] == [
        "socket.getaddrinfo 203.0.113.1", "socket.getaddrinfo telemetry.example",
    ]  # fmt: skip


def test_a_search_in_one_process(place: Path) -> None:
    assert "Best val accuracy" in run(place, "search", "tiny.py", "--executor", "local", "--name", "alone")


def test_a_search_with_ray(place: Path) -> None:
    assert "Best val accuracy" in run(place, "search", "tiny.py", "--jobs", "1")


def test_looking_at_studies(place: Path) -> None:
    for arguments in (["leaderboard", "alone"], ["list"], ["trial", "alone", "0"], ["sync", "alone"]):
        assert run(place, *arguments)


def test_the_dashboards(place: Path) -> None:
    with watched(place, "dashboard") as process:
        assert process.stdout is not None
        lines: list[str] = []
        while not any(line.startswith("Optuna:") for line in lines):
            lines.append(process.stdout.readline())
            assert lines[-1], lines
        others: set[str] = set()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            others |= sample(process)
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert not others
    assert not calls(place), calls(place)[0]
