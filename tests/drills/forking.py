"""A process that has loaded all that a driver loads, and forks one for each order: drills start dozens of drivers.

Run as a file. Reads an order a line (JSON: `arguments` of nas, `log`, `environment`, `point`) and answers with lines
{"pid": ...} and, when that driver has ended, {"pid": ..., "code": ...}. Ends with its input.
"""

import gc
import json
import os
import select
import signal
import sys
from importlib import import_module
from typing import Any

LOADED = (
    "nas.cli.search", "nas.search.run", "nas.search.executors.in_process", "nas.trial", "nas.data.digits",
    "nas.data.gallery", "nas.tracking.mlflow_tracker", "nas.report.live", "nas.report.leaderboard", "nas.report.answer",
    "nas.models.build", "mlflow.tracking", "mlflow.store.tracking.sqlalchemy_store", "optuna", "tests.drills.points",
)  # fmt: skip


def main() -> None:
    """Serve. In a forked process this returns, and its caller becomes the driver."""
    from nas.tracking.quiet import quiet_environment

    os.environ.update(quiet_environment())
    for name in LOADED:
        import_module(name)
    orders, answers = os.dup(0), os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    gc.freeze()  # else each driver looks through all of it, again and again: a second and more
    answer(answers, ready=True)
    text = b""
    while True:
        readable, _, _ = select.select([orders, ended], [], [])
        if ended in readable:
            os.read(ended, 1024)
            reap(answers)
        if orders in readable:
            more = os.read(orders, 65536)
            if not more:
                sys.exit()
            *lines, text = (text + more).split(b"\n")
            for line in lines:
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for descriptor in (orders, answers, ended, wake):
                        os.close(descriptor)
                    become(json.loads(line))
                    return
                answer(answers, pid=pid)


def reap(answers: int) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        answer(answers, pid=pid, code=os.waitstatus_to_exitcode(status))


def answer(answers: int, **facts: Any) -> None:
    os.write(answers, json.dumps(facts).encode() + b"\n")


def become(order: dict[str, Any]) -> None:
    """Take on what the order wants of this process."""
    os.setsid()
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.update(order["environment"])
    sys.argv = ["nas", *order["arguments"]]
    if order["point"]:
        from tests.drills.points import install

        install(*order["point"])


if __name__ == "__main__":
    main()
    from nas.cli.main import main as nas

    nas()
