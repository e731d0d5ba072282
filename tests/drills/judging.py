"""What must hold of a study after its drivers were killed: read from its databases, its folders and its journal."""

import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tests.drills.study import Drill

SECONDS_REPEATED = 10.0
"""What a kill may cost of each running trial, unless an epoch takes longer."""
_SLACK = 1.0
COUNTED = ("complete", "pruned", "failed")


def judge(drill: Drill, references: int = 0) -> None:
    """Exactly the trials asked for, each with one verdict and a curve without gaps; no work, weight or file lost."""
    check_verdicts(drill, references)
    check_curves(drill)
    check_tracking(drill)
    check_files(drill)
    check_work(drill)


def verdicts(drill: Drill, study: str = "") -> dict[int, str]:
    return {number: str(found) for number, found in drill.attributes("verdict", study).items()}


def check_verdicts(drill: Drill, references: int = 0) -> None:
    """As many as asked for, no config twice among them, and Optuna's state is that of the verdict."""
    found = verdicts(drill)
    counted = [number for number, verdict in found.items() if verdict in COUNTED]
    assert len(counted) == drill.trials, (found, drill.tail())
    assert len(verdicts(drill, f"{drill.name}.references")) == references, drill.tail()
    assert not {"RUNNING", "WAITING"} & drill.states().keys(), drill.states()
    hashes = drill.attributes("hash")
    twice = [digest for digest, count in Counter(hashes[number] for number in counted).items() if count > 1]
    assert not twice, f"trained twice: {twice}"
    states = {"complete": "COMPLETE", "failed": "FAIL"}
    stored = dict(drill.trial_rows("SELECT number, state FROM trials"))
    assert stored == {number: states.get(verdict, "PRUNED") for number, verdict in found.items()}


def check_curves(drill: Drill) -> None:
    """Every trial that counts has the epochs from the first to its last, once; with one objective as steps too."""
    found = verdicts(drill)
    for number, epochs in drill.curves().items():
        assert epochs == list(range(1, len(epochs) + 1)), (number, epochs)
        assert found[number] != "complete" or len(epochs) == drill.epochs, (number, epochs)
    steps: dict[int, list[int]] = defaultdict(list)
    for number, step in drill.trial_rows(
        "SELECT number, step FROM trial_intermediate_values JOIN trials USING (trial_id) ORDER BY step"
    ):
        steps[number].append(step)
    assert not steps or steps == drill.curves()


def check_tracking(drill: Drill) -> None:
    """A run for each trial that counts and each reference, of its status, with a point for each epoch of its curve."""
    expected: dict[str, tuple[str, list[int]]] = {}
    for study in (drill.name, f"{drill.name}.references"):
        curves = drill.curves(study)
        for number, verdict in verdicts(drill, study).items():
            if verdict in COUNTED:
                expected[f"{study}/{number}"] = _STATUS[verdict], curves.get(number, [])
    runs = drill.mlflow_rows("SELECT value, status FROM tags JOIN runs USING (run_uuid) WHERE key = 'nas.uid'")
    assert Counter(runs) == Counter((uid, status) for uid, (status, _) in expected.items())
    points: dict[str, list[int]] = {uid: [] for uid in expected}
    for uid, step in drill.mlflow_rows(
        "SELECT tags.value, step FROM metrics JOIN tags USING (run_uuid)"
        " WHERE tags.key = 'nas.uid' AND metrics.key = 'val_loss' ORDER BY step"
    ):
        points[uid].append(step)
    assert points == {uid: epochs for uid, (_, epochs) in expected.items()}


_STATUS = {"complete": "FINISHED", "pruned": "KILLED", "failed": "FAILED"}


def check_files(drill: Drill) -> None:
    """The weights of the front and of the five best are there, those of no other; no checkpoint is left."""
    left = sorted(
        str(path.relative_to(drill.home)) for path in (drill.home / "checkpoints").rglob("*") if path.is_file()
    )
    assert not left, left
    folder = drill.home / "artifacts" / drill.name
    there = {int(path.parent.name) for path in folder.glob("*/weights.*")}
    assert there == worth_keeping(drill), "weights"
    assert not list(folder.rglob("*.partial"))


def worth_keeping(drill: Drill) -> set[int]:
    """The front and the five best by the first objective. Pruned trials stand in the values table too."""
    gains: dict[int, list[float]] = defaultdict(list)
    directions = [row[0] for row in drill.rows(
        "SELECT direction FROM study_directions JOIN studies USING (study_id)"
        f" WHERE study_name = '{drill.name}' ORDER BY objective"
    )]  # fmt: skip
    for number, objective, value in drill.trial_rows(
        "SELECT number, objective, value FROM trial_values JOIN trials USING (trial_id) WHERE state = 'COMPLETE'"
        " ORDER BY objective"
    ):
        gains[number].append(value if directions[objective] == "MAXIMIZE" else -value)

    def beaten(own: list[float]) -> bool:
        return any(other != own and all(a >= b for a, b in zip(other, own, strict=True)) for other in gains.values())

    best = sorted(gains, key=lambda number: gains[number], reverse=True)[:5]
    return {number for number, own in gains.items() if not beaten(own)} | set(best)


@dataclass
class Life:
    """What one process trained of one trial: when each epoch began and ended."""

    begins: dict[int, float] = field(default_factory=dict)
    ends: dict[int, float] = field(default_factory=dict)


def check_work(drill: Drill) -> None:
    """Of each kill's running trials at most an epoch or ten seconds of work were done again, whichever is longer."""
    for trial, lives in lives_of(drill).items():
        longest = max(
            (life.ends[epoch] - began for life in lives for epoch, began in life.begins.items() if epoch in life.ends),
            default=0.0,
        )
        for again, seconds in repeated(lives, drill.deaths):
            assert seconds <= max(SECONDS_REPEATED, longest) + _SLACK, (trial, again, seconds, longest)


def repeated(lives: list[Life], deaths: list[float]) -> list[tuple[int, float]]:
    """For each time that a trial was taken up again: from which epoch, and seconds of work that were lost by it."""
    found = []
    for before, after in pairwise(lives):
        first = min(after.begins, default=0)
        if first not in before.begins:
            continue
        last_sign = max([*before.begins.values(), *before.ends.values()])
        orphaned = any(min(before.begins.values()) <= moment <= last_sign for moment in deaths)  # a worker of Ray's
        died = last_sign if orphaned else min((moment for moment in deaths if moment >= last_sign), default=last_sign)
        found.append((first, died - before.begins[first]))
    return found


def lives_of(drill: Drill) -> dict[str, list[Life]]:
    """By trial (its folder of checkpoints) what each process did, the first one first."""
    trials: dict[str, dict[int, Life]] = defaultdict(dict)
    for line in read_journal(drill):
        life = trials[line["folder"]].setdefault(line["process"], Life())
        for what in ("begins", "ends"):
            if what in line:
                getattr(life, what)[line[what]] = line["time"]
    return {folder: list(lives.values()) for folder, lives in trials.items()}


def read_journal(drill: Drill) -> list[dict[str, Any]]:
    if not drill.journal.exists():
        return []
    return [json.loads(line) for line in drill.journal.read_text(encoding="utf-8").splitlines()]
