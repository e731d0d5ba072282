"""`Forked`: a driver that starts at once (see `forking.py`), with what the drills use of `subprocess.Popen`."""

import atexit
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


class Forked:
    """A running driver."""

    def __init__(self, server: "Server", pid: int) -> None:
        self.server, self.pid = server, pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self.server.codes.get(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        with self.server.changed:
            if not self.server.changed.wait_for(lambda: self.poll() is not None, timeout):
                raise subprocess.TimeoutExpired("nas", timeout or 0)
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


class Server:
    """The process that forks them; it ends with this one."""

    def __init__(self) -> None:
        path = os.pathsep.join([str(HERE / "hook"), str(ROOT)])
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "forking.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT,
            env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
        )  # fmt: skip
        atexit.register(self.close)
        self.changed = threading.Condition()
        self.codes: dict[int, int] = {}
        self._answers: list[dict[str, int]] = []
        threading.Thread(target=self._read, daemon=True).start()
        self._answer()

    def start(
        self,
        arguments: Sequence[str],
        log: Path,
        environment: Mapping[str, str],
        point: Sequence[str | int] | None = None,
    ) -> Forked:
        order = {"arguments": arguments, "log": str(log), "environment": dict(environment), "point": point}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        self.process.stdin.flush()
        return Forked(self, self._answer()["pid"])

    def close(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()

    def _answer(self) -> dict[str, int]:
        with self.changed:
            self.changed.wait_for(lambda: bool(self._answers) or self.process.poll() is not None, 120)
            assert self._answers, "the forking process has not answered"
            return self._answers.pop(0)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            facts = json.loads(line)
            with self.changed:
                if "code" in facts:
                    self.codes[facts["pid"]] = facts["code"]
                else:
                    self.codes.pop(facts.get("pid", 0), None)  # of an earlier process of that number
                    self._answers.append(facts)
                self.changed.notify_all()
        self.process.wait()
        with self.changed:
            self.changed.notify_all()


@cache
def server() -> Server:
    """Started by the first drill that needs it."""
    return Server()
