from pathlib import Path

import optuna
import pytest

from nas.tracking.stores import current_store, is_whole, note_store, noted_stores, same_store

OWN = "sqlite:////home/me/.nas/mlflow.db"


@pytest.fixture
def study(tmp_path: Path) -> optuna.Study:
    return optuna.create_study()


def test_the_newest_is_the_last_and_each_is_there_once(study: optuna.Study):
    assert (noted_stores(study, OWN), current_store(study, OWN)) == ([], "none")
    for uri in (OWN, "http://a:1", "http://b:2", "http://a:1"):
        note_store(study, uri, OWN)
    assert noted_stores(study, OWN) == [OWN, "http://b:2", "http://a:1"]
    note_store(study, OWN, OWN)
    assert noted_stores(study, OWN)[-1] == current_store(study, OWN) == OWN
    assert noted_stores(study, OWN).count(OWN) == 1


def test_no_tracking_is_the_current_store_but_none_to_look_in(study: optuna.Study):
    note_store(study, "http://a:1", OWN)
    note_store(study, "none", OWN)
    assert (noted_stores(study, OWN), current_store(study, OWN)) == (["http://a:1"], "none")


def test_the_homes_own_store_moves_with_the_home(study: optuna.Study):
    note_store(study, OWN, OWN)
    assert noted_stores(study, "sqlite:////elsewhere/mlflow.db") == ["sqlite:////elsewhere/mlflow.db"]


def test_a_password_is_not_noted(study: optuna.Study):
    note_store(study, "http://me:secret@a:1", OWN)
    (noted,) = noted_stores(study, OWN)
    assert "secret" not in str(study.user_attrs)
    assert not is_whole(noted)
    assert same_store("http://me:other@a:1", noted)
    assert not same_store("http://me:other@b:1", noted)


def test_names_of_this_machine_are_the_same():
    assert same_store("http://localhost:5000/", "http://127.0.0.1:5000")
    assert not same_store("http://localhost:5000", "http://localhost:5001")
