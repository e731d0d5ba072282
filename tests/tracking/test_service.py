"""Server processes end with whoever started them. Judged by the process table."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nas.tracking.service import Service, launch
from tests.tracking.ports import free_port

SOON = 10.0
CHILD = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']).wait()"
STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("on", flush=True)
time.sleep(60)
"""
PARENT = """
import signal, sys, time
from nas.tracking.service import launch
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where these tests run in the background
service = launch("child", 1, [sys.executable, "-c", sys.argv[1]], {})
print(service.process.pid, flush=True)
time.sleep(60)
"""


def members(group: int) -> list[int]:
    """Living processes of a group."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(int(folder.name))
    return found


def await_members(group: int, count: int) -> None:
    deadline = time.monotonic() + SOON
    while len(members(group)) != count:
        assert time.monotonic() < deadline, f"{len(members(group))} processes, not {count}"
        time.sleep(0.02)


@pytest.fixture
def web() -> Iterator[Service]:
    port = free_port()
    service = launch("web", port, [sys.executable, "-m", "http.server", str(port), "--bind", "127.0.0.1"], {})
    yield service
    service.close()


def test_a_service_answers_until_it_is_closed(web: Service):
    deadline = time.monotonic() + SOON
    while web.get("/")[0] != 200:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert web.get("/missing")[0] == 404
    group = web.process.pid
    web.close()
    await_members(group, 0)
    assert web.get("/") == (0, b"")


def test_children_end_too():
    service = launch("tree", 1, [sys.executable, "-c", CHILD], {})
    await_members(service.process.pid, 3)
    service.close()
    await_members(service.process.pid, 0)


@pytest.mark.slow
def test_a_command_that_ignores_being_asked_is_ended():
    service = launch("stubborn", 1, [sys.executable, "-c", STUBBORN], {})
    deadline = time.monotonic() + SOON
    while not os.fstat(service.log.fileno()).st_size:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    service.close()
    await_members(service.process.pid, 0)


def test_a_command_that_ends_by_itself_leaves_its_last_words():
    code = "import sys; print('one', flush=True); sys.exit('cannot reach postgresql://me:secret@host/db')"
    service = launch("short", 1, [sys.executable, "-c", code], {})
    service.process.wait(SOON)
    assert service.last_words() == "cannot reach postgresql://me:***@host/db"
    service.close()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_they_end_with_their_parent(how: signal.Signals):
    command = [sys.executable, "-c", PARENT, CHILD]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        await_members(group, 3)
        parent.send_signal(how)
        parent.wait(SOON)
        await_members(group, 0)
    finally:
        parent.kill()
