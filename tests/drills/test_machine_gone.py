"""The machine is gone with its home folder: the study goes on elsewhere, from PostgreSQL and the shared folder."""

import json
import random
import shutil
import time
from pathlib import Path

import pytest

from tests.drills.forked import server
from tests.drills.judging import check_curves, check_tracking, check_verdicts, check_work, lives_of
from tests.drills.study import ROUNDS, Drill, wait

QUICK = {"NAS_DRILL_CHECKPOINT_SECONDS": "0", "NAS_DRILL_EPOCH_SECONDS": "0.1"}


def moved(lost: Drill, folder: Path, artifacts: Path) -> Drill:
    """The same study on another machine, where the shared folder is mounted elsewhere."""
    here = Drill(
        folder, trials=lost.trials, executor="local", forked=True, env=QUICK,
        storage=lost.storage, options=("--artifacts", str(artifacts)),
    )  # fmt: skip
    journal = lost.journal.read_text(encoding="utf-8").replace(lost.options[1], str(artifacts))
    here.journal.write_text(journal, encoding="utf-8")  # the drill's own, to count what was done twice
    here.deaths = lost.deaths
    return here


def in_full(drill: Drill) -> dict[int, tuple[object, ...]]:
    """All that the ledger holds of each trial that has ended, but the way to its MLflow run."""
    rows = drill.rows(
        "SELECT number, state, datetime_complete, key, value_json FROM trials JOIN trial_user_attributes"
        " USING (trial_id) WHERE state = 'COMPLETE' ORDER BY number, key"
    )
    return {number: tuple(row for row in rows if row[0] == number) for number in {row[0] for row in rows}}


def ensemble_of(drill: Drill, artifacts: Path) -> list[dict[str, object]]:
    """What `nas ensemble` measures, for which it loads the kept weights."""
    log = drill.folder / "ensemble"
    arguments = ["ensemble", drill.name, "--top", str(drill.trials), "--json", "--home", str(drill.home)]
    arguments += ["--storage", str(drill.storage), "--artifacts", str(artifacts)]
    assert wait(server().start(arguments, log, {}), 60) == 0, log.read_text()
    members: list[dict[str, object]] = json.loads(log.read_text())["members"]
    return members


@pytest.mark.slow
@pytest.mark.xdist_group("postgres")
@pytest.mark.parametrize("seed", ROUNDS)
def test_a_study_outlives_its_machine(tmp_path: Path, postgres_url: str, seed: int) -> None:
    dice = random.Random(seed)
    before, after = tmp_path / "mounted here", tmp_path / "mounted there"
    lost = Drill(
        tmp_path / "lost", trials=4, executor="local", forked=True, env=QUICK,
        storage=postgres_url, options=("--artifacts", str(before)),
    )  # fmt: skip
    process = lost.start()
    lost.await_progress(process, epochs=8)  # one trial has ended
    time.sleep(dice.uniform(0, 1.0))
    lost.kill(process)
    finished, stored = in_full(lost), lost.curves()
    running = [number for (number,) in lost.rows("SELECT number FROM trials WHERE state = 'RUNNING'")]
    assert finished

    here = moved(lost, tmp_path / "another", after)
    shutil.rmtree(lost.folder)
    before.rename(after)
    here.finish()

    check_verdicts(here)
    check_curves(here)
    check_tracking(here)
    check_work(here)
    assert in_full(here).items() >= finished.items()
    for folder, lives in lives_of(here).items():
        number = int(Path(folder).parent.name)
        if number in running and len(lives) > 1:
            assert min(lives[1].begins) >= len(stored.get(number, [])), "more than one epoch was lost"
    assert not before.exists()
    assert not list((after / "checkpoints").rglob("*.pt"))
    assert not (here.home / "artifacts").exists()
    assert len(ensemble_of(here, after)) == 4
    findings = list((after / "artifacts" / ".mlflow" / here.name).glob("*/artifacts/findings/report.json"))
    assert len(findings) >= 4, "those of trials that ended on the lost machine are shown again"
