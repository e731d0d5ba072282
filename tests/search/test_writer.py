"""The writer: what it holds is what the database holds, what belongs together arrives together, memory stays small."""

from contextlib import suppress
from math import inf, isnan, nan
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import event

from nas.search.lock import StudyLock
from nas.search.trial_rows import PAGE, read_trials
from nas.search.writer import KEPT, Writer
from tests.search.conftest import BACKENDS

pytestmark = pytest.mark.parametrize("url", BACKENDS, indirect=True)


@pytest.fixture
def writer(storage: RDBStorage) -> Writer:
    return Writer(StudyLock(storage))


@pytest.fixture
def study(writer: Writer) -> optuna.Study:
    return optuna.create_study(storage=writer, study_name="written", direction="maximize")


def stored(storage: RDBStorage, study: optuna.Study) -> list[FrozenTrial]:
    """What Optuna itself reads from the tables."""
    return RDBStorage(storage.url).get_all_trials(study._study_id)


def varied(study: optuna.Study) -> None:
    """A trial of each state, with every kind of thing that a trial can have."""
    study.enqueue_trial({"x": 0.5}, user_attrs={"hash": "queued"})
    complete = study.ask()
    complete.suggest_float("x", 0.0, 1.0)
    complete.suggest_categorical("c", ["a", None, True, 3])
    complete.set_user_attr("curve", [{"epoch": 1, "score": 0.25}])
    complete.set_constraint("narrow", -1.0)
    study.tell(complete, 0.75)
    pruned = study.ask()
    pruned.suggest_int("n", 1, 8, log=True)
    for step, value in enumerate([0.1, nan, inf, -inf, 0.2], start=1):
        pruned.report(value, step)
    study.tell(pruned, state=TrialState.PRUNED)
    study.tell(study.ask(), inf)
    study.tell(study.ask(), state=TrialState.FAIL)
    running = study.ask()
    running.suggest_float("x", 0.0, 1.0)
    running.set_user_attr("curve", [1, 2])
    study.enqueue_trial({"x": 1.0})


def shown(trial: FrozenTrial, kept: bool = False) -> dict[str, object]:
    attributes = {name: value for name, value in trial.user_attrs.items() if not kept or name in KEPT}
    steps = {step: "nan" if isnan(value) else value for step, value in trial.intermediate_values.items()}
    moments = [moment and moment.replace(microsecond=0) for moment in (trial.datetime_start, trial.datetime_complete)]
    plain = (trial.number, trial.state, trial.values, trial.params, trial.distributions, trial.system_attrs)
    return {"plain": plain, "attributes": attributes, "steps": steps, "moments": moments, "id": trial._trial_id}


def test_reads_what_optuna_reads(storage: RDBStorage, writer: Writer, study: optuna.Study) -> None:
    varied(study)
    whole = [shown(trial) for trial in stored(storage, study)]
    assert [shown(trial) for trial in read_trials(storage, study._study_id)] == whole
    assert [shown(trial) for trial in writer.read(study._study_id)] == whole


def test_memory_is_the_database_less_what_finished_trials_need_not(
    storage: RDBStorage, writer: Writer, study: optuna.Study
) -> None:
    varied(study)
    expected = [shown(trial, kept=trial.state.is_finished()) for trial in stored(storage, study)]
    assert [shown(trial) for trial in study.get_trials(deepcopy=False)] == expected
    again = optuna.load_study(storage=Writer(StudyLock(storage)), study_name="written")
    assert [shown(trial) for trial in again.get_trials(deepcopy=False)] == expected


def test_together_arrives_as_a_whole(storage: RDBStorage, writer: Writer, study: optuna.Study) -> None:
    trial = study.ask()
    with writer.together():
        trial.set_user_attr("a", 1)
        with writer.together():
            trial.set_user_attr("b", 2)
        study.tell(trial, 1.0)
        [before] = stored(storage, study)
        assert (before.user_attrs, before.state) == ({}, TrialState.RUNNING)
    [after] = stored(storage, study)
    assert (after.user_attrs, after.state, after.values) == ({"a": 1, "b": 2}, TrialState.COMPLETE, [1.0])


def test_an_error_inside_loses_nothing_that_was_set(storage: RDBStorage, writer: Writer, study: optuna.Study) -> None:
    trial = study.ask()
    with suppress(RuntimeError), writer.together():
        trial.set_user_attr("a", 1)
        raise RuntimeError
    assert stored(storage, study)[0].user_attrs == {"a": 1}


def test_a_new_value_replaces_the_old_one(storage: RDBStorage, writer: Writer, study: optuna.Study) -> None:
    trial = study.ask()
    trial.set_user_attr("curve", [1])
    with writer.together():
        trial.set_user_attr("curve", [1, 2])
        trial.set_user_attr("curve", [1, 2, 3])
    assert stored(storage, study)[0].user_attrs == {"curve": [1, 2, 3]}


def test_finished_trials_are_closed(writer: Writer, study: optuna.Study) -> None:
    trial = study.ask()
    study.tell(trial, 1.0)
    with pytest.raises(UpdateFinishedTrialError):
        trial.set_user_attr("late", 1)


def test_domains_may_not_change(study: optuna.Study) -> None:
    study.ask().suggest_categorical("c", ["a", "b"])
    with pytest.raises(ValueError, match="dynamic value space"):
        study.ask().suggest_categorical("c", ["a"])


def test_trials_share_their_domains(writer: Writer, study: optuna.Study) -> None:
    for _ in range(3):
        study.ask().suggest_categorical("c", ["a", "b"])
    held = {id(trial.distributions["c"]) for trial in study.get_trials(deepcopy=False)}
    assert len(held) == 1
    assert study.trials[0].distributions["c"] == CategoricalDistribution(("a", "b"))


def test_queued_trials_come_in_order(study: optuna.Study) -> None:
    for value in (0.1, 0.2, 0.3):
        study.enqueue_trial({"x": value})
    drawn = [study.ask({"x": FloatDistribution(0.0, 1.0)}).params["x"] for _ in range(4)]
    assert drawn[:3] == [0.1, 0.2, 0.3]


def test_several_pages_and_studies(storage: RDBStorage, writer: Writer, study: optuna.Study) -> None:
    other = optuna.create_study(storage=writer, study_name="other")
    with writer.together():
        for number in range(PAGE + 5):
            study.ask()
            if number % 3 == 0:
                other.ask()
    found = [trial.number for trial in read_trials(storage, study._study_id)]
    assert found == list(range(PAGE + 5))
    newest = list(read_trials(storage, other._study_id))[-1]
    ids = [trial._trial_id for trial in study.trials]
    newer = read_trials(storage, study._study_id, newer_than=newest._trial_id, also={ids[0]})
    assert [trial._trial_id for trial in newer] == [ids[0], *(own for own in ids if own > newest._trial_id)]


def test_verdicts_survive_a_power_failure(storage: RDBStorage, writer: Writer, study: optuna.Study) -> None:
    if storage.engine.name != "sqlite":
        pytest.skip("PostgreSQL's own settings say so")
    levels: list[tuple[str, int]] = []

    def note(connection: Any) -> None:
        dbapi = connection.connection.dbapi_connection
        levels.append((what, dbapi.execute("PRAGMA synchronous").fetchone()[0]))

    event.listen(storage.engine, "commit", note)
    what = "ask"
    trial = study.ask()
    what = "epoch"
    trial.set_user_attr("curve", [1])
    what = "verdict"
    with writer.together():
        study.tell(trial, 1.0)
    what = "next"
    study.ask()
    normal, full = 1, 2
    assert levels == [("ask", normal), ("epoch", normal), ("verdict", full), ("next", normal)]
