"""Bad surroundings, with real processes: streams that are closed, terminals of no width, locales, ports, disks."""

import contextlib
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest
import torch

from nas.search.lock import study_lock
from tests.bad_input.case import (
    Case,
    Told,
    check_form,
    contents,
    environment,
    in_process,
    make_home,
    run_case,
    run_process,
    warm_up,
)
from tests.bad_input.spaces import beside_spaces, search, write_spaces

NAS = shlex.join([sys.executable, "-m", "nas"])


@pytest.fixture
def here(tmp_path: Path) -> Path:
    make_home(tmp_path / "home")
    write_spaces(tmp_path)
    return tmp_path


def shell(folder: Path, line: str, **env: str | None) -> Told:
    """Run a line of bash in which `nas` is the command; its pipes fail where a part of them does."""
    variables = {**os.environ, **environment(folder, env)}
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", f"nas() {{ {NAS} \"$@\"; }}\n{line}"],
        cwd=folder, env={name: value for name, value in variables.items() if value is not None},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    return Told(done.returncode, done.stdout, done.stderr, 0.0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("nas leaderboard small >&-", 0),
        ("nas trial small 2 --json >&-", 0),
        ("nas leaderboard small 2>&- >/dev/null", 0),
        ("nas leaderboard smal 2>&-", 2),
        ("nas list <&- >&- 2>&-", 0),
        ("nas leaderboard small --csv >/dev/full", 4),
        ("nas leaderboard small | true", 141),
    ],
)
def test_streams_that_are_closed_or_full(line, code, here):
    told = shell(here, line)
    assert told.code == code, told.stderr
    check_form(told, line)
    if code == 4:
        assert told.errors == [
            "nas: error: the system: No space left on device; make space on its disk, then give the same command again"
        ]


@pytest.mark.slow
def test_a_search_whose_reader_has_gone_leaves_a_study_that_goes_on(here):
    command = "nas search tiny.py --executor local --tracking-uri none"
    told = shell(here, f"{command} | true")
    assert told.code == 141, told.stderr
    check_form(told, command)
    again = shell(here, f"{command} --json --quiet")
    assert again.code == 0, again.stderr
    assert '"complete": 2' in again.stdout


EXIT_CODES = [
    Case("0 done", beside_spaces("show", "tiny.py", "--no-time"), code=0),
    Case("2 usage", search("--trials", "0"), "--trials", "0 is too low", "give 1 or more"),
    Case("3 storage", search("--storage", "mysql://me:secret@h/d"), "--storage", "mysql://me:***@h/d", "write", code=3),
    Case("4 resources", search("--home", "/proc/nas"), "--home", "/proc/nas cannot be written", "choose", code=4),
]


@pytest.mark.slow
@pytest.mark.parametrize("case", EXIT_CODES, ids=str)
def test_exit_codes_of_real_processes(case, tmp_path):
    told = run_process(case, tmp_path)
    assert "secret" not in told.stdout + told.stderr


@pytest.mark.slow
def test_cards_that_are_absent(tmp_path):
    """Ray is asked, for a cluster may have what this machine lacks: so it takes as long as Ray does to start."""
    todo = "leave it out to train on processors" if not torch.cuda.is_available() else ""
    asked = search("--gpus-per-trial", "64", "--tracking-uri", "none")
    run_process(
        Case("64", asked, "--gpus-per-trial", "64 asked for each trial", todo, 4, 60, creates=["home/cache"]), tmp_path
    )


@pytest.mark.slow
def test_5_is_the_code_where_every_trial_failed(here):
    told = shell(here, "nas search broken.py --executor local --tracking-uri none --json")
    assert told.code == 5
    assert told.errors == ["nas: error: broken: every trial failed; the causes stand in the leaderboard"]


@pytest.mark.slow
def test_without_any_variable_the_home_is_that_of_the_user(here):
    """Where the system knows one; nothing is written to find out."""
    told = shell(here, f"cd {shlex.quote(str(here))}; env -i {NAS} list")
    assert told.code == 0 or "there is no HOME" in told.stderr


@pytest.mark.parametrize("width", [0, 1, 20, 10_000])
@pytest.mark.parametrize(
    "arguments",
    [("leaderboard", "small"), ("list",), ("list", "backbones"), ("trial", "small", "2"), ("trial", "small", "5"),
     ("effects", "small"), ("effects", "small", "--by", "model.convnet.filters"), ("show", "tiny.py", "--no-time"),
     ("show", "--layers", "resnet18"), ("search", "--help"), ("clean",)],
    ids=" ".join,
)  # fmt: skip
def test_a_terminal_of_any_width(arguments, width, here):
    told = in_process(arguments, here, {"COLUMNS": str(width)})
    assert told.code == (2 if arguments == ("clean",) else 0), told.stderr
    assert told.stdout.strip()
    check_form(told, str(arguments))
    if width == 20 and arguments[0] == "leaderboard":
        assert max(map(len, told.stdout.splitlines())) <= 20


