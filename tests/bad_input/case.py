"""The machinery of the tables of bad input: one wrong command, and what a person must read about it.

`run_case` runs it in this process, `run_process` as a real one. Both begin in an empty folder with a home that holds a
small study, and both refuse what no case may do: another exit code, a line of another form, a traceback, a change to
anything that was there, or too much time.
"""

import functools
import hashlib
import os
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import chdir, closing
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from click.testing import CliRunner

from nas.cli.main import COMMANDS, nas
from tests.pace import check_time
from tests.report.studies import small_study

Arguments = Sequence[str] | Callable[[Path], Sequence[str]]

LINE = re.compile(r"nas: error: (?P<where>\S.*?): (?P<rest>.+; \S.*)")
"""`nas: error: <where>: <what is wrong, with the value>; <what to do>`."""
NOTICE = re.compile(r"nas: (?!error)\S.*| +\S.*|(?:Starting \.\.\.|Stopped\.)?")
"""What else stderr may hold: warnings and notices, and indented lines, which belong to the one before."""
_HANG = 60
_COMINGS_AND_GOINGS = ("-wal", "-shm", ".lock", ".driver")


@dataclass(frozen=True)
class Case:
    """One wrong command.

    arguments: of `nas`, or a function that writes what it needs into the folder that it is given (the current one of
    the command) and returns them. where, what, todo: fragments of the parts of the line. more: the same for further
    lines, one a mistake. code: exit code. seconds: the time that it may take. env: variables; None takes one away.
    creates: new folders that it may leave, as decoded images in `home/cache`.
    """

    name: str
    arguments: Arguments
    where: str = ""
    what: str = ""
    todo: str = ""
    code: int = 2
    seconds: float = 5
    more: Sequence[tuple[str, str, str]] = ()
    env: Mapping[str, str | None] = field(default_factory=dict)
    creates: Sequence[str] = ()

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Told:
    """What a command said, and how long it took."""

    code: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def errors(self) -> list[str]:
        return [line for line in self.stderr.splitlines() if line.startswith("nas: error")]


def run_case(case: Case, folder: Path) -> Told:
    """Run the case in this process, and hold it to its contract."""
    warm_up()
    return _run(case, folder, in_process)


def run_process(case: Case, folder: Path) -> Told:
    """The same by `python -m nas`. Its time is that of the processor: a real one waits for its neighbours."""
    return _run(case, folder, _as_process)


def _run(case: Case, folder: Path, run: Callable[[Sequence[str], Path, Mapping[str, str | None]], Told]) -> Told:
    make_home(folder / "home")
    arguments = list(case.arguments(folder) if callable(case.arguments) else case.arguments)
    before = contents(folder)
    told = run(arguments, folder, case.env)
    check_form(told, case.name)
    check_case(told, case)
    after = contents(folder)
    changed = [path for path in _changed(before, after) if not path.startswith(tuple(case.creates)) or path in before]
    assert not changed, f"{case.name}: changed {changed}"
    return told


def in_process(arguments: Sequence[str], folder: Path, env: Mapping[str, str | None] | None = None) -> Told:
    """Run `nas` in this process, with `folder` as the current one."""
    with chdir(folder):
        began = time.perf_counter()
        result = CliRunner().invoke(nas, arguments, env=environment(folder, env))
        seconds = time.perf_counter() - began
    unexpected = result.exception if not isinstance(result.exception, SystemExit) else None
    assert unexpected is None, f"{arguments}: {unexpected!r}\n{result.stderr}"
    return Told(result.exit_code, result.stdout, result.stderr, seconds)


def _as_process(arguments: Sequence[str], folder: Path, env: Mapping[str, str | None]) -> Told:
    variables = {**os.environ, **environment(folder, env)}
    began = _processor_seconds()
    done = subprocess.run(
        [sys.executable, "-m", "nas", *arguments],
        cwd=folder, env={name: value for name, value in variables.items() if value is not None},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=_HANG, check=False,
    )  # fmt: skip
    return Told(done.returncode, done.stdout, done.stderr, _processor_seconds() - began)


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def environment(folder: Path, env: Mapping[str, str | None] | None = None) -> dict[str, str | None]:
    """The variables that a command is run with."""
    own = {
        "NAS_HOME": str(folder / "home"),
        "HOME": str(folder),
        "COLUMNS": "120",
        "MLFLOW_TRACKING_URI": None,
        "NAS_ARTIFACTS": None,
        "NO_COLOR": None,
    }
    return {**own, **(env or {})}


def check_form(told: Told, name: str) -> None:
    """Every line of stderr has its form; no traceback, and no mistake of nas itself."""
    shown = f"{name}: exit code {told.code}, stderr:\n{told.stderr}\nstdout:\n{told.stdout[-2000:]}"
    assert "Traceback" not in told.stderr, shown
    assert "nas: error: internal" not in told.stderr, shown
    for line in told.stderr.splitlines():
        assert LINE.fullmatch(line) or NOTICE.fullmatch(line), f"the line {line!r} has another form\n{shown}"


def check_case(told: Told, case: Case) -> None:
    """The exit code, one line a mistake with its fragments, and the time."""
    shown = f"{case.name}: exit code {told.code}, stderr:\n{told.stderr}\nstdout:\n{told.stdout[-2000:]}"
    wanted = [(case.where, case.what, case.todo), *case.more] if case.code else []
    assert told.code == case.code, f"wanted exit code {case.code}\n{shown}"
    assert len(told.errors) == len(wanted), f"wanted {len(wanted)} lines\n{shown}"
    for line, fragments in zip(told.errors, wanted, strict=True):
        assert _holds(line, *fragments), f"wanted {fragments}\n{shown}"
    check_time(told.seconds, case.seconds, shown)


def _holds(line: str, where: str, what: str, todo: str) -> bool:
    found = LINE.fullmatch(line)
    if found is None or where not in found["where"] or what not in found["rest"]:
        return False
    at = found["rest"].find("; ", found["rest"].find(what) + len(what))
    return at >= 0 and todo in found["rest"][at + 2 :]


@functools.cache
def warm_up() -> None:
    """Import what the commands import when they are called, so that the first case is timed as the others."""
    for name in (name for section in COMMANDS.values() for name in section):
        import_module(f"nas.cli.{name}")
    import_module("nas.search.run")


def make_home(home: Path) -> None:
    """A home with the study `small` (see tests/report/studies.py), a kept network and a checkpoint."""
    shutil.copytree(_written_once().name, home)


@functools.cache
def _written_once() -> "TemporaryDirectory[str]":
    folder = TemporaryDirectory()
    home = Path(folder.name)
    main, _ = small_study(home)
    main.storage.engine.dispose()
    for kind, number in (("artifacts", 2), ("checkpoints", 6)):
        place = home / kind / "small" / f"{number:05d}"
        place.mkdir(parents=True)
        (place / "something").write_bytes(b"x" * 1000)
    return folder


def contents(folder: Path) -> dict[str, str]:
    """Every file and folder under `folder` with the digest of what it holds: of a database, its rows."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if "__pycache__" not in path.parts and not path.name.endswith(_COMINGS_AND_GOINGS):
            found[str(path.relative_to(folder))] = _digest(path)
    return found


def _digest(path: Path) -> str:
    if path.is_symlink() or not path.is_file():
        return "link" if path.is_symlink() else f"mode {path.lstat().st_mode:o}"
    data = path.read_bytes() if os.access(path, os.R_OK) else b""
    if data.startswith(b"SQLite format 3"):
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            data = "\n".join(connection.iterdump()).encode()
    return hashlib.sha256(data).hexdigest()


def _changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))
