"""`Service`: a server process on loopback that ends with the process that started it."""

import http.client
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from nas.redact import redact
from nas.tracking import keeper
from nas.tracking.quiet import quiet_environment

HOST = "127.0.0.1"
_STOPPING_SECONDS = 6.0


@dataclass
class Service:
    """One server process with its children; they end with `close`, or with this process, however it ends."""

    name: str
    port: int
    process: "subprocess.Popen[bytes]"
    log: IO[bytes]

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{HOST}:{self.port}"

    def close(self) -> None:
        """End the process group; returns when its leader has ended."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(_STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.log.close()

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of a page, (0, empty) if nothing answers. No proxy is asked: this is loopback."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return 0, b""
        finally:
            connection.close()

    def last_words(self) -> str:
        """The last line that the process wrote."""
        self.log.seek(0)
        lines = self.log.read().decode(errors="replace").strip().splitlines() or ["it wrote nothing"]
        return redact(lines[-1].strip())[:300]


def launch(name: str, port: int, command: Sequence[str], settings: Mapping[str, str]) -> Service:
    """Start a server that will listen on a port. settings: environment variables beside those of this process."""
    log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the service
    process = subprocess.Popen(
        [sys.executable, "-I", keeper.__file__, *command],
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=log,
        env={**os.environ, **quiet_environment(), "PYTHONSAFEPATH": "1", **settings},
        start_new_session=True,
    )
    return Service(name, port, process, log)
