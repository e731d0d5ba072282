"""The mirror, judged by reading MLflow's database and files."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nas.records import Verdict
from nas.tracking import mlflow_runs
from nas.tracking.mlflow_runs import MlflowRuns
from nas.tracking.outbox import Refused
from tests.tracking.conftest import START, complete, curve_of, points_in, running, runs_in

WRITES = (
    "create_experiment", "create_run", "log_batch", "log_text", "set_terminated", "update_run", "restore_experiment",
)  # fmt: skip
READS = ("get_experiment_by_name", "search_runs", "get_metric_history")


class Lost(ConnectionError):
    """An answer that never came."""


@pytest.fixture
def open_runs(database: Path) -> Callable[[], MlflowRuns]:
    return lambda: MlflowRuns(f"sqlite:///{database}", database.parent / "fi les")


def count(runs: MlflowRuns, monkeypatch: pytest.MonkeyPatch, names: tuple[str, ...] = WRITES) -> list[str]:
    """The calls of the client from now on, by name."""
    called: list[str] = []

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counting(*args: Any, **kwargs: Any) -> Any:
            called.append(name)
            return call(*args, **kwargs)

        return counting

    for name in names:
        monkeypatch.setattr(runs.client, name, counted(name, getattr(runs.client, name)))
    return called


def test_a_finished_trial_is_there_in_full(database, open_runs):
    runs = open_runs()
    runs.write(complete(2, baseline=("10",)), False)
    assert runs_in(database) == [("toy/2", "FINISHED", "complete")]
    points = {name: series for (_, name), series in points_in(database).items()}
    assert points["val_accuracy"] == [(1, 0.51), (2, 0.52), (3, 0.53)]
    assert points["final_val_accuracy"] == [(0, 0.5)]
    assert points["params"] == [(0, 2_000_000)]
    run = runs.client.get_run(runs.ids["toy/2"])
    assert run.data.params == {"model.convnet.filters": "32", "model.convnet.batch_norm": "True"}
    assert run.info.run_name == "baseline 10"
    assert (run.info.start_time, run.info.end_time) == (round(1000 * (START + 2)), round(1000 * (START + 62)))
    files = Path(run.info.artifact_uri)
    assert json.loads((files / "config.json").read_text())["model"] == {"kind": "convnet", "filters": 32}
    assert json.loads((files / "details.json").read_text()) == {"confusion": [[1, 0], [0, 1]]}


@pytest.mark.parametrize(
    "record", [running(), running(epochs=3), complete(), complete(verdict=Verdict.PRUNED), complete(epochs=0)]
)
def test_the_same_record_again_writes_nothing(open_runs, monkeypatch, record):
    runs = open_runs()
    runs.write(record, False)
    called = count(runs, monkeypatch)
    runs.write(record, False)
    assert called == []

    restarted = open_runs()
    called = count(restarted, monkeypatch)
    restarted.write(record, False)
    assert called == []


def test_an_epoch_is_one_call(open_runs, monkeypatch):
    runs = open_runs()
    runs.write(running(epochs=1), False)
    called = count(runs, monkeypatch, WRITES + READS)
    for epochs in (2, 3, 4):
        runs.write(running(epochs=epochs), False)
    assert called == ["log_batch"] * 3


def test_finished_trials_are_looked_up_together_after_a_restart(open_runs, monkeypatch):
    runs = open_runs()
    for number in range(7):
        runs.write(complete(number), False)
    monkeypatch.setattr(mlflow_runs, "_PAGE", 3)
    restarted = open_runs()
    called = count(restarted, monkeypatch, WRITES + READS)
    for number in range(7):
        restarted.write(complete(number), False)
    assert called == ["get_experiment_by_name", "search_runs", "search_runs", "search_runs"]
    assert set(restarted.ids) == {f"toy/{number}" for number in range(7)}


def test_a_restart_adds_only_what_is_missing(database, open_runs, monkeypatch):
    open_runs().write(running(epochs=3), False)
    restarted = open_runs()
    called = count(restarted, monkeypatch, WRITES + READS)
    restarted.write(running(epochs=5), False)
    assert called == ["get_experiment_by_name", "search_runs", "get_metric_history", "log_batch"]
    assert points_in(database)["toy/0", "val_loss"] == [(epoch, 1 / epoch) for epoch in range(1, 6)]


def test_a_retrained_epoch_keeps_its_first_point(database, open_runs):
    open_runs().write(running(epochs=3), False)
    other = replace(running(), curve=tuple(replace(point, values={"val_loss": 9.0}) for point in curve_of(4)))
    open_runs().write(other, False)
    assert points_in(database)["toy/0", "val_loss"] == [(1, 1.0), (2, 0.5), (3, 1 / 3), (4, 9.0)]


@pytest.mark.parametrize("arrives", [False, True], ids=["call lost", "answer lost"])
def test_whatever_call_fails_each_point_arrives_once(database, open_runs, monkeypatch, arrives):
    """Every call of a trial's life fails once, one trial for each; tried again, the run is as if nothing had been."""
    stages = [(running(epochs=1), False), (running(epochs=2), True), (complete(epochs=4), False)]

    def live(number: int, fail_at: int) -> int:
        runs, calls = open_runs(), 0

        def failing(call: Callable[..., Any]) -> Callable[..., Any]:
            def attempt(*args: Any, **kwargs: Any) -> Any:
                nonlocal calls
                calls += 1
                if calls != fail_at:
                    return call(*args, **kwargs)
                if arrives:
                    call(*args, **kwargs)
                raise Lost

            return attempt

        with monkeypatch.context() as patch:
            for name in WRITES + READS:
                patch.setattr(runs.client, name, failing(getattr(runs.client, name)))
            for stage, paused in stages:
                record = replace(stage, number=number, started=START + number)
                try:
                    runs.write(record, paused)
                except Lost:
                    runs.write(record, paused)
        return calls

    total = live(0, fail_at=0)
    assert total >= 10
    for number in range(1, total + 1):
        live(number, number)
    points = points_in(database)
    expected = {name: series for (uid, name), series in points.items() if uid == "toy/0"}
    assert expected["val_loss"] == [(epoch, 1 / epoch) for epoch in range(1, 5)]
    for number in range(1, total + 1):
        assert {name: series for (uid, name), series in points.items() if uid == f"toy/{number}"} == expected
    assert sorted(runs_in(database)) == sorted((f"toy/{n}", "FINISHED", "complete") for n in range(total + 1))


