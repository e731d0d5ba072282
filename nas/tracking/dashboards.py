"""Starts the MLflow page and the Optuna dashboard on loopback, over the same databases, and stops both."""

import http.client
import json
import socket
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self
from urllib.parse import quote

from nas.redact import redact
from nas.tracking import database, optuna_page
from nas.tracking.appearance import SAVED_VIEW
from nas.tracking.service import HOST, Service, launch

_PORTS_TRIED = 50


class DashboardError(RuntimeError):
    """A dashboard cannot be started: one line that says which, why, and what to do."""


class Ports(NamedTuple):
    """Ports that were asked for; None takes the first free one from the usual one on."""

    mlflow: int | None = None
    optuna: int | None = None


FREE_PORTS = Ports()


@dataclass
class Dashboards:
    """Both dashboards, until `close`. mlflow_url: None without tracking, the server's own address if one is used."""

    mlflow_url: str | None
    optuna_url: str
    services: list[Service] = field(default_factory=list)

    def study_url(self, study: str) -> str | None:
        """MLflow's table of a study's runs; None if MLflow does not know the study or is not started here."""
        service = next((service for service in self.services if service.name == "MLflow"), None)
        if service is None:
            return None
        found, body = service.get(f"/ajax-api/2.0/mlflow/experiments/get-by-name?experiment_name={quote(study)}")
        if found != http.client.OK:
            return None
        experiment = json.loads(body)["experiment"]["experiment_id"]
        view = f"workflowType=machine_learning&viewStateShareKey={SAVED_VIEW}"
        return f"{service.url}/#/experiments/{experiment}/runs?{view}"

    def wait(self) -> None:
        """Return when one of the processes has ended by itself."""
        while all(service.process.poll() is None for service in self.services):
            time.sleep(0.2)

    def close(self) -> None:
        """Stop what was started."""
        for service in self.services:
            service.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def start(
    storage_url: str, tracking_uri: str, artifacts: Path, ports: Ports = FREE_PORTS, timeout: float = 90.0
) -> Dashboards:
    """Start both dashboards and wait until they answer. The storage's tables must exist.

    artifacts: the folder that trackers were given. A tracking URI that is a server's already has a page: only the
    Optuna dashboard is started then, as for `none`.

    Raises:
        DashboardError: a port is taken, or a process ends or does not answer within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    own_mlflow = tracking_uri != "none" and not tracking_uri.startswith(("http://", "https://"))
    optuna_port = _choose_port(ports.optuna, 8080, "--optuna-port")
    mlflow_port = _choose_port(ports.mlflow, 5000, "--mlflow-port", (optuna_port,)) if own_mlflow else 0
    boards = Dashboards(None if tracking_uri == "none" else redact(tracking_uri), "")
    try:
        if own_mlflow:
            boards.services.append(_start_mlflow(tracking_uri, artifacts, mlflow_port))
            boards.mlflow_url = boards.services[0].url
        page = [sys.executable, optuna_page.__file__, str(optuna_port)]
        boards.services.append(launch("Optuna dashboard", optuna_port, page, {"NAS_STORAGE": storage_url}))
        boards.optuna_url = f"{boards.services[-1].url}/dashboard"
        for service in boards.services:
            _await_answer(service, deadline)
    except BaseException:
        boards.close()
        raise
    return boards


def _start_mlflow(uri: str, artifacts: Path, port: int) -> Service:
    path = database.sqlite_file(uri)
    if path is not None and not database.is_prepared(path):
        database.connect(uri)
    command = [
        *(sys.executable, "-m", "mlflow", "server", "--host", HOST, "--port", str(port), "--workers", "1"),
        *("--no-serve-artifacts", "--default-artifact-root", str(artifacts)),
    ]  # fmt: skip
    settings = {
        "MLFLOW_BACKEND_STORE_URI": uri,  # by the environment: everybody may list command lines
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_LOGGING_LEVEL": "WARNING",
        # its own checks, whatever the environment says of them: no name or page but this machine's, and no frame
        "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "false",
        "MLFLOW_SERVER_ALLOWED_HOSTS": f"{HOST}:{port},localhost:{port}",
        "MLFLOW_SERVER_CORS_ALLOWED_ORIGINS": f"http://{HOST}:{port},http://localhost:{port}",
        "MLFLOW_SERVER_X_FRAME_OPTIONS": "SAMEORIGIN",
    }
    return launch("MLflow", port, command, settings)


def _choose_port(asked: int | None, usual: int, option: str, taken: Sequence[int] = ()) -> int:
    if asked is not None:
        if not _is_free(asked):
            raise DashboardError(f"port {asked} is taken; give another {option}, or leave it out to take a free one")
        return asked
    for port in range(usual, usual + _PORTS_TRIED):
        if port not in taken and _is_free(port):
            return port
    raise DashboardError(f"ports {usual} to {usual + _PORTS_TRIED - 1} are all taken; name a free one with {option}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def _await_answer(service: Service, deadline: float) -> None:
    path = "/dashboard" if service.name != "MLflow" else "/"
    while service.get(path)[0] != http.client.OK:
        if service.process.poll() is not None:
            raise DashboardError(f"{service.name} ended at once: {service.last_words()}")
        if time.monotonic() > deadline:
            raise DashboardError(f"{service.name} does not answer at {service.url}: {service.last_words()}")
        time.sleep(0.1)
