import os
import signal
import subprocess
import sys

import pytest

from nas.cli.signals import interruptible

CHILD = """
import hashlib, os, signal, sys, time
from nas.cli.signals import interruptible
with interruptible() as received:
    try:
        os.kill(os.getpid(), int(sys.argv[1]))
        time.sleep(5)
    except KeyboardInterrupt:
        print("in order", received.exit_code, flush=True)
        for number in map(int, sys.argv[2:]):
            os.kill(os.getpid(), number)
            hashlib.pbkdf2_hmac("sha256", b"", b"", 10**8)  # looks at no signal for a minute, as a call into Ray may
sys.exit(received.exit_code)
"""


def child(*signals: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", CHILD, *map(str, signals)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_the_first_signal_ends_the_work_in_good_order(number, code):
    done = child(number)
    assert (done.returncode, done.stdout, done.stderr) == (code, f"in order {code}\n", "")


@pytest.mark.parametrize(
    ("first", "second", "code"), [(signal.SIGINT, signal.SIGINT, 130), (signal.SIGINT, signal.SIGTERM, 143)]
)
def test_the_second_signal_ends_it_at_once_whatever_the_main_thread_does(first, second, code):
    done = child(first, second)
    assert done.returncode == code
    assert done.stdout == "in order 130\n"
    assert done.stderr == "nas: ended at once; the same command goes on with the study\n"


CLOSED = """
import os, signal, sys
from nas.cli.signals import interruptible
with interruptible() as received:
    try:
        os.close(controller)  # the terminal is gone, and says so twice
        signal.pause()
    except KeyboardInterrupt:
        os.kill(os.getpid(), signal.SIGHUP)
        print("in order", flush=True)
        os.write(told, b"%d" % received.exit_code)
"""


def test_a_closed_terminal_ends_the_work_in_good_order():
    controller, terminal = os.openpty()
    reading, told = os.pipe()
    os.set_inheritable(told, True)
    started = "import fcntl, os, sys, termios; told = int(sys.argv[1]); controller = int(sys.argv[2])\n"
    started += "fcntl.ioctl(0, termios.TIOCSCTTY, 0)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", started + CLOSED, str(told), str(controller)],
        stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True, pass_fds=[told, controller],
    )  # fmt: skip
    for descriptor in (controller, terminal, told):
        os.close(descriptor)
    assert process.wait(30) == 0
    assert os.read(reading, 10) == b"129"
    os.close(reading)


def test_nohup_holds():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interruptible() as received:
            os.kill(os.getpid(), signal.SIGHUP)
        assert received.exit_code == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_the_handlers_before_come_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with interruptible() as received:
        assert signal.getsignal(signal.SIGINT) is not before[0]
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    assert received.exit_code == 143


def test_without_a_signal_there_is_no_exit_code():
    with interruptible() as received:
        pass
    assert received.exit_code == 0
