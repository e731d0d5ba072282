"""What a script finds that reads `--json`: one value on stdout, whatever else is said, or nothing."""

import dataclasses
import json

import pytest

from tests.bad_input.case import check_form, in_process, make_home
from tests.bad_input.spaces import write_spaces
from tests.report.studies import DATA, SPACE, open_study, storage_in

CHATTY = '''"""A space that talks."""
from nas import Digits, Model, SearchSpace, TrialConfig, choice, maximize
from torch import nn

print("reading")


class Chatty(Model, kind="chatty"):
    width: int = 1

    def build(self, shape, outputs):
        print("building")
        return nn.Sequential(nn.Flatten(), nn.Linear(64, outputs))


template = TrialConfig(data=Digits(), model=Chatty(width=choice(1, 2)), epochs=1)
space = SearchSpace(
    "chatty", template, objectives=(maximize("val_accuracy"),), baselines={"one": template.replace(model=Chatty())}
)
'''


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "chatty.py", "--json", "--no-time"),
        ("train", "chatty.py", "--baseline", "one", "--json"),
        ("search", "chatty.py", "--executor", "local", "--tracking-uri", "none", "--trials", "1", "--json"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_what_a_space_file_prints_does_not_stand_beside_the_result(arguments, tmp_path):
    (tmp_path / "chatty.py").write_text(CHATTY, encoding="utf-8")
    told = in_process(arguments, tmp_path)
    assert told.code == 0, told.stderr
    assert isinstance(json.loads(told.stdout), dict)
    assert "reading\n" in told.stderr
    assert "building\n" in told.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "no.py", "--json"),
        ("search", "tiny.py", "--trials", "0", "--json"),
        ("search", "tiny.py", "--name", "small", "--executor", "local", "--json"),
        ("train", "tiny.py", "--json"),
        ("list", "studis", "--json"),
        ("leaderboard", "smal", "--json"),
        ("trial", "small", "99", "--json"),
        ("effects", "small", "--by", "x", "--json"),
        ("ensemble", "small", "--json"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_an_error_leaves_stdout_empty(arguments, tmp_path):
    make_home(tmp_path / "home")
    write_spaces(tmp_path)
    told = in_process(arguments, tmp_path)
    assert (told.code, told.stdout) == (2, "")
    assert len(told.errors) == 1
    check_form(told, str(arguments))


def test_a_study_without_trials(tmp_path):
    make_home(tmp_path / "home")
    storage = storage_in(tmp_path / "home")
    empty = dataclasses.replace(SPACE, name="empty", baselines={}, references={}, published={})
    open_study(storage, empty, "random", 0, DATA)

    def stdout(*arguments: str) -> str:
        told = in_process(arguments, tmp_path)
        assert (told.code, told.stderr) == (0, "")
        return told.stdout

    assert stdout("leaderboard", "empty") == "empty: 0 trials\nNo trial has started yet.\n"
    assert stdout("leaderboard", "empty", "--json") == "[]\n"
    assert stdout("leaderboard", "empty", "--markdown") == "No trial has started yet.\n"
    assert len(stdout("leaderboard", "empty", "--csv").splitlines()) == 1
    assert [line["study"] for line in json.loads(stdout("list", "--json"))] == ["empty", "small"]


def test_configs_of_a_plain_objective_have_no_columns_of_costs(tmp_path):
    write_spaces(tmp_path)
    told = in_process(["show", "parabola.py"], tmp_path)
    assert (told.code, told.stderr) == (0, "")
    assert "params" not in told.stdout
    assert "three (ref)" in told.stdout
