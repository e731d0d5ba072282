"""`nas dashboard` as it runs: its sockets, and what it answers to whom. Asked over real connections."""

import http.client
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nas.tracking.dashboards import Dashboards, Ports, start
from tests.cli.home import home_with_study
from tests.safety.sockets import family, listening
from tests.tracking.conftest import prepared_database, quiet
from tests.tracking.ports import free_port

__all__ = ["prepared_database", "quiet"]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="sockets are read from /proc")]


@pytest.fixture(scope="module")
def boards(tmp_path_factory: pytest.TempPathFactory, prepared_database: Path) -> Iterator[Dashboards]:
    """Both pages over a small study, in an environment that asks MLflow to answer everybody."""
    home = home_with_study(tmp_path_factory.mktemp("home"))
    (home / "mlflow.db").write_bytes(prepared_database.read_bytes())
    ports = Ports(free_port(), free_port())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_SERVER_ALLOWED_HOSTS", "*")
        patch.setenv("MLFLOW_SERVER_CORS_ALLOWED_ORIGINS", "*")
        patch.setenv("MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE", "true")
        patch.setenv("MLFLOW_HOST", "0.0.0.0")
        with start(f"sqlite:///{home}/optuna.db", f"sqlite:///{home}/mlflow.db", home / "files", ports, 120) as boards:
            yield boards


def ask(port: int, method: str, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers (names in lower case) and body of an answer; `host` and others replace what is usual."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True)
        body = b"{}" if method != "GET" else b""
        lines = {"host": f"127.0.0.1:{port}", "content-type": "application/json", "content-length": str(len(body))}
        for name, value in {**lines, **headers}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def test_they_listen_on_loopback_only(boards: Dashboards) -> None:
    for service in boards.services:
        assert listening(family(service.process.pid)) == {("127.0.0.1", service.port)}, service.name


def test_other_addresses_of_this_machine_do_not_answer(boards: Dashboards) -> None:
    others = {"127.0.0.2", *(str(found[4][0]) for found in socket.getaddrinfo(socket.gethostname(), None))}
    for service in boards.services:
        for address in others - {"127.0.0.1"}:
            with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
                probe.settimeout(2)
                assert probe.connect_ex((address, service.port)) != 0, f"{service.name} answers at {address}"


PAGES = {"MLflow": "/", "Optuna dashboard": "/dashboard"}
LISTS = {"MLflow": "/ajax-api/2.0/mlflow/experiments/search?max_results=10", "Optuna dashboard": "/api/studies"}


def test_foreign_host_names_are_refused(boards: Dashboards) -> None:
    for service in boards.services:
        for path in (PAGES[service.name], LISTS[service.name]):
            assert ask(service.port, "GET", path)[0] == 200
            assert ask(service.port, "GET", path, host=f"localhost:{service.port}")[0] == 200
            for host in ("evil.example", f"evil.example:{service.port}", "192.168.1.1", "127.0.0.1.evil.example"):
                status, _, body = ask(service.port, "GET", path, host=host)
                assert status == 403, (service.name, host)
                assert b"small" not in body


def test_answers_are_for_no_other_page(boards: Dashboards) -> None:
    for service in boards.services:
        for path in (PAGES[service.name], LISTS[service.name]):
            for origin in ("http://evil.example", "null"):
                _, headers, _ = ask(service.port, "GET", path, origin=origin)
                assert headers.get("access-control-allow-origin") not in ("*", origin), (service.name, path)
            _, headers, _ = ask(service.port, "GET", path)
            assert headers.get("access-control-allow-origin") in (None, service.url)
            assert headers["x-content-type-options"] == "nosniff"
            assert headers["x-frame-options"] in ("DENY", "SAMEORIGIN")


WRITES = [
    ("MLflow", "POST", "/ajax-api/2.0/mlflow/experiments/create"),
    ("MLflow", "POST", "/api/2.0/mlflow/experiments/delete"),
    ("Optuna dashboard", "DELETE", "/api/studies/1"),
    ("Optuna dashboard", "POST", "/api/studies"),
    ("Optuna dashboard", "PUT", "/api/studies/1/note"),
]


@pytest.mark.parametrize(("name", "method", "path"), WRITES)
def test_writes_of_other_pages_are_refused(boards: Dashboards, name: str, method: str, path: str) -> None:
    (port,) = (service.port for service in boards.services if service.name == name)
    for origin in ("http://evil.example", "null", f"http://evil.example:{port}"):
        for kind in ("application/json", "text/plain"):
            answer = ask(port, method, path, origin=origin, **{"content-type": kind})
            assert answer[0] == 403, answer


def test_the_study_is_still_there(boards: Dashboards) -> None:
    (port,) = (service.port for service in boards.services if service.name == "Optuna dashboard")
    assert ask(port, "DELETE", "/api/studies/1")[0] == 403
    assert b'"study_name": "small"' in ask(port, "GET", "/api/studies")[2]


def test_passwords_are_on_no_command_line(boards: Dashboards) -> None:
    for service in boards.services:
        for pid in family(service.process.pid):
            assert b"optuna.db" not in Path(f"/proc/{pid}/cmdline").read_bytes()
            assert b"mlflow.db" not in Path(f"/proc/{pid}/cmdline").read_bytes()
