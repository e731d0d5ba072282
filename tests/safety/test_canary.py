"""Secrets of a kind each, known by their names: a real search and what belongs to it must leave none of them anywhere.

Searched are all that the commands write and print, their databases, the command lines of their processes, and Ray's
folders while they are there.
"""

import base64
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest

from tests.postgres import Server
from tests.safety.sockets import family
from tests.tracking.conftest import prepared_database, quiet
from tests.tracking.ports import free_port

__all__ = ["prepared_database", "quiet"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("postgres"),
    pytest.mark.skipif(sys.platform != "linux", reason="processes are read from /proc"),
]

MARKS = ("kqStorage7Z", "kqTracking7Z", "kqQuery7Z", "kqEnviron7Z", "kqModel7Z")
STORAGE, TRACKING, QUERY, ENVIRON, MODEL = MARKS

SPACE = f'''
import os
from nas import Config, SearchSpace, choice, minimize

SECRET = "{MODEL[::-1]}"[::-1]  # so that this file does not hold it


class Point(Config):
    x: float = 0.0


def leaky(config, budget):
    url = f"postgresql://me:p@ss/{{SECRET}}#?@db.example/nas"
    if config.x == 1.0:
        raise ConnectionError(f"cannot reach {{url}}, nor https://{{SECRET}}@git.example, with token={{SECRET}}")
    if config.x == 2.0:
        raise KeyError({{"Authorization": f"Bearer {{SECRET}}", "password": SECRET}})
    yield {{"y": config.x}}


space = SearchSpace(
    "leaky", Point(x=choice(0.0, 1.0, 2.0, 3.0)), objectives=(minimize("y"),), objective=leaky, epochs=1,
    baselines={{str(x): Point(x=float(x)) for x in range(4)}},
)
'''


def needles() -> list[bytes]:
    """Each secret as it is and in base64, at whichever of three places it begins."""
    found = []
    for mark in MARKS:
        found.append(mark.encode())
        for shift in range(3):
            encoded = base64.b64encode(b"x" * shift + mark.encode())
            found.append(encoded[4 if shift else 0 : -4])  # what does not depend on what stands beside
    return found


NEEDLES = needles()


def leaks(name: str, content: bytes) -> list[str]:
    return [f"{needle.decode()} in {name}: ...{_beside(content, needle)!r}" for needle in NEEDLES if needle in content]


def _beside(content: bytes, needle: bytes) -> bytes:
    at = content.index(needle)
    return content[max(0, at - 200) : at + 60]


def leaks_in_files(folder: Path) -> list[str]:
    found = []
    for path in folder.rglob("*"):
        try:
            if path.is_file() and path.stat().st_size < 200_000_000:
                found += leaks(str(path), path.read_bytes())
        except OSError:  # deleted meanwhile, or a socket
            continue
        found += leaks("a name", str(path).encode())
    return found


def leaks_in_processes(leader: int) -> list[str]:
    """Command lines of the processes that a command has started; its own is whoever typed it."""
    found = []
    for pid in family(leader) - {leader}:
        try:
            found += leaks(f"the command line of {pid}", Path(f"/proc/{pid}/cmdline").read_bytes())
        except OSError:
            continue
    return found


class World:
    """A home, secrets in every place where one may have them, and commands that are run with them."""

    def __init__(self, folder: Path, storage: str) -> None:
        self.folder, self.storage = folder, storage
        self.tmp = folder / "t"
        self.tmp.mkdir()
        (folder / "leaky.py").write_text(SPACE)
        self.down = f"http://me:{quote('a@:/?#' + TRACKING, safe='')}@127.0.0.1:{free_port()}?password={QUERY}"
        self.outputs: list[str] = []
        self.found: list[str] = []

    def run(self, *arguments: str) -> str:
        """Both outputs of a command. What its processes and their temporary files show meanwhile is looked at too."""
        environment = {
            **os.environ, "NAS_HOME": str(self.folder / "home"), "TMPDIR": str(self.tmp), "PGPASSWORD": ENVIRON,
            "MLFLOW_TRACKING_USERNAME": "me", "MLFLOW_TRACKING_PASSWORD": ENVIRON, "MLFLOW_TRACKING_TOKEN": "",
            "PYTHONPATH": str(Path(__file__).parents[2]), "RAY_TMPDIR": str(self.tmp),
        }  # fmt: skip
        log = self.folder.parent / f"output{len(self.outputs)}"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [sys.executable, "-m", "nas", *arguments], cwd=self.folder, env=environment, stdout=stream,
                stderr=stream, start_new_session=True,
            )  # fmt: skip
            deadline = time.monotonic() + 150
            while process.poll() is None and time.monotonic() < deadline:
                self.found += leaks_in_processes(process.pid)
                self.found += leaks_in_files(self.tmp)
                time.sleep(0.5)
            process.kill()
            process.wait()
        output = log.read_bytes()
        self.found += leaks(f"the output of nas {arguments[0]}", output)
        self.outputs.append(output.decode())
        return self.outputs[-1]


