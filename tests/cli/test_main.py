import shlex
import subprocess
import sys
from importlib import import_module

import click
import pytest

from nas import __version__
from nas.cli.errors import EXIT_CODES, StatusError, error_lines, exit_code
from nas.cli.main import COMMANDS
from nas.search.opening import StudyChanged
from nas.space.mistakes import Mistake, SpaceError

HEAVY = ("torch", "ray", "mlflow", "optuna", "pandas", "numpy", "rich")

HELP = """\
Usage: nas [OPTIONS] [COMMAND] [ARGS]...

  Which architecture earns its parameters?

  Describe a space of networks in one small Python file; nas explores it, trains
  what it draws, and shows which configuration gives the best accuracy for its
  size.

Options:
  --version   Show the version.
  --debug     Show the traceback of an error.
  -h, --help  Show this message and exit.

Begin:
  new     Write a commented space file to start from.
  show    What a space holds, and what it costs, before it is searched.
  search  Search a space; the same command again goes on.
  train   Train one config of a space in this process, for debugging.

Look:
  list         The studies of the storage, or the published networks.
  leaderboard  The trials of a study, the best first.
  trial        Everything about one trial of a study.
  effects      What each value is worth, with confidence intervals.
  dashboard    Open the MLflow and Optuna pages over the same studies.
  sync         Bring to MLflow what it has missed of a study.

Use:
  ensemble  Average the best networks of studies that are done.

Tidy:
  delete  Delete a study and everything that belongs to it.
  clean   Free the disk of what no study needs.
"""


@pytest.mark.parametrize("args", [["--help"], ["-h"], []])
def test_help(run, args):
    result = run(*args)
    assert result.stdout == HELP
    assert (result.stderr, result.exit_code) == ("", 0)


def test_version(run):
    result = run("--version")
    assert (result.stdout, result.exit_code) == (f"nas {__version__}\n", 0)


def test_a_misspelt_command_is_answered_with_the_nearest(run):
    result = run("serch")
    assert result.stderr == "nas: error: serch: no such command; did you mean search?\n"
    assert (result.stdout, result.exit_code) == ("", 2)


def test_an_unknown_option_before_the_command(run):
    result = run("--verzion", "search")
    assert result.stderr == "nas: error: --verzion: no such option of nas; did you mean --version?\n"
    assert result.exit_code == 2


@pytest.mark.parametrize("args", [["--help"], ["--version"], ["serch"], ["search", "--help"]])
def test_nothing_heavy_is_imported_to_help(args):
    code = f"""
import sys
from nas.cli.main import nas
try:
    nas.main({args!r})
except SystemExit:
    print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_help_imports_no_command():
    code = """
import sys
from nas.cli.main import nas
try:
    nas.main(["--help"])
except SystemExit:
    print([name for name in sys.modules if name.startswith("nas.cli.")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "['nas.cli.errors', 'nas.cli.terminal', 'nas.cli.main']"


def test_python_m_nas():
    done = subprocess.run([sys.executable, "-m", "nas", "--version"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == (f"nas {__version__}\n", "", 0)


def test_a_closed_stdout_is_no_error():
    command = f"{shlex.quote(sys.executable)} -m nas --version >&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


def test_a_reader_that_leaves_is_no_error():
    command = f"{shlex.quote(sys.executable)} -m nas --help | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.stderr, done.returncode) == ("", 0)


@pytest.mark.parametrize("name", [name for section in COMMANDS.values() for name in section])
def test_every_command_of_the_table_is_there_and_has_help(run, name):
    result = run(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: nas {name} [OPTIONS]")
    assert "--debug" in result.stdout


@pytest.mark.parametrize("name", EXIT_CODES)
def test_every_exception_with_an_exit_code_exists(name):
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(import_module(module), kind), Exception)


@click.command()
@click.argument("what")
def breaking(what):
    raise {
        "space": SpaceError([Mistake("template.a", "is wrong, got 1", "give 2"), Mistake("b", "too")]),
        "bug": KeyError("x"),
        "disk": OSError(28, "No space left on device", "/data/x"),
        "password": SpaceError([Mistake("storage", "postgresql://me:secret@host/db is not there")]),
        "resources": StatusError("--home: cannot be written; choose another", 4),
        "memory": MemoryError(),
    }[what]


@pytest.mark.parametrize(
    ("what", "stderr", "code"),
    [
        ("space", "nas: error: template.a: is wrong, got 1; give 2\nnas: error: b: too\n", 2),
        ("bug", "nas: error: internal: KeyError: 'x'; the same command with --debug shows where\n", 1),
        (
            "disk",
            "nas: error: /data/x: No space left on device; make space on its disk, then give the same command again\n",
            4,
        ),
        ("password", "nas: error: storage: postgresql://me:***@host/db is not there\n", 2),
        ("resources", "nas: error: --home: cannot be written; choose another\n", 4),
        (
            "memory",
            "nas: error: memory: there is not enough; give the trials less to hold, or run fewer with --jobs\n",
            4,
        ),
    ],
)
def test_an_exception_is_one_line_a_mistake_and_an_exit_code(run, monkeypatch, what, stderr, code):
    monkeypatch.setattr("nas.cli.main.Nas.get_command", lambda *_: breaking)
    result = run("search", what)
    assert (result.stderr, result.stdout, result.exit_code) == (stderr, "", code)


def test_debug_shows_the_traceback_first(run, monkeypatch):
    monkeypatch.setattr("nas.cli.main.Nas.get_command", lambda *_: breaking)
    lines = run("--debug", "search", "bug").stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[-1] == "nas: error: internal: KeyError: 'x'; the same command with --debug shows where"


def test_the_difference_of_a_changed_study_stands_below_its_line():
    error = StudyChanged("tiny", ["epochs: 1 -> 2"])
    assert error_lines(error) == [
        "nas: error: study tiny: begun with another space or other data; use --fresh or --name to start another",
        "  epochs: 1 -> 2",
    ]
    assert exit_code(error) == 2
