"""A real MLflow server that can be killed and started again on the same port, over the same database."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from nas.tracking.quiet import quiet_environment
from nas.tracking.service import Service, launch
from tests.drills.study import until


@dataclass
class MlflowServer:
    """database: of its runs. files: of their artifacts. It is down until `start`."""

    database: Path
    files: Path
    port: int
    service: Service | None = None

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        self.service = launch("MLflow", self.port, [*command, "--workers", "1"], {
            **quiet_environment(),
            "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{self.database}",
            "MLFLOW_ARTIFACTS_DESTINATION": str(self.files),
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        })  # fmt: skip

    def await_answer(self, seconds: float = 90) -> None:
        assert self.service is not None
        assert until(lambda: self.service.get("/health")[0] == 200, seconds, 0.2), self.service.last_words()

    def kill(self) -> None:
        """At once, with all its processes."""
        if self.service is not None:
            os.killpg(self.service.process.pid, 9)
            self.service.process.wait()
            self.service.close()
            self.service = None