@pytest.fixture(scope="module")
def server(postgres_server: Server) -> Server:
    return postgres_server


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, server: Server, prepared_database: Path) -> World:
    server.fresh()
    password = f"a@:/?#%&=+ '{STORAGE}"
    server.run("DROP ROLE IF EXISTS canary")
    server.run("CREATE ROLE canary LOGIN SUPERUSER PASSWORD '{}'".format(password.replace("'", "''")))
    folder = tmp_path_factory.mktemp("c") / "w"
    folder.mkdir()
    (folder / "home").mkdir()
    (folder / "home" / "mlflow.db").write_bytes(prepared_database.read_bytes())
    return World(folder, server.url_of("nas", "canary", quote(password, safe="")))


def test_a_search_with_ray_and_a_service_that_is_down(world: World) -> None:
    output = world.run(
        "search", "leaky.py", "--storage", world.storage, "--tracking-uri", world.down, "--trials", "4", "--jobs", "1",
        "--debug",
    )  # fmt: skip
    assert "4 trials (2 complete, 2 failed)" in output, output
    assert "MLflow at http://me:***@" in output
    assert not world.found, world.found[0]


def test_what_is_read_and_mirrored_later(world: World) -> None:
    own = f"sqlite:///{world.folder}/home/mlflow.db"
    assert "4 runs written" in world.run("sync", "leaky", "--storage", world.storage, "--tracking-uri", own)
    shown = world.run("trial", "leaky", "1", "--storage", world.storage)
    assert "cannot reach postgresql://me:***@db.example/nas," in shown
    world.run("trial", "leaky", "2", "--storage", world.storage, "--json")
    world.run("leaderboard", "leaky", "--storage", world.storage, "--json")
    world.run("list", "--storage", world.storage)
    again = world.run("search", "leaky.py", "--storage", world.storage, "--tracking-uri", own, "--executor", "local",
                      "--trials", "4", "--json")  # fmt: skip
    assert '"failed": 2' in again
    assert not world.found, world.found[0]


def test_what_fails_with_a_traceback(world: World, server: Server) -> None:
    """Wrong password, a port where nobody listens, a scheme that is unknown, a tracking service that is down."""
    wrong = world.storage.replace("canary:", "canary:x")
    nobody = world.storage.replace(f":{server.port}/", f":{free_port()}/")
    for storage in (wrong, nobody, world.storage.replace("postgresql", "mysql"), f"{wrong}?password={QUERY}"):
        output = world.run("leaderboard", "leaky", "--storage", storage, "--debug")
        assert "nas: error: " in output
        assert "Traceback" in output
    for command in ("sync", "delete"):
        arguments = [command, "leaky", "--storage", world.storage, "--tracking-uri", world.down, "--debug"]
        assert "no answer" in world.run(*arguments, *(["--yes"] if command == "delete" else []))
    assert not world.found, world.found[0]


def test_nothing_is_left_in_files_or_databases(world: World, server: Server) -> None:
    found = leaks_in_files(world.folder)
    with psycopg.connect(server.url, autocommit=True) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = 0
        for (table,) in tables:
            for row in connection.execute(f'SELECT * FROM "{table}"'.encode()):
                rows += 1
                found += leaks(f"PostgreSQL's {table}", repr(row).encode())
    assert rows > 50
    with closing(sqlite3.connect(world.folder / "home" / "mlflow.db")) as connection:
        assert connection.execute("SELECT count(*) FROM tags WHERE key = 'nas.cause'").fetchone() == (2,)
    assert not found, found[0]


def test_the_search_for_leaks_finds_them(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text(f"x{STORAGE}y")
    for before in ("", "a", "ab"):
        (tmp_path / f"encoded{before}").write_bytes(base64.b64encode(f"{before}{QUERY}:x".encode()))
    found = leaks_in_files(tmp_path)
    assert len({line.split(":")[0].split("/")[-1] for line in found}) == 4, found
