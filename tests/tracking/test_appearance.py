import importlib
import json
from dataclasses import replace
from types import ModuleType

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nas import MLP, Diabetes, TrialConfig
from nas.records import EpochMetrics, Verdict
from nas.space.config import to_dict
from nas.tracking import appearance
from tests.tracking.conftest import complete, curve_of, running


def test_run_names_are_what_people_call_the_trial():
    names = [
        appearance.run_name(record)
        for record in (running(12), running(12, baseline=("10",)), running(12, baseline=("12", "14")))
    ]
    assert names == ["trial 12", "baseline 10", "baseline 12, 14"]
    assert appearance.run_name(running(0, reference="VGG19")) == "VGG19"


def test_tags_lead_to_the_optuna_trial_and_say_what_ran_where():
    tags = appearance.standing_tags(running(4, baseline=("9",)))
    assert tags["nas.uid"] == "toy/4"
    assert (tags["optuna.study"], tags["optuna.trial_number"], tags["optuna.trial_id"]) == ("toy", "4", "5")
    assert (tags["nas.kind"], tags["nas.baseline"], tags["nas.seed"]) == ("baseline", "9", "7")
    assert tags["env.python"] == "3.11.9"
    assert appearance.standing_tags(running(4, reference="VGG19"))["optuna.study"] == "toy.references"


def test_statuses_and_verdicts():
    shown = {
        verdict: (appearance.status(record, False), appearance.closing_tags(record, False)["nas.verdict"])
        for verdict in (Verdict.COMPLETE, Verdict.PRUNED, Verdict.FAILED)
        for record in [complete(verdict=verdict)]
    }
    assert shown == {
        Verdict.COMPLETE: ("FINISHED", "complete"),
        Verdict.PRUNED: ("KILLED", "pruned"),
        Verdict.FAILED: ("FAILED", "failed"),
    }
    assert appearance.status(running(), True) == "KILLED"
    assert appearance.closing_tags(running(), True) == {"nas.verdict": "interrupted"}
    failed = complete(verdict=Verdict.FAILED, cause="out of memory")
    assert appearance.closing_tags(failed, False) == {"nas.verdict": "failed", "nas.cause": "out of memory"}


def test_figures_of_a_finished_trial():
    figures = {point.name: point.value for point in appearance.figures(complete(), 0)}
    assert figures == {
        "params": 2_000_000,
        "trainable_params": 1_999_000,
        "flops": 40_000_000,
        "activation_bytes": 4096,
        "accuracy_per_million_params": 0.25,  # 0.5 / 2 million
        "final_val_accuracy": 0.5,
        "test_accuracy": 0.25,
        "macro_f1": 0.75,
    }


def test_figures_of_a_running_trial_are_its_cost_only():
    assert {point.name for point in appearance.figures(running(epochs=2), 0)} == {
        "params", "trainable_params", "flops", "activation_bytes",
    }  # fmt: skip
    assert not list(appearance.figures(running(cost=None), 0))


def test_a_metric_without_a_curve_keeps_its_name():
    record = complete(epochs=0, cost=None, metrics={"score": 3.0})
    assert [(point.name, point.value) for point in appearance.figures(record, 0)] == [("score", 3.0)]


def test_points_stand_at_the_time_that_was_trained():
    epochs = list(appearance.curve(running(epochs=3), 1000, known={2}))
    assert [{(point.step, point.timestamp) for point in epoch} for epoch in epochs] == [{(1, 3001)}, {(3, 7003)}]


@given(st.lists(st.sets(st.sampled_from("abc"), min_size=1), max_size=6))
def test_witnesses_are_in_every_epoch(names: list[set[str]]):
    curve = tuple(EpochMetrics(epoch, dict.fromkeys(sorted(some), 0.0)) for epoch, some in enumerate(names, start=1))
    found = set(appearance.witnesses(running(curve=curve)))
    assert all(found & some for some in names)
    assert len(found) <= 3


def test_one_witness_is_enough_for_an_ordinary_curve():
    assert appearance.witnesses(running(curve=curve_of(100))) == ["val_accuracy"]


@pytest.fixture(scope="module")
def validation() -> ModuleType:
    return importlib.import_module("mlflow.utils.validation")


@given(name=st.text(min_size=1, max_size=300))
@example(name="a//b")
@example(name="..")
@example(name="/")
def test_mlflow_takes_every_cleaned_name(validation: ModuleType, name: str):
    cleaned = appearance.clean(name)
    validation._validate_metric_name(cleaned)
    validation._validate_tag_name(cleaned)
    assert validation._validate_param(cleaned, "x").key == cleaned


def test_paths_of_holes_stay_as_they_are():
    record = replace(running(), params={"model.convnet.filters": 32, "layers.0.width": 2.5, "on/off": None})
    assert appearance.params(record) == {"model.convnet.filters": "32", "layers.0.width": "2.5", "on/off": "None"}


def test_long_texts_are_cut_to_what_a_database_takes():
    assert len(appearance.closing_tags(complete(cause="x" * 10_000), False)["nas.cause"]) == 5000
    assert len(appearance.params(running(params={"p": "x" * 10_000}))["p"]) == 5000


def test_the_saved_view_shows_accuracy_cost_and_holes():
    tags = appearance.experiment_tags(running())
    view = json.loads(tags["mlflow.sharedViewState.nas"])
    assert view["orderByKey"] == "metrics.`final_val_accuracy`"
    assert {"metrics.`params`", "params.`model.convnet.filters`"} <= set(view["selectedColumns"])
    assert tags["nas.study"] == "toy"


def test_the_saved_view_of_a_regression_has_its_own_figures():
    record = running(config=to_dict(TrialConfig(data=Diabetes(), model=MLP())))
    view = json.loads(appearance.experiment_tags(record)["mlflow.sharedViewState.nas"])
    assert (view["orderByKey"], view["orderByAsc"]) == ("metrics.`final_val_r2`", False)
    assert "metrics.`test_r2`" in view["selectedColumns"]
    assert not [column for column in view["selectedColumns"] if "accuracy" in column]