def test_a_point_sent_twice_is_one_point(database, open_runs):
    """Even a writer that does not know what has arrived makes no double point."""
    runs = open_runs()
    runs.write(running(epochs=3), False)
    state = runs._find(running())
    state.epochs, state.metrics = set(), set()
    runs.write(running(epochs=4), False)
    assert all(len(series) in (1, 4) for series in points_in(database).values())


def test_a_failed_trial_shows_its_cause(open_runs):
    runs = open_runs()
    runs.write(complete(verdict=Verdict.FAILED, cause="the loss is NaN", metrics={}), False)
    tags = runs.client.get_run(runs.ids["toy/0"]).data.tags
    assert (tags["nas.verdict"], tags["nas.cause"]) == ("failed", "the loss is NaN")


def test_a_baseline_named_later_gets_its_name(open_runs, monkeypatch):
    open_runs().write(complete(), False)
    runs = open_runs()
    called = count(runs, monkeypatch)
    runs.write(complete(baseline=("10", "12")), False)
    assert called == ["log_batch"]
    run = runs.client.get_run(runs.ids["toy/0"])
    assert (run.info.run_name, run.data.tags["nas.baseline"]) == ("baseline 10, 12", "10, 12")
    assert run.data.tags["nas.kind"] == "baseline"


def test_a_name_that_somebody_gave_in_mlflow_stays(open_runs):
    runs = open_runs()
    runs.write(complete(), False)
    runs.client.update_run(runs.ids["toy/0"], name="my favourite")
    restarted = open_runs()
    restarted.write(complete(), False)
    assert restarted.client.get_run(restarted.ids["toy/0"]).info.run_name == "my favourite"


def test_a_reference_stands_beside_the_trial_of_the_same_number(database, open_runs):
    runs = open_runs()
    runs.write(complete(0), False)
    runs.write(complete(0, reference="VGG19", params={}), False)
    assert [uid for uid, _, _ in runs_in(database)] == ["toy.references/0", "toy/0"]
    assert runs.client.get_run(runs.ids["toy.references/0"]).info.run_name == "VGG19"


def test_studies_have_experiments_of_their_own(open_runs):
    runs = open_runs()
    runs.write(complete(0), False)
    runs.write(complete(0, study="grün & blau"), False)
    names = {experiment.name for experiment in runs.client.search_experiments()}
    assert {"toy", "grün & blau"} <= names
    assert Path(runs.client.get_run(runs.ids["grün & blau/0"]).info.artifact_uri, "config.json").is_file()


def test_a_run_deleted_in_mlflow_comes_back_in_full(database, open_runs):
    runs = open_runs()
    runs.write(running(epochs=2), False)
    runs.client.delete_run(runs.ids["toy/0"])
    with pytest.raises(Exception, match="active"):
        runs.write(running(epochs=3), False)
    runs.write(running(epochs=3), False)
    assert len(points_in(database)["toy/0", "val_loss"]) == 3


def test_an_experiment_deleted_in_mlflow_is_restored(database, open_runs):
    runs = open_runs()
    runs.write(complete(), False)
    runs.client.delete_experiment(runs.client.get_experiment_by_name("toy").experiment_id)
    open_runs().write(complete(1), False)
    assert [uid for uid, _, _ in runs_in(database)] == ["toy/0", "toy/1"]


def test_a_new_study_of_an_old_name_gets_new_runs(database, open_runs):
    open_runs().write(complete(), False)
    runs = open_runs()
    runs.write(running(epochs=1, started=START + 5000), False)
    assert sorted(runs_in(database)) == [("toy/0", "FINISHED", "complete"), ("toy/0", "RUNNING", "running")]
    newest = runs.client.search_runs([runs.client.get_experiment_by_name("toy").experiment_id])[0]
    assert runs.ids["toy/0"] == newest.info.run_id
    assert newest.info.status == "RUNNING"


def test_a_record_that_mlflow_never_takes_is_refused_at_the_second_try(open_runs):
    wrong = running(study="")
    runs = open_runs()
    with pytest.raises(Exception, match="name") as first:
        runs.write(wrong, False)
    assert not isinstance(first.value, Refused)
    with pytest.raises(Refused):
        runs.write(wrong, False)
    runs.write(running(), False)


def test_infinite_and_undefined_values_do_not_stop_the_mirror(database, open_runs):
    record = complete(metrics={"val_accuracy": float("nan"), "test_accuracy": float("inf")})
    open_runs().write(record, False)
    with closing(sqlite3.connect(database)) as connection:
        rows = dict(connection.execute("SELECT key, is_nan FROM metrics WHERE step = 0").fetchall())
    assert rows["final_val_accuracy"] == 1
    assert rows["test_accuracy"] == 0


def test_long_curves_and_many_holes_fit(database, open_runs):
    params = {f"layers.{index}.width": index for index in range(250)}
    runs = open_runs()
    runs.write(complete(epochs=1000, params=params), False)
    assert len(points_in(database)["toy/0", "val_loss"]) == 1000
    assert runs.client.get_run(runs.ids["toy/0"]).data.params == {name: str(value) for name, value in params.items()}