@pytest.mark.slow
@pytest.mark.parametrize(
    "env",
    [
        {"TERM": "dumb"},
        {"TERM": "unknown-9000", "COLUMNS": "wide", "LINES": "-1"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "nowhere.UTF-9"},
    ],
    ids=lambda env: next(iter(env.items()))[1],
)
def test_terminals_and_locales(env, here):
    told = shell(here, "nas leaderboard small", **env)
    assert told.code == 0
    assert "nas" not in told.stderr  # bash itself says that there is no such locale
    assert "VGG19 (ref)" in told.stdout


NAMES = '''"""Namen."""
from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice, maximize, minimize

template = TrialConfig(data=Digits(), model=ConvNet(conv_layers=1, filters=choice(2, 4), dense_layers=0), epochs=1)
space = SearchSpace(
    "größe 名前 🙂", template, objectives=(maximize("val_accuracy"), minimize("params")),
    baselines={"zwölf ⅔": template.replace(model=ConvNet(conv_layers=1, filters=2, dense_layers=0))},
    references={"--help": template.replace(model=ConvNet(conv_layers=1, filters=8, dense_layers=0))},
)
'''
STUDY = "größe 名前 🙂"


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """A home with a study whose names are of all kinds."""
    folder = tmp_path_factory.mktemp("names")
    (folder / "raum ü.py").write_text(NAMES, encoding="utf-8")
    warm_up()
    told = in_process(["search", "raum ü.py", "--executor", "local", "--tracking-uri", "none", "--quiet"], folder)
    assert told.code == 0, told.stderr
    assert STUDY in told.stdout
    return folder


@pytest.mark.parametrize(
    "arguments",
    [("leaderboard", STUDY), ("leaderboard", STUDY, "--csv"), ("leaderboard", STUDY, "--json"),
     ("leaderboard", STUDY, "--markdown"), ("trial", STUDY, "zwölf ⅔"), ("trial", STUDY, "zwölf ⅔", "--json"),
     ("effects", STUDY), ("effects", STUDY, "--json"), ("effects", STUDY, "--by", "model.convnet.filters"),
     ("ensemble", STUDY), ("list",), ("list", "--json"), ("trial", STUDY, "--", "--help")],
    ids=lambda arguments: arguments[0] + " ".join(arguments[2:]),
)  # fmt: skip
@pytest.mark.parametrize("width", [20, 100])
def test_names_of_all_kinds(arguments, width, foreign):
    told = in_process(arguments, foreign, {"COLUMNS": str(width)})
    assert (told.code, told.stderr) == (0, "")
    if width == 100:
        assert any(name in told.stdout for name in (STUDY, "zwölf ⅔", "--help")), told.stdout


@pytest.mark.slow
def test_names_where_the_terminal_knows_ascii_alone(foreign):
    ascii_only = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
    for line in ("nas list", "nas list --json", f"nas leaderboard {shlex.quote(STUDY)}", "nas trial x 1"):
        told = shell(foreign, line, **ascii_only)
        assert told.code == (2 if "trial" in line else 0), told.stderr
        check_form(told, line)
        if "--json" in line:
            assert [study["study"] for study in json.loads(told.stdout)] == [STUDY]


def test_a_port_that_is_taken(here):
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        told = in_process(["dashboard", "--optuna-port", port], here)
    assert told.code == 4
    assert told.errors == [
        f"nas: error: dashboard: port {port} is taken; give another --optuna-port, or leave it out to take a free one"
    ]


def test_a_port_that_cannot_be(tmp_path):
    run_case(
        Case("port", ["dashboard", "--mlflow-port", "70000"], "--mlflow-port", "too high", "at most 65535"), tmp_path
    )


Usage = namedtuple("Usage", "total used free")


def test_a_disk_that_is_almost_full(tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: Usage(10**12, 10**12 - 1000, 1000))
    run_case(Case("disk", search(), "--home", "has 0 MB free", "make space", code=4), tmp_path)


def test_more_jobs_than_cores_are_warned_of(here, monkeypatch):
    cores = os.cpu_count()
    monkeypatch.setattr("nas.search.run.search", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    told = in_process(["search", "tiny.py", "--jobs", "1000"], here)
    assert told.stderr.splitlines()[0] == (
        f"nas: warning: --jobs: 1000 trials share {cores} cores; each will be slower"
    )


def test_a_study_that_is_at_work_is_neither_deleted_nor_cleaned(here):
    from tests.report.studies import storage_in

    storage = storage_in(here / "home")
    with study_lock(storage, "small"):
        before = contents(here)
        told = in_process(["delete", "small", "--yes"], here)
        check_form(told, "delete")
        assert told.code == 3
        assert str(os.getpid()) in told.stderr
        cleaned = in_process(["clean", "--yes"], here)
        assert (cleaned.code, cleaned.stderr) == (0, "")
        assert "small is being searched" in cleaned.stdout
        assert contents(here) == before


def test_another_space_under_the_name_of_a_study_is_refused(tmp_path):
    def arrange(folder: Path) -> list[str]:
        write_spaces(folder)
        return ["search", "tiny.py", "--name", "small", "--executor", "local"]

    run_case(Case("changed", arrange, "study small", "begun with another space", "use --fresh or --name"), tmp_path)
