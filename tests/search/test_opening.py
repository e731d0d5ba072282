"""Opening a study: fingerprints, names, queued baselines, near names for a misspelt study."""

import pytest
from optuna.storages import RDBStorage

from nas import choice, maximize
from nas.search.drawing import Drawer
from nas.search.opening import StudyChanged, free_name, open_references, open_study, require_study, study_names
from nas.search.storage import StorageError
from tests.search.conftest import BACKENDS, Toy, toy_cost, toy_space

pytestmark = pytest.mark.parametrize("url", BACKENDS, indirect=True)


def test_changed_space_is_refused_with_the_difference(storage: RDBStorage) -> None:
    open_study(storage, toy_space(), "tpe", 0, None)
    changed = toy_space(template=Toy(width=choice(1, 2, 4), slope=0.5), baselines={})
    with pytest.raises(StudyChanged) as caught:
        open_study(storage, changed, "tpe", 0, None)
    assert any("width" in line for line in caught.value.lines)
    assert any("slope" in line for line in caught.value.lines)
    with pytest.raises(StudyChanged):
        open_study(storage, toy_space(objectives=(maximize("score"),)), "tpe", 0, None)
    with pytest.raises(StudyChanged):
        open_study(storage, toy_space(epochs=9), "tpe", 0, None)
    assert len(open_study(storage, toy_space(), "tpe", 0, None).frozen()) == 2


def test_baselines_may_be_added_and_are_queued_once(storage: RDBStorage) -> None:
    ledger = open_study(storage, toy_space(), "tpe", 0, None)
    assert len(ledger.frozen()) == 2
    more = {**toy_space().baselines, "new": Toy(width=3, slope=0.5)}
    assert len(open_study(storage, toy_space(baselines=more), "tpe", 0, None).frozen()) == 3
    assert len(open_study(storage, toy_space(baselines=more), "tpe", 0, None).frozen()) == 3


def test_config_that_was_drawn_bears_a_name_given_later(storage: RDBStorage) -> None:
    ledger = open_study(storage, toy_space(baselines={}), "random", 0, None)
    draw = Drawer(toy_space(baselines={}), ledger, toy_cost, 0).draw()
    ledger.begin(draw.trial, draw.config, draw.cost)
    named = open_study(storage, toy_space(baselines={"mine": draw.config}), "random", 0, None)
    assert len(named.frozen()) == 1
    assert [record.baseline for record in named.records()] == [("mine",)]


def test_references_live_in_a_study_of_their_own(storage: RDBStorage) -> None:
    space = toy_space(references={"outside": Toy(width=9, slope=5.0)})
    open_study(storage, space, "tpe", 0, None)
    references = open_references(storage, space)
    assert len(references.frozen()) == 1
    assert len(open_references(storage, space).frozen()) == 1
    assert study_names(storage) == ["toy"]


def test_free_name(storage: RDBStorage) -> None:
    assert free_name(storage, "toy") == "toy"
    open_study(storage, toy_space(), "tpe", 0, None)
    assert free_name(storage, "toy") == "toy-2"
    open_study(storage, toy_space("toy-2"), "tpe", 0, None)
    assert free_name(storage, "toy") == "toy-3"


def test_unknown_study_tells_near_names(storage: RDBStorage) -> None:
    with pytest.raises(StorageError, match="no study has been searched yet"):
        require_study(storage, "toi")
    open_study(storage, toy_space(), "tpe", 0, None)
    with pytest.raises(StorageError, match=r"study toi: there is no such study; did you mean toy\?"):
        require_study(storage, "toi")
