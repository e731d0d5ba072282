"""Named moments of a driver's life at which a drill ends it: `install("after ask", 3)` before `nas` is called."""

import os
import signal
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple


class Point(NamedTuple):
    """A function (`module:qualified name`), and whether the end comes after its n-th call, or before it."""

    function: str
    after: bool


POINTS = {
    "study created": Point("nas.search.writer:Writer.create_new_study", True),
    "attribute of the study": Point("nas.search.writer:Writer.set_study_user_attr", True),
    "data prepared": Point("nas.search.run:prepare_data", True),
    "half of the baselines queued": Point("nas.search.ledger:Ledger.enqueue", True),
    "after ask": Point("optuna.study:Study.ask", True),
    "after a suggest": Point("optuna.trial:Trial._suggest", True),
    "before a commit": Point("sqlalchemy.engine.base:Connection._commit_impl", False),
    "after a commit": Point("sqlalchemy.engine.base:Connection._commit_impl", True),
    "trial begun": Point("nas.search.ledger:Ledger.begin", True),
    "before an epoch is stored": Point("nas.search.ledger:Ledger.add_epoch", False),
    "after an epoch is stored": Point("nas.search.ledger:Ledger.add_epoch", True),
    "checkpoint half written": Point("nas.training.checkpoint:write_file", False),
    "before a checkpoint's rename": Point("pathlib:Path.replace", False),
    "weights written": Point("nas.trial:save_model", True),
    "before tell": Point("optuna.study:Study.tell", False),
    "between verdict and its commit": Point("optuna.study:Study.tell", True),
    "after tell, before MLflow": Point("nas.search.ledger:Ledger.complete", True),
    "before checkpoints are removed": Point("nas.search.retention:Retention.ended", False),
    "MLflow run created": Point("mlflow.tracking:MlflowClient.create_run", True),
    "before MLflow's batch": Point("mlflow.tracking:MlflowClient.log_batch", False),
    "after MLflow's batch": Point("mlflow.tracking:MlflowClient.log_batch", True),
    "before MLflow's end of a run": Point("mlflow.tracking:MlflowClient.set_terminated", False),
}
"""A driver can be killed at each of these."""

MORE = {
    "space loaded": Point("nas.cli.search:read_space", True),
    "study opened": Point("nas.search.run:open_study", True),
    "work done": Point("nas.search.run:_finish_tracking", False),
    "leaderboard read": Point("nas.report.leaderboard:read_board", True),
    "leaderboard printed": Point("nas.report.table:print_board", True),
}
"""For signals that a driver can handle."""


def install(name: str, count: int, number: int = signal.SIGKILL) -> None:
    """Let this process send itself a signal at the `count`-th call of the point's function, in whichever thread."""
    point, lock, calls = {**POINTS, **MORE}[name], threading.Lock(), 0
    module, _, path = point.function.partition(":")
    *owners, attribute = path.split(".")
    owner: Any = import_module(module)
    for part in owners:
        owner = getattr(owner, part)
    whole: Callable[..., Any] = getattr(owner, attribute)

    def deadly(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        with lock:
            calls += 1
            now = calls == count
        if now and name == "checkpoint half written":
            _write_half(*arguments)
        if now and not point.after:
            os.kill(os.getpid(), number)
        result = whole(*arguments, **named)
        if now and point.after:
            os.kill(os.getpid(), number)
        return result

    setattr(owner, attribute, deadly)


def _write_half(folder: Path, write: Callable[[Any], str]) -> None:
    """What a crash in the middle of a write leaves behind."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{os.getpid()}.partial").open("wb") as file:
        write(file)
        file.truncate(file.tell() // 2)
