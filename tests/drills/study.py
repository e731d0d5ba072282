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
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.drills.forked import Forked, server

Process = subprocess.Popen[bytes] | Forked
"""A driver."""

HOOK = str(Path(__file__).parent / "hook")
DRILLS: list["Drill"] = []
"""Those of the running test, for the counts of `scripts/drill`."""
KILLS: list[int] = []
"""Process ids of what it has killed."""

ROUNDS = range(int(os.environ.get("NAS_DRILL_ROUNDS", "1")))
"""Parametrize a drill with it; a round's number is its seed."""
LONG = len(ROUNDS) > 1
"""Whether this is not the short form that every change is tried with."""
only_long = pytest.mark.skipif(not LONG, reason="in the long form only: scripts/drill --rounds 2 or more")

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

    command: what runs instead of `python -m nas`, for drivers with a hook in them. forked: drivers are forks of a
    process that has loaded everything already, which spares seconds; `point` of `start` works with these only.
    deaths: when they were killed.
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
    forked: bool = False
    deaths: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        DRILLS.append(self)
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

    @property
    def journal(self) -> Path:
        """Each epoch that was really trained, whether it counted or not: see `hook/sitecustomize.py`."""
        return self.folder / "journal"

    def start(self, *options: str, quiet: bool = True, point: Sequence[str | int] | None = None) -> Process:
        """A driver in a session of its own. point: it kills itself there, at the n-th time, or sends itself another
        signal: (name, n, signal), see `points.py`.
        """
        arguments = ["search", str(self.file), "--home", str(self.home), "--trials", str(self.trials)]
        arguments += ["--executor", self.executor, "--scheduler", "none", *(["--quiet"] if quiet else [])]
        arguments += [] if self.storage is None else ["--storage", self.storage]
        arguments += [*self.options, *options]
        path = os.pathsep.join(filter(None, [HOOK, os.environ.get("PYTHONPATH")]))
        environment = {"PYTHONPATH": path, "NAS_DRILL_JOURNAL": str(self.journal), **self.env}
        if self.forked:
            return server().start(arguments, self.log, environment, point)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*self.command, *arguments],
                stdout=log, stderr=log, start_new_session=True, env={**os.environ, **environment},
            )  # fmt: skip

    def kill(self, process: Process) -> None:
        """kill -9 of the driver, with its time noted."""
        if process.poll() is None:
            kill(process)
        else:
            KILLS.append(process.pid)  # it has killed itself
        self.deaths.append(time.time())

    def finish(self, *options: str, code: int = 0, seconds: float = 240) -> float:
        """Run a driver to its end. Returns seconds."""
        began = time.monotonic()
        process = self.start(*options)
        assert wait(process, seconds) == code, self.tail()
        return time.monotonic() - began

    def processes(self) -> list[int]:
        """All that live of what its drivers have started, whoever their parents are now: by their environment.

        Without Ray's two agents, which hold nothing and look for a minute for the server that died with the driver.
        """
        mark, found = f"NAS_DRILL_JOURNAL={self.journal}\0".encode(), []
        for path in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                of_ray = b"Agent" in (path / "cmdline").read_bytes()
                if mark in (path / "environ").read_bytes() + b"\0" and not of_ray:
                    found.append(int(path.name))
        return found

    def tail(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")[-3000:] if self.log.exists() else ""

    def trial_rows(self, query: str) -> list[tuple[Any, ...]]:
        """Of this study's trials alone; the query's `trials` stands for them."""
        own = f"(SELECT trials.* FROM trials JOIN studies USING (study_id) WHERE study_name = '{self.name}') AS trials"
        return self.rows(query.replace(" trials", f" {own}", 1))

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """From Optuna's database; nothing while its tables are not there."""
        return postgres_rows(self.storage, query) if self.storage else sqlite_rows(self.home / "optuna.db", query)

    def mlflow_rows(self, query: str) -> list[tuple[Any, ...]]:
        return sqlite_rows(self.home / "mlflow.db", query)

    def counted(self) -> int:
        """How many trials have ended, references among them; draws that were never trained are none."""
        ended = ('"complete"', '"pruned"', '"failed"')
        query = "SELECT count(*) FROM trial_user_attributes WHERE key = 'verdict' AND value_json IN {}"
        return int(next(iter(self.rows(query.format(ended))), (0,))[0])

    def states(self) -> Counter[str]:
        """Trials by Optuna's state, references and rejected draws among them."""
        return Counter(str(state) for (state,) in self.rows("SELECT state FROM trials"))

    def attributes(self, key: str, study: str = "") -> dict[int, Any]:
        """A user attribute by trial number, of this study or of its references."""
        found = self.rows(
            "SELECT number, value_json FROM trial_user_attributes JOIN trials USING (trial_id) JOIN studies USING "
            f"(study_id) WHERE key = '{key}' AND study_name = '{study or self.name}'"
        )
        return {int(number): json.loads(str(text)) for number, text in found}

    def curves(self, study: str = "") -> dict[int, list[int]]:
        """Epochs stored, by trial number."""
        curves = self.attributes("curve", study).items()
        return {number: [point["epoch"] for point in curve] for number, curve in curves}

    def epochs_stored(self) -> int:
        return sum(map(len, self.curves().values()))

    def await_progress(self, process: Process, epochs: int = 1, seconds: float = 120) -> None:
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
    # not mode=ro: after a kill whoever opens it first has to recover the log, and that writes
    with closing(sqlite3.connect(f"file:{database}?mode=rw", uri=True, timeout=30)) as connection:
        try:
            return connection.execute(query).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return []  # it is not there yet


def postgres_rows(url: str, query: str) -> list[tuple[Any, ...]]:
    import psycopg

    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        try:
            return connection.execute(query.encode()).fetchall()
        except psycopg.errors.UndefinedTable:
            return []


def wait(process: Process, seconds: float = 240) -> int:
    """The exit code. A driver that does not end is killed, and that shows as -9."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        kill(process)
        return process.wait()


def kill(process: Process) -> None:
    """kill -9 of the driver alone: what it has started must look after itself."""
    process.send_signal(signal.SIGKILL)
    process.wait()
    KILLS.append(process.pid)


def until(holds: Callable[[], bool], seconds: float, every: float = 0.05) -> bool:
    """Wait for something that happens in another process. Returns whether it did in time."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(every)
    return True
