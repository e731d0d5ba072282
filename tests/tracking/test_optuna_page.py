from typing import Any

import pytest

from nas.tracking.optuna_page import guarded

HOST = "127.0.0.1:8080"


def ask(method: str, path: str, host: str | None = HOST) -> str:
    """Status of the answer of a guarded app that itself always says 200."""
    statuses: list[str] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"yes"]

    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, **({"HTTP_HOST": host} if host else {})}
    list(guarded(app, [HOST, "localhost:8080"])(environ, lambda status, headers: statuses.append(status)))
    return statuses[0]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/dashboard"),
        ("GET", "/api/studies/1"),
        ("PUT", "/api/studies/1/note"),
        ("PUT", "/api/studies/1/2/note"),
    ],
)
def test_reading_and_notes_pass(method: str, path: str):
    assert ask(method, path) == "200 OK"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/studies/1"),
        ("POST", "/api/studies"),
        ("POST", "/api/studies/1/rename"),
        ("POST", "/api/trials/1/tell"),
        ("POST", "/incompatible-rdb-schema"),
        ("PUT", "/api/studies/1/preference_feedback_component"),
    ],
)
def test_what_changes_the_ledger_does_not(method: str, path: str):
    assert ask(method, path) == "403 Forbidden"


@pytest.mark.parametrize("host", [None, "evil.example", "evil.example:8080", "127.0.0.1:9"])
def test_other_host_names_do_not_pass(host: str | None):
    assert ask("GET", "/dashboard", host) == "403 Forbidden"
    assert ask("GET", "/dashboard", "localhost:8080") == "200 OK"
