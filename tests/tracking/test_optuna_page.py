from typing import Any

import pytest

from nas.tracking.optuna_page import guarded

HOST = "127.0.0.1:8080"


def answer(method: str, path: str, host: str | None = HOST, origin: str | None = None) -> tuple[str, dict[str, str]]:
    """Status and headers of the answer of a guarded app that itself always says 200, to whichever page."""
    answers: list[tuple[str, dict[str, str]]] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Access-Control-Allow-Origin", "*"), ("Content-Type", "text/html")])
        return [b"yes"]

    environ = {"REQUEST_METHOD": method, "PATH_INFO": path}
    environ |= {name: value for name, value in (("HTTP_HOST", host), ("HTTP_ORIGIN", origin)) if value is not None}
    guard = guarded(app, [HOST, "localhost:8080"])
    list(guard(environ, lambda status, headers: answers.append((status, dict(headers)))))
    return answers[0]


def ask(method: str, path: str, host: str | None = HOST, origin: str | None = None) -> str:
    return answer(method, path, host, origin)[0]


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


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:9", "https://127.0.0.1:8080", ""])
def test_other_pages_do_not_pass(origin: str):
    assert ask("PUT", "/api/studies/1/note", origin=origin) == "403 Forbidden"
    assert ask("GET", "/api/studies", origin=origin) == "403 Forbidden"
    assert ask("PUT", "/api/studies/1/note", origin="http://localhost:8080") == "200 OK"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_answers_are_for_this_page_alone(method: str):
    _, headers = answer(method, "/dashboard")
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers
