"""Bad input: storages that cannot be used. Said within 10 s, without the password, and nothing is changed in them."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from nas.search import storage
from nas.search.storage import StorageError, open_storage
from tests.bad_input.case import Case, Told, check_case, check_form, contents, environment, run_case, run_process
from tests.bad_input.spaces import search, write_spaces
from tests.postgres import PASSWORD, Server

SECONDS = 10


def case(name: str, url: str, what: str, todo: str, where: str = "storage ") -> Case:
    arguments = search("--storage", url, "--executor", "local", "--tracking-uri", "none")
    return Case(name, arguments, where, what, todo, code=3, seconds=SECONDS)


FORMS = "write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
URLS = [
    case("no URL", "nonsense", "'nonsense'", FORMS, "--storage"),
    case("empty URL", "", "is empty", "give a value", "--storage"),
    case("another kind", "mysql://me:s3cret@host/db", "mysql://me:***@host/db", FORMS, "--storage"),
    case("a web address", "https://me:s3cret@host", "https://me:***@host", FORMS, "--storage"),
    case("no file", "sqlite://", "'sqlite://'", FORMS, "--storage"),
    case("in memory", "sqlite:///:memory:", "not supported", FORMS),
    case("port that is no number", "postgresql://me:s3cret@host:abc/db", "not a database URL", FORMS, "me:***@host"),
    case("port out of range", "postgresql://me:s3cret@127.0.0.1:99999/db", "port", "check that", "me:***@127.0.0.1"),
    case("nobody listens", "postgresql://me:s3cret@127.0.0.1:1/db", "Connection refused", "check that", "me:***@127"),
    case("unknown host", "postgresql://me:s3cret@nowhere.invalid/db", "nowhere.invalid", "check that", "***@nowhere"),
    case("no such network", "postgresql://me:s3cret@192.0.2.1/db", "", "check", "me:***@192.0.2.1/db"),
    case("unknown option", "postgresql://me:s3cret@127.0.0.1:1/db?colour=red", "colour", "check that", "me:***@"),
    case("password as an option", "postgresql://127.0.0.1:1/db?user=me&password=s3cret", "refused", "check that"),
]  # fmt: skip


@pytest.mark.parametrize("wrong", URLS, ids=str)
def test_urls(wrong: Case, tmp_path: Path) -> None:
    assert "s3cret" not in run_case(wrong, tmp_path).stderr


def test_exit_code_of_a_process(tmp_path: Path) -> None:
    run_process(URLS[0], tmp_path)


def test_server_that_never_answers(tmp_path: Path) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"postgresql://me:s3cret@127.0.0.1:{silent.getsockname()[1]}/db"
        run_case(case("silent", url, "timeout", "check that it is there"), tmp_path)


def test_host_whose_name_takes_long_to_look_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(30))
    assert storage._OPEN_SECONDS < SECONDS
    monkeypatch.setattr(storage, "_OPEN_SECONDS", 1.0)
    wrong = case("slow name", "postgresql://me:s3cret@somewhere/db", "no answer within 1 s", "check its host and port")
    run_case(wrong, tmp_path)


def made_by_optuna(path: Path) -> None:
    open_storage(f"sqlite:///{path}").engine.dispose()


def statements(*lines: str) -> Callable[[Path], None]:
    def run(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            for line in lines:
                connection.execute(line)
            connection.commit()

    return run


def both(*steps: Callable[[Path], None]) -> Callable[[Path], None]:
    def run(path: Path) -> None:
        for step in steps:
            step(path)

    return run


FILES: list[tuple[str, Callable[[Path], object], str, str]] = [
    ("text", lambda path: path.write_text("no database " * 100), "file is not a database", "name an SQLite file"),
    ("folder", lambda path: path.mkdir(), "unable to open database file", "check that its folder"),
    (
        "another program",
        statements("CREATE TABLE songs (title)", "CREATE TABLE albums (title)"),
        "holds the tables of another program (albums, songs)", "name another --storage",
    ),
    (
        "newer Optuna",
        both(made_by_optuna, statements("UPDATE alembic_version SET version_num = 'v9.0.0.a'")),
        "its tables are of a newer Optuna (v9.0.0.a, not ", "install that one",
    ),
    (
        "older Optuna",
        both(made_by_optuna, statements("UPDATE alembic_version SET version_num = 'v3.0.0.a'")),
        "its tables are of an older Optuna (v3.0.0.a)", "optuna storage upgrade",
    ),
    (
        "tables lost",
        both(made_by_optuna, statements("DROP TABLE trials", "DROP TABLE trial_params")),
        "these are missing: trial_params, trials", "restore it from a backup",
    ),
]  # fmt: skip


@pytest.mark.parametrize("given", FILES, ids=[name for name, *_ in FILES])
@pytest.mark.parametrize("command", ["search", "list"])
def test_files(given: tuple[str, Callable[[Path], object], str, str], command: str, tmp_path: Path) -> None:
    name, write, what, todo = given
    write(path := tmp_path / "the.db")
    wrong = case(name, f"sqlite:///{path}", what, todo, f"storage sqlite:///{path}")
    if command == "list":
        wrong = Case(name, ["list", "--storage", f"sqlite:///{path}"], wrong.where, what, todo, 3, SECONDS)
    run_case(wrong, tmp_path)


def test_file_that_was_cut_short(tmp_path: Path) -> None:
    made_by_optuna(path := tmp_path / "the.db")
    os.truncate(path, 10_000)
    before = path.read_bytes()
    with pytest.raises(StorageError, match="malformed; restore it from a backup"):
        open_storage(f"sqlite:///{path}")
    assert path.read_bytes() == before


def test_file_where_a_folder_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    wrong = case(
        "file as a folder", f"sqlite:///{tmp_path}/file/the.db", "file is a file, not a folder", "name another"
    )
    run_case(wrong, tmp_path)


def unprivileged() -> list[str]:
    """What takes from root the right to write to what is read-only; nothing where we are not root."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root may write everything, and there is no setpriv to give that up")
    return ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"]


