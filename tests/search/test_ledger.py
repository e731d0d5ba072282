"""What the ledger keeps of a finished trial."""

from pathlib import Path

import pytest
from optuna.storages import RDBStorage

from nas import MLP, Diabetes, SearchSpace, TrialConfig, choice, maximize
from nas.records import DataInfo, EpochMetrics, TrialResult
from nas.report.leaderboard import is_regression
from nas.search.layout import Layout
from nas.search.ledger import Ledger
from nas.search.opening import open_study
from tests.search.conftest import BACKENDS, SMALL, toy_space

pytestmark = pytest.mark.parametrize("url", BACKENDS, indirect=True)


def finished(storage: RDBStorage, folder: Path | None) -> Ledger:
    ledger = open_study(storage, toy_space(), "random", 0, None)
    trial = ledger.study.ask()
    ledger.begin(trial, SMALL, None)
    ledger.add_epoch(trial, [EpochMetrics(1, {"score": 1.0})])
    details = {"replicates": [{"seed": 0, "score": 1.0}, {"seed": 1, "score": 2.0}]}
    ledger.complete(trial, TrialResult({"score": 1.5}, epochs=1, details=details, folder=folder), [1.5, 1.0])
    return ledger


def test_the_folder_of_findings_is_known_afterwards(storage: RDBStorage) -> None:
    ledger = finished(storage, Path("/somewhere/findings"))
    assert [record.folder for record in ledger.records()] == [None]
    for home in (Path("/here"), Path("/mounted/there")):  # what the ledger holds names no place
        ledger.layout = Layout(home, home)
        assert [record.folder for record in ledger.records()] == [f"{home}/artifacts/toy/00000/findings"]


def test_a_trial_without_findings_has_none(storage: RDBStorage) -> None:
    [record] = finished(storage, None).records()
    assert record.folder is None


def test_replicates_stand_in_the_details_and_not_in_the_curve(storage: RDBStorage) -> None:
    [record] = finished(storage, None).records()
    assert record.details["replicates"] == [{"seed": 0, "score": 1.0}, {"seed": 1, "score": 2.0}]
    assert record.curve == (EpochMetrics(1, {"score": 1.0}),)


def test_a_study_knows_its_task(storage: RDBStorage) -> None:
    template = TrialConfig(data=Diabetes(), model=MLP(input_dropout=choice(0.0, 0.1)))
    info = DataInfo((10, 1, 1), (), {"train": 300, "val": 60, "test": 60}, digest="d" * 16)
    tables = open_study(storage, SearchSpace("table", template, (maximize("val_r2"),)), "tpe", 0, info)
    assert is_regression(tables)
    assert not is_regression(open_study(storage, toy_space(), "tpe", 0, None))
