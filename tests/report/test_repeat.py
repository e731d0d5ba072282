import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from nas.report.repeat import differences, repeat_command
from nas.search.ledger import Ledger
from nas.space.config import to_dict
from nas.space.paths import read_value, set_path
from nas.tracking.record import TrialRecord
from tests.report.studies import SPACE, config, small_study

SEARCH = "/usr/bin/nas search spaces/cnn.py:wide --trials 30 --epochs 100 --data=cifar10 --jobs 2 --seed 3"


@pytest.fixture
def ledgers(tmp_path: Path) -> tuple[Ledger, Ledger]:
    return small_study(tmp_path)


def records(ledger: Ledger) -> list[TrialRecord]:
    return [replace(record, environment={"command": SEARCH}) for record in ledger.records()]


def test_named_trials_by_their_name(ledgers: tuple[Ledger, Ledger]) -> None:
    main, references = (records(ledger) for ledger in ledgers)
    tail = "--epochs 100 --data=cifar10 --seed 3"
    assert repeat_command(main[1], main) == f"nas train spaces/cnn.py:wide --baseline 10 {tail}"
    assert repeat_command(references[0], main) == f"nas train spaces/cnn.py:wide --reference VGG19 {tail}"


def test_all_that_decides_what_is_trained_is_carried(ledgers: tuple[Ledger, Ledger]) -> None:
    given = "--smoke --data x.csv --target MEDV --limit=200 --weights w.pth --home h --data-dir d"
    record = replace(records(ledgers[0])[0], environment={"command": f"nas search a.py --quiet {given} --jobs 2"})
    assert repeat_command(record, [record]) == f"nas train a.py --baseline 0 {given}"


def test_others_by_their_differences_from_the_nearest_baseline(ledgers: tuple[Ledger, Ledger]) -> None:
    main = records(ledgers[0])
    for record in main:
        tokens = shlex.split(repeat_command(record, main))
        own = SPACE.baselines[tokens[tokens.index("--baseline") + 1]]
        for index, token in enumerate(tokens):
            if token == "--set":
                path, _, value = tokens[index + 1].partition("=")
                own = set_path(own, path, read_value(value))
        assert to_dict(own) == record.config
    assert "--set model.convnet.batch_norm=true" in repeat_command(main[2], main)


def test_without_baselines_by_the_holes(ledgers: tuple[Ledger, Ledger]) -> None:
    main = [replace(record, baseline=()) for record in records(ledgers[0])]
    told = repeat_command(main[0], main)
    assert told.count("--set") == 4
    assert "--set model.convnet.dropout=0.0" in told


def test_a_file_that_is_not_known_is_left_open(ledgers: tuple[Ledger, Ledger]) -> None:
    record = replace(records(ledgers[0])[0], environment={})
    assert repeat_command(record, [record]) == "nas train FILE --baseline 0"


def test_differences_of_components_are_whole() -> None:
    left, right = to_dict(config(1, 64)), to_dict(config(2, 64))
    assert list(differences(left, right)) == [("model.convnet.conv_layers", 1)]
    sgd = {**left, "optimizer": {"kind": "sgd", "lr": 0.1}}
    assert list(differences(sgd, left)) == [("optimizer", {"kind": "sgd", "lr": 0.1})]
    assert list(differences({"b": [1, 2]}, {"b": [1, 3]})) == [("b.1", 2)]
    assert list(differences({"b": [1]}, {"b": [1, 3]})) == [("b", [1])]
