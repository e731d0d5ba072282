import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

SLOW = '''"""Slow."""
import time
from pathlib import Path

from nas import Config, SearchSpace, minimize, uniform


class Point(Config):
    x: float = 0.0


def slow(config, budget):
    for epoch in range(1, budget + 1):
        yield {"y": config.x + 1 / epoch}
        Path("started").touch()
        time.sleep(0.2)


space = SearchSpace("slow", Point(x=uniform(0.0, 1.0)), objectives=(minimize("y"),), objective=slow, epochs=6)
'''

PLAIN_RUN = ("--executor", "local", "--tracking-uri", "none")

WRONG = [
    ([], "FILE[:NAME]: is missing; see nas search --help"),
    (["no.py"], "no.py: no such file; did you mean tiny.py?"),
    (["tiny.py", "more"], "nas search: got unexpected extra argument (more); see nas search --help"),
    (["tiny.py", "--tials", "3"], "--tials: no such option of nas search; did you mean --trials?"),
    (["tiny.py", "--trials", "0"], "--trials: 0 is too low; give 1 or more"),
    (["tiny.py", "--trials", "-3"], "--trials: -3 is too low; give 1 or more"),
    (["tiny.py", "--trials", "nan"], "--trials: 'nan' is not a whole number; give 1 or more"),
    (["tiny.py", "--trials"], "--trials: requires an argument; see nas search --help"),
    (["tiny.py", "--epochs", "0"], "--epochs: 0 is too low; give 1 or more"),
    (["tiny.py", "--jobs", "0"], "--jobs: 0 is too low; give 1 or more"),
    (["tiny.py", "--seed", "-1"], "--seed: -1 is too low; give 0 or more"),
    (["tiny.py", "--image-size", "0"], "--image-size: 0 is too low; give 1 or more"),
    (["tiny.py", "--time", "soon"], "--time: 'soon' is not a time above 0; write 90s, 30m, 2h or 1h30m"),
    (
        ["tiny.py", "--gpus-per-trial", "-1"],
        "--gpus-per-trial: '-1' is not a number of at least 0; give 0, 0.25, 1, 2 or auto",
    ),
    (
        ["tiny.py", "--gpus-per-trial", "abc"],
        "--gpus-per-trial: 'abc' is not a number of at least 0; give 0, 0.25, 1, 2 or auto",
    ),
    (["tiny.py", "--sampler", "tpee"], "--sampler: unknown sampler 'tpee'; did you mean tpe?"),
    (["tiny.py", "--scheduler", "asah"], "--scheduler: unknown scheduler 'asah'; did you mean asha?"),
    (["tiny.py", "--executor", "dask"], "--executor: unknown executor 'dask'; known are ray, local"),
    (["tiny.py", "--address", "head"], "--address: 'head' is not HOST:PORT; write it as head:6379"),
    (["tiny.py", "--trial-timeout", "0s"], "--trial-timeout: '0s' is not a time above 0; write 90s, 30m, 2h or 1h30m"),
    (
        ["tiny.py", "--trial-timeout", "1m", "--executor", "local"],
        "--trial-timeout: trials that run in this process cannot be ended; leave it out, or use --executor ray",
    ),
    (["tiny.py", "--keep", "none"], "--keep: unknown choice 'none'; known are best, all"),
    (
        ["tiny.py", "--data", "cifar1"],
        "--data: 'cifar1' is neither a file or folder here nor a data set; did you mean cifar10?",
    ),
    (
        ["parabola.py", "--data", "digits"],
        "--data: the template of parabola is a Point, which has no field data; leave it out",
    ),
    (
        ["parabola.py", "--seed", "1"],
        "--seed: the template of parabola is a Point, which has no field seed; leave it out",
    ),
    (
        ["tiny.py", "--name", "a/b"],
        "--name: 'a/b' cannot name a study; "
        "no slashes, no control characters, no space at its ends, no dot or dash first",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("args", "line"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_wrong_arguments_are_refused_with_one_line(run, here, args, line):
    result = run("search", *args)
    assert (result.stderr, result.stdout, result.exit_code) == (f"nas: error: {line}\n", "", 2)
    assert not (here / "home").exists()


@pytest.mark.parametrize(
    ("args", "line", "code"),
    [
        (
            ["--storage", "mysql://me:secret@host/db"],
            "--storage: 'mysql://me:***@host/db' is no database that nas can use; "
            "write sqlite:///FILE or postgresql://USER@HOST/DATABASE",
            3,
        ),
        (
            ["--tracking-uri", "runs"],
            "tracking URI 'runs': MLflow keeps runs in a database or behind a server; "
            "write sqlite:///FILE, postgresql://..., http://HOST:PORT or none",
            3,
        ),
        (["--home", "tiny.py/home"], "--home: {here}/tiny.py/home cannot be written (Not a directory); "
         "choose another with --home or NAS_HOME", 4),
    ],
)  # fmt: skip
def test_places_that_cannot_be_used(run, here, args, line, code):
    result = run("search", "tiny.py", *args)
    assert (result.stderr, result.exit_code) == (f"nas: error: {line.format(here=here)}\n", code)


def test_a_cluster_that_is_not_there_is_refused_at_once(run, here):
    result = run("search", "tiny.py", "--address", "127.0.0.1:1")
    assert result.exit_code == 4
    assert result.stderr == (
        "nas: error: --address: no Ray cluster at 127.0.0.1:1 (Connection refused); "
        "check that its head runs, or leave it out to start one here\n"
    )


def test_data_that_is_missing_is_refused_before_anything_starts(run, here):
    result = run("search", "tiny.py", "--data", "pictures/here")
    assert result.stderr.startswith(f"nas: error: {here}/pictures/here: cannot be read (No such file or directory)")
    assert result.exit_code == 2
    assert not (here / "home").exists()


@pytest.mark.parametrize("args", [["--data", "cifar1"], ["--sampler", "x"], ["--data", "./missing"]])
def test_nothing_heavy_is_imported_to_refuse(here, args):
    code = f"""
import sys
from nas.cli.main import nas
try:
    nas.main(["search", "tiny.py", *{args!r}])
except SystemExit as exit:
    heavy = {{"torch", "ray", "mlflow", "optuna", "pandas", "numpy"}}
    print(exit.code, sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=here, env=child_env()
    )
    assert done.stdout == "2 []\n"


def test_a_search_ends_with_its_leaderboard_and_resumes_without_doing_it_again(run):
    first = run("search", "parabola.py", "--trials", "3", *PLAIN_RUN)
    assert (first.exit_code, first.stderr) == (0, "")
    lines = first.stdout.splitlines()
    assert lines[0].startswith("warning: this study lies on this machine alone; ")
    assert lines[1] == "parabola: 0 of 3 trials done"
    assert "parabola: 3 trials (3 complete)" in lines
    assert "Look again: nas leaderboard parabola" in lines
    assert "In a browser: nas dashboard" in lines
    again = run("search", "parabola.py", "--trials", "3", *PLAIN_RUN)
    assert again.stdout.splitlines()[1] == "parabola: 3 of 3 trials done"
    assert not [line for line in again.stdout.splitlines() if "started" in line]


def test_json_is_one_object_on_stdout_and_events_on_stderr(run):
    result = run("search", "parabola.py", "--trials", "2", "--json", *PLAIN_RUN)
    found = json.loads(result.stdout)
    assert (found["study"], found["counts"]["complete"], found["references"]["complete"]) == ("parabola", 2, 1)
    assert (found["running"], found["interrupted"], found["notice"]) == (0, False, None)
    assert [row["baseline"] for row in found["leaderboard"] if row["number"] == 0] == [["one"]]
    assert [row["reference"] for row in found["leaderboard"] if row["number"] is None] == ["three"]
    events = [json.loads(line)["event"] for line in result.stderr.splitlines()]
    assert events[0] == "opened"
    assert events.count("ended") == 3


def test_quiet_shows_the_result_only(run):
    result = run("search", "parabola.py", "--trials", "1", "--quiet", *PLAIN_RUN)
    assert result.stdout.splitlines()[0] == "parabola: 1 trial (1 complete)"
    assert result.stderr == ""


def test_changes_from_the_command_line_reach_the_study(run):
    args = ("--data", "digits", "--image-size", "4", "--epochs", "1", "--seed", "5", "--name", "other", "--trials", "1")
    result = run("search", "tiny.py", *args, "--json", "--quiet", *PLAIN_RUN)
    found = json.loads(result.stdout)
    assert found["study"] == "other"
    for row in found["leaderboard"]:
        assert (row["config"]["data"]["image_size"], row["config"]["seed"], row["epochs"]) == (4, 5, 1)


def test_a_changed_space_is_refused_with_its_difference_and_fresh_starts_another(run):
    run("search", "parabola.py", "--trials", "1", "--quiet", *PLAIN_RUN)
    changed = run("search", "parabola.py", "--trials", "1", "--epochs", "5", *PLAIN_RUN)
    assert changed.exit_code == 2
    assert changed.stderr == (
        "nas: error: study parabola: begun with another space or other data; use --fresh or --name to start another\n"
        "  epochs: 3 -> 5\n"
    )
    fresh = run("search", "parabola.py", "--trials", "1", "--epochs", "5", "--fresh", "--json", "--quiet", *PLAIN_RUN)
    assert json.loads(fresh.stdout)["study"] == "parabola-2"


def test_exit_code_5_when_every_trial_failed(run):
    result = run("search", "broken.py", "--trials", "1", "--quiet", *PLAIN_RUN)
    assert result.exit_code == 5
    assert result.stderr == "nas: error: broken: every trial failed; the causes stand in the leaderboard\n"
    assert "0 failed: RuntimeError: out of order" in result.stdout


def test_the_commands_to_look_lead_to_the_same_place(run, here):
    result = run("search", "parabola.py", "--trials", "1", "--quiet", "--home", "my home", *PLAIN_RUN)
    assert f"Look again: nas leaderboard parabola --home '{here}/my home'" in result.stdout.splitlines()


def test_more_jobs_than_cores_are_a_warning(run):
    jobs = (os.cpu_count() or 1) + 1
    result = run("search", "parabola.py", "--trials", "1", "--quiet", "--jobs", str(jobs), *PLAIN_RUN)
    assert result.exit_code == 0
    assert result.stderr == (f"nas: warning: --jobs: {jobs} trials share {os.cpu_count()} cores; each will be slower\n")


def test_a_tracking_uri_of_the_environment_is_respected(run, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "nonsense")
    result = run("search", "parabola.py")
    assert result.exit_code == 3
    assert "tracking URI 'nonsense'" in result.stderr


def child_env() -> dict[str, str]:
    root = str(Path(__file__).parents[2])
    return {**os.environ, "PYTHONPATH": root, "OMP_NUM_THREADS": "1"}


def start(here: Path, *args: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "nas", "search", "slow.py", "--trials", "2", *args, *PLAIN_RUN]
    return subprocess.Popen(
        command, cwd=here, env=child_env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_until_started(here: Path) -> None:
    deadline = time.monotonic() + 60
    while not (here / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_a_study_that_the_same_command_resumes(here, number, code):
    (here / "slow.py").write_text(SLOW)
    process = start(here)
    wait_until_started(here)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=10)
    assert process.returncode == code
    assert stderr == "nas: interrupted; 1 trial waits to be continued, the same command goes on\n"
    assert "slow: 1 trial (1 running)" in stdout
    if number == signal.SIGTERM:
        return
    again = start(here, "--json", "--quiet")
    stdout, stderr = again.communicate(timeout=60)
    assert (again.returncode, stderr) == (0, "")
    assert json.loads(stdout)["counts"]["complete"] == 2


@pytest.mark.slow
def test_with_fresh_the_way_on_is_the_name(here):
    (here / "slow.py").write_text(SLOW)
    process = start(here, "--fresh")
    wait_until_started(here)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=10)
    assert stderr == (
        "nas: interrupted; 1 trial waits to be continued, "
        "the same command with --name slow in place of --fresh goes on\n"
    )
