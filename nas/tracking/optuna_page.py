"""Serves the Optuna dashboard on loopback: `python -P optuna_page.py PORT`, the storage's URL in `NAS_STORAGE`.

The page may read everything and write notes, nothing else: the driver is the only writer of the ledger, and the
dashboard's own buttons delete studies. The URL comes by the environment because everybody may list command lines.
"""

import os
import sys
from collections.abc import Callable, Iterable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

App = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    # the page is one script with styles of its own; it has nothing to fetch from, or to tell to, anybody else
    "Content-Security-Policy": "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; frame-ancestors 'none'",
}


def guarded(app: App, hosts: Iterable[str]) -> App:
    """The app, answering only requests that read or write notes, that name one of the hosts, and that no other page
    made; its answers forbid other pages to show or to read them.

    A page elsewhere could otherwise reach it through a name of its own that leads to this machine (DNS rebinding), or
    write through the browser of whoever looks at both (cross-site request forgery).
    """
    allowed = frozenset(hosts)
    origins = frozenset(f"http://{host}" for host in allowed)

    def guard(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            own = [header for header in headers if not header[0].startswith(("Access-Control-", *_HEADERS))]
            return start_response(status, [*own, *_HEADERS.items()], *error)

        reads = environ["REQUEST_METHOD"] in ("GET", "HEAD")
        notes = environ["REQUEST_METHOD"] == "PUT" and environ["PATH_INFO"].rstrip("/").endswith("/note")
        if environ.get("HTTP_HOST") not in allowed:
            reason = "this page answers on loopback only"
        elif environ.get("HTTP_ORIGIN", next(iter(origins))) not in origins:
            reason = "this page answers no other page"
        elif not (reads or notes):
            reason = "this page is read-only but for notes; studies are changed by the nas command"
        else:
            return app(environ, start)
        start("403 Forbidden", [("Content-Type", "application/json")])
        return [f'{{"reason": "{reason}"}}'.encode()]

    return guard


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Handler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing of requests: only errors are worth a line."""


def main() -> None:
    """Serve until killed."""
    from optuna_dashboard import wsgi

    port = int(sys.argv[1])
    app = guarded(wsgi(os.environ["NAS_STORAGE"]), (f"127.0.0.1:{port}", f"localhost:{port}"))
    with make_server("127.0.0.1", port, app, server_class=_Server, handler_class=_Handler) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