@pytest.mark.slow
@pytest.mark.parametrize(("read_only", "what"), [("file", "readonly"), ("folder", "")])
def test_read_only(read_only: str, what: str, tmp_path: Path) -> None:
    write_spaces(tmp_path)
    (place := tmp_path / "place").mkdir()
    made_by_optuna(place / "the.db")
    with closing(sqlite3.connect(place / "the.db")) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # as after a copy
    wrong = case(read_only, f"sqlite:///{place}/the.db", what, "make")
    (place / "the.db").chmod(0o444 if read_only == "file" else 0o644)
    place.chmod(0o755 if read_only == "file" else 0o555)
    (tmp_path / "home").mkdir()
    before = contents(tmp_path)
    variables = {**os.environ, **environment(tmp_path)}
    arguments = wrong.arguments(tmp_path) if callable(wrong.arguments) else wrong.arguments
    done = subprocess.run(
        [*unprivileged(), sys.executable, "-m", "nas", *arguments],
        cwd=tmp_path, env={name: value for name, value in variables.items() if value is not None},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    place.chmod(0o755)
    told = Told(done.returncode, done.stdout, done.stderr, 0)
    check_form(told, wrong.name)
    check_case(told, wrong)
    place.chmod(0o755 if read_only == "file" else 0o555)
    assert contents(tmp_path) == before
    place.chmod(0o755)


postgresql = pytest.mark.xdist_group("postgres")


def dump(server: Server) -> list[tuple[object, ...]]:
    """The names of all tables of the database, and how many rows each of them has been given."""
    import psycopg

    with psycopg.connect(server.url) as connection:
        return connection.execute(
            "SELECT relname, n_tup_ins - n_tup_del, n_tup_upd FROM pg_stat_user_tables ORDER BY 1"
        ).fetchall()


@contextmanager
def role(server: Server, *rights: str) -> Iterator[str]:
    """The URL of a user with these rights only."""
    server.run("REVOKE CREATE ON SCHEMA public FROM public; CREATE ROLE guest LOGIN PASSWORD 'guest-s3cret'", "nas")
    server.run("GRANT USAGE ON SCHEMA public TO guest", "nas")
    for right in rights:
        server.run(right, "nas")
    try:
        yield server.url_of("nas", "guest", "guest-s3cret")
    finally:
        server.run("DROP OWNED BY guest; DROP ROLE guest", "nas")


def run_on(server: Server, wrong: Case, folder: Path) -> None:
    before = dump(server)
    told = run_case(wrong, folder)
    assert PASSWORD not in told.stderr
    assert "s3cret" not in told.stderr
    assert dump(server) == before


def make_tables(server: Server) -> str:
    url = server.fresh()
    open_storage(url).engine.dispose()
    return url


@postgresql
def test_postgres_refuses_to_let_in(postgres_server: Server, tmp_path: Path) -> None:
    url = postgres_server.fresh()
    for wrong in (
        case("wrong password", url.replace(PASSWORD, "wr0ng-s3cret"), "authentication failed", "check the user"),
        case("unknown user", url.replace("nas:", "nobody:"), "authentication failed", "check the user"),
        case("unknown database", url + "2", 'database "nas2" does not exist', "create it"),
    ):  # fmt: skip
        (folder := tmp_path / wrong.name).mkdir()
        run_on(postgres_server, wrong, folder)


SELECT_ONLY = ("GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest",)
READ_ONLY = (
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO guest",
    "ALTER ROLE guest SET default_transaction_read_only = on",
)


@postgresql
@pytest.mark.parametrize(
    ("rights", "what", "todo"),
    [
        (None, "permission denied for schema public", "give its user the right"),
        ((), "permission denied for table", "give its user the right"),
        (SELECT_ONLY, "permission denied for table", "give its user the right"),
        (READ_ONLY, "read-only transaction", "name the primary server"),
    ],
)
def test_postgres_without_rights(
    rights: Sequence[str] | None, what: str, todo: str, postgres_server: Server, tmp_path: Path
) -> None:
    _ = postgres_server.fresh() if rights is None else make_tables(postgres_server)
    with role(postgres_server, *(rights or ())) as url:
        run_on(postgres_server, case("rights", url, what, todo), tmp_path)


@postgresql
@pytest.mark.parametrize(
    ("statement", "what", "todo"),
    [
        ("CREATE TABLE songs (title text)", "holds the tables of another program (songs)", "name another"),
        ("DROP TABLE trials CASCADE", "these are missing: trials", "restore it from a backup"),
        ("UPDATE alembic_version SET version_num = 'v9.0.0.a'", "of a newer Optuna (v9.0.0.a", "install that one"),
    ],
)
def test_postgres_tables_of_others(
    statement: str, what: str, todo: str, postgres_server: Server, tmp_path: Path
) -> None:  # fmt: skip
    url = postgres_server.fresh() if statement.startswith("CREATE") else make_tables(postgres_server)
    postgres_server.run(statement, "nas")
    run_on(postgres_server, case("tables", url, what, todo), tmp_path)
