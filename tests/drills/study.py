"""A drill's study: its space file, the real command on it, and what its databases say, read directly.

Nothing here asks nas what became of a trial: rows come from sqlite3 or psycopg, weights and checkpoints from the disk.
`NAS_DRILL_ROUNDS` (see `scripts/drill`) says how many rounds a drill runs; one by default.
"""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROUNDS = range(int(os.environ.get("NAS_DRILL_ROUNDS", "1")))
"""Parametrize a drill with it; a round's number is its seed."""

SPACE = """
from nas import Adam, ConvNet, Digits, SearchSpace, TrialConfig, choice, log_uniform, maximize, minimize

def config(filters: int, lr: float = 1e-3) -> TrialConfig:
    model = ConvNet(conv_layers=1, filters=filters, kernel_size=3, dense_width=16, max_pool=True)
    return TrialConfig(data=Digits(), model=model, optimizer=Adam(lr=lr), epochs={epochs}, precision="fp32")

space = SearchSpace(
    name="{name}",
    template=config(choice(*range(4, 64)), log_uniform(1e-4, 1e-2)),  # no config is drawn twice
    objectives=(maximize("val_accuracy"), minimize("params")),
    baselines={{"four": config(4), "eight": config(8)}},
)
"""


@dataclass
class Drill:
    """One study in `folder`. `storage`: None is SQLite in the home folder, else a postgresql:// URL.

    command: what runs instead of `python -m nas`, for drivers with a hook in them.
    """

    folder: Path
    trials: int = 8
    epochs: int = 6
    name: str = "drill"
    storage: str | None = None
    executor: str = "ray"
    space: str = SPACE
    options: Sequence[str] = ()
    env: Mapping[str, str] = field(default_factory=dict)
    command: Sequence[str] = (sys.executable, "-m", "nas")

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file.write_text(self.space.format(epochs=self.epochs, name=self.name), encoding="utf-8")

    @property
    def file(self) -> Path:
        return self.folder / f"{self.name}.py"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def log(self) -> Path:
        """What all drivers wrote."""
        return self.folder / "log"

    def start(self, *options: str, quiet: bool = True) -> "subprocess.Popen[bytes]":
        """A driver in a session of its own."""
        command = [*self.command, "search", str(self.file), "--home", str(self.home), "--trials", str(self.trials)]
        command += ["--executor", self.executor, "--scheduler", "none", *(["--quiet"] if quiet else [])]
        command += [] if self.storage is None else ["--storage", self.storage]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*command, *self.options, *options],
                stdout=log, stderr=log, start_new_session=True, env={**os.environ, **self.env},
            )  # fmt: skip

    def finish(self, *options: str, code: int = 0, seconds: float = 240) -> float:
        """Run a driver to its end. Returns seconds."""
        began = time.monotonic()
        process = self.start(*options)
        assert wait(process, seconds) == code, self.tail()
        return time.monotonic() - began

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:] if self.log.exists() else ""

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """From Optuna's database; nothing while its tables are not there."""
        return postgres_rows(self.storage, query) if self.storage else sqlite_rows(self.home / "optuna.db", query)

    def mlflow_rows(self, query: str) -> list[tuple[Any, ...]]:
        return sqlite_rows(self.home / "mlflow.db", query)

    def states(self) -> Counter[str]:
        """Trials by Optuna's state, references and rejected draws among them."""
        return Counter(str(state) for (state,) in self.rows("SELECT state FROM trials"))

    def attributes(self, key: str) -> dict[int, Any]:
        """A user attribute by trial number."""
        found = self.rows(
            "SELECT number, value_json FROM trial_user_attributes JOIN trials USING (trial_id) JOIN studies USING "
            f"(study_id) WHERE key = '{key}' AND study_name = '{self.name}'"
        )
        return {int(number): json.loads(str(text)) for number, text in found}

    def curves(self) -> dict[int, list[int]]:
        """Epochs stored, by trial number."""
        return {number: [point["epoch"] for point in curve] for number, curve in self.attributes("curve").items()}

    def epochs_stored(self) -> int:
        return sum(map(len, self.curves().values()))

    def await_progress(self, process: "subprocess.Popen[bytes]", epochs: int = 1, seconds: float = 120) -> None:
        """Wait until so many more epochs are stored, or the driver has ended."""
        seen = self.epochs_stored()
        until(lambda: self.epochs_stored() >= seen + epochs or process.poll() is not None, seconds)

    def check(self, mlflow: bool = True) -> None:
        """Exactly the trials asked for, each complete, once, and with whole curves; in MLflow too."""
        assert self.states() == {"COMPLETE": self.trials}, self.tail()
        whole = list(range(1, self.epochs + 1))
        assert self.curves() == dict.fromkeys(range(self.trials), whole)
        if mlflow:
            self.check_mlflow()

    def check_mlflow(self) -> None:
        """One finished run for each trial, one point for each epoch."""
        uids = self.mlflow_rows("SELECT value, count(*) FROM tags WHERE key = 'nas.uid' GROUP BY value")
        assert sorted(uids) == sorted((f"{self.name}/{number}", 1) for number in range(self.trials))
        assert self.mlflow_rows("SELECT DISTINCT status FROM runs") == [("FINISHED",)]
        losses = "SELECT run_uuid, group_concat(step) FROM metrics WHERE key = 'val_loss' GROUP BY 1"
        points = [sorted(map(int, str(text).split(","))) for _, text in self.mlflow_rows(losses)]
        assert points == [list(range(1, self.epochs + 1))] * self.trials


def sqlite_rows(database: Path, query: str) -> list[tuple[Any, ...]]:
    if not database.exists():
        return []
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True, timeout=30)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError:  # its tables are not there yet
            return []


def postgres_rows(url: str, query: str) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        try:
            return connection.execute(query.encode()).fetchall()
        except psycopg.errors.UndefinedTable:
            return []


def wait(process: "subprocess.Popen[bytes]", seconds: float = 240) -> int:
    """The exit code. A driver that does not end is killed, and that shows as -9."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        kill(process)
        return process.wait()


def kill(process: "subprocess.Popen[bytes]") -> None:
    """kill -9 of the driver alone: what it has started must look after itself."""
    process.send_signal(signal.SIGKILL)
    process.wait()


def until(holds: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
    """Wait for something that happens in another process. Returns whether it did in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
