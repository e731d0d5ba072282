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


def guarded(app: App, hosts: Iterable[str]) -> App:
    """The app, answering only requests that read or write notes, and that name one of the hosts.

    A page elsewhere could otherwise reach it through a name of its own that leads to this machine (DNS rebinding).
    """
    allowed = frozenset(hosts)

    def guard(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        reads = environ["REQUEST_METHOD"] in ("GET", "HEAD")
        notes = environ["REQUEST_METHOD"] == "PUT" and environ["PATH_INFO"].rstrip("/").endswith("/note")
        if environ.get("HTTP_HOST") not in allowed:
            reason = "this page answers on loopback only"
        elif not (reads or notes):
            reason = "this page is read-only but for notes; studies are changed by the nas command"
        else:
            return app(environ, start_response)
        start_response("403 Forbidden", [("Content-Type", "application/json")])
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
