"""kill -9 of the driver at random moments, then the same command: nothing lost, nothing counted twice, no gap.

Real processes and signals; judged by reading both databases with sqlite3, never by what nas says of itself.
"""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

TRIALS, EPOCHS = 8, 6

SPACE = f"""
from nas import Adam, ConvNet, Digits, SearchSpace, TrialConfig, choice, log_uniform, maximize, minimize

def config(filters: int, lr: float = 1e-3) -> TrialConfig:
    model = ConvNet(conv_layers=1, filters=filters, kernel_size=3, dense_width=16, max_pool=True)
    return TrialConfig(data=Digits(), model=model, optimizer=Adam(lr=lr), epochs={EPOCHS}, precision="fp32")

space = SearchSpace(
    name="drill",
    template=config(choice(*range(4, 64)), log_uniform(1e-4, 1e-2)),  # no config is drawn twice
    objectives=(maximize("val_accuracy"), minimize("params")),
    baselines={{"four": config(4), "eight": config(8)}},
)
"""


def start(file: Path, home: Path, executor: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "nas", "search", str(file), "--home", str(home), "--trials", str(TRIALS)]
    command += ["--executor", executor, "--scheduler", "none", "--quiet"]
    log = (file.parent / "log").open("ab")
    return subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError:  # its tables are not there yet
            return []


def curves(home: Path) -> dict[int, list[int]]:
    """Epochs stored for each trial."""
    found = rows(
        home / "optuna.db",
        "SELECT number, value_json FROM trial_user_attributes JOIN trials USING (trial_id) WHERE key = 'curve'",
    )
    return {int(str(number)): [point["epoch"] for point in json.loads(str(text))] for number, text in found}


def kill_after_progress(process: "subprocess.Popen[bytes]", home: Path, seen: int, wait: float) -> None:
    """kill -9 a moment after the study has stored another epoch."""
    deadline = time.monotonic() + 120
    while sum(map(len, curves(home).values())) <= seen and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(wait)
    process.send_signal(signal.SIGKILL)
    process.wait()


def check(home: Path) -> None:
    states = Counter(state for (state,) in rows(home / "optuna.db", "SELECT state FROM trials"))
    assert states == {"COMPLETE": TRIALS}
    assert curves(home) == {number: list(range(1, EPOCHS + 1)) for number in range(TRIALS)}
    uids = rows(home / "mlflow.db", "SELECT value, count(*) FROM tags WHERE key = 'nas.uid' GROUP BY value")
    assert sorted(uids) == [(f"drill/{number}", 1) for number in range(TRIALS)]
    assert rows(home / "mlflow.db", "SELECT DISTINCT status FROM runs") == [("FINISHED",)]
    losses = "SELECT run_uuid, group_concat(step) FROM metrics WHERE key = 'val_loss' GROUP BY 1"
    steps = rows(home / "mlflow.db", losses)
    points = [sorted(map(int, str(text).split(","))) for _, text in steps]
    assert points == [list(range(1, EPOCHS + 1))] * TRIALS


@pytest.mark.slow
@pytest.mark.parametrize(("executor", "kills"), [("local", 3), ("ray", 2)])
def test_killed_driver_loses_nothing(tmp_path: Path, executor: str, kills: int) -> None:
    dice = random.Random(20261121)
    file, home = tmp_path / "drill.py", tmp_path / "home"
    file.write_text(SPACE, encoding="utf-8")
    for _ in range(kills):
        process = start(file, home, executor)
        kill_after_progress(process, home, sum(map(len, curves(home).values())), dice.uniform(0, 1.0))
    process = start(file, home, executor)
    assert process.wait(timeout=240) == 0, (tmp_path / "log").read_text(encoding="utf-8")[-3000:]
    check(home)
    assert len(list((home / "artifacts" / "drill").glob("*/weights.pt"))) >= 5
