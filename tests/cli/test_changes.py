import json
from pathlib import Path

import numpy as np
import pytest

from nas.cli.changes import read_space
from nas.space.adapt import Changes

ROWS = '''"""Rows of numbers."""
from nas import MLP, Adam, Dense, Diabetes, SearchSpace, TrialConfig, choice, maximize, minimize

template = TrialConfig(
    data=Diabetes(), model=MLP(layers=(Dense(width=choice(4, 8)),)), optimizer=Adam(lr=0.01), epochs=2
)
space = SearchSpace(
    "rows", template, objectives=(maximize("val_r2"), minimize("params")),
    baselines={"four": template.replace(model=MLP(layers=(Dense(width=4),)))},
)
'''

ANY = '''"""Aims at what images and tables both have."""
from nas import MLP, ConvNet, Digits, SearchSpace, TrialConfig, choice, minimize

mlp = TrialConfig(data=Digits(), model=MLP(input_dropout=choice(0.0, 0.1)), epochs=1)
flat = SearchSpace("flat", mlp, objectives=(minimize("val_loss"),))
maps = SearchSpace(
    "maps", mlp, objectives=(minimize("val_loss"),), references={"conv": mlp.replace(model=ConvNet(filters=2))}
)
'''

PRETRAINED = '''"""A pretrained network."""
from nas import Backbone, Digits, SearchSpace, TrialConfig, choice

model = Backbone("mobilenet_v2", weights="imagenet")
template = TrialConfig(data=Digits(channels=3), model=model, batch_size=choice(8, 16))
space = SearchSpace("pretrained", template)
'''


@pytest.fixture
def files(here: Path) -> Path:
    for name, text in (("rows", ROWS), ("any", ANY), ("pretrained", PRETRAINED)):
        (here / f"{name}.py").write_text(text)
    random = np.random.default_rng(0)
    rows = [
        f"{x:.4f};{kind};{3 * x + k:.4f}" for x in random.normal(size=40) for k, kind in enumerate(("flat", "house"))
    ]
    (here / "houses.csv").write_text("\n".join(["80 rows", "", "area;kind;price", *rows]))
    return here


WRONG = [
    (["rows.py", "--data", "houses.csv"],
     "--data: houses.csv is a table; say which column to predict by --target; it has area, kind, price"),
    (["rows.py", "--data", "houses.csv", "--target", "prize"],
     "{here}/houses.csv: has no column 'prize'; did you mean price? (its columns are area, kind, price)"),
    (["rows.py", "--target", "price"],
     "--target: names a column of a CSV file, and none is given; add --data FILE"),
    (["rows.py", "--data", "diabetes", "--target", "bmi"],
     "--target: names a column of a CSV file, and diabetes is none; leave it out"),
    (["rows.py", "--data", "digits"],
     "--data: digits has classes, and rows aims at val_r2; give diabetes, or a CSV file with --target"),
    (["rows.py", "--data", "house.csv", "--target", "price"],
     "--data: 'house.csv' is neither a file or folder here nor a data set; known are digits, cifar10, mnist, "
     "fashion_mnist, diabetes"),
    (["rows.py", "--data", "./house.csv", "--target", "price"],
     "--data: './house.csv' is neither a file or folder here nor a data set; known are digits, cifar10, mnist, "
     "fashion_mnist, diabetes"),
    (["rows.py", "--image-size", "8"], "--image-size: a table has no images; leave it out"),
    (["rows.py", "--limit", "9"], "--limit: 9 is too low; give 10 or more"),
    (["rows.py", "--weights", "none"], "--weights: rows has no backbone to give them to; leave it out"),
    (["pretrained.py", "--weights", "image"],
     "--weights: 'image' is not here; give a file, a folder, imagenet or none"),
    (["tiny.py", "--data", "diabetes"],
     "--data: diabetes is a table, and tiny aims at val_accuracy; take a space of MLPs that aims at val_r2, val_mse or "
     "val_mae"),
    (["any.py:maps", "--data", "diabetes"],
     "--data: diabetes is a table, and maps has networks for images (ConvNet); take a space of MLPs"),
    (["parabola.py", "--limit", "10"],
     "--limit: the template of parabola is a Point, which has no field data; leave it out"),
]  # fmt: skip


@pytest.mark.parametrize("command", ["search", "show", "train"])
@pytest.mark.parametrize(("args", "line"), WRONG, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_wrong_data_is_refused_with_one_line(run, files, command, args, line):
    result = run(command, *args, *(("--baseline", "four") if command == "train" else ()))
    assert (result.stderr, result.stdout, result.exit_code) == (f"nas: error: {line.format(here=files)}\n", "", 2)


def test_a_csv_file_in_place_of_the_table(run, files):
    args = ("--data", "houses.csv", "--target", "price", "--limit", "60", "--no-time", "--draws", "1", "--json")
    found = json.loads(run("show", "rows.py", *args).stdout)
    assert (found["input"], found["classes"]) == ([3, 1, 1], 1)
    assert found["baselines"]["four"]["params"] == 4 * 3 + 4 + 4 + 1


def test_a_table_for_mlps_that_aim_at_a_loss(run, files):
    found = json.loads(run("show", "any.py:flat", "--data", "diabetes", "--no-time", "--draws", "1", "--json").stdout)
    assert found["input"] == [10, 1, 1]


def test_a_csv_file_is_trained_on(run, files):
    args = ("--data", "houses.csv", "--target", "price", "--limit", "60", "--folder", "kept")
    result = run("train", "rows.py", "--baseline", "four", *args)
    assert (result.exit_code, result.stderr) == (0, "")
    config = json.loads((files / "kept" / "weights" / "config.json").read_text())
    assert config["data"]["path"] == str(files / "houses.csv")
    assert (config["data"]["target"], config["data"]["limit"]) == ("price", 60)


@pytest.mark.parametrize("weights", ["mobile.pth", "none", "imagenet"])
def test_weights_by_their_path_and_by_name(files, weights):
    (files / "mobile.pth").touch()
    expected = {"mobile.pth": str(files / "mobile.pth"), "none": None}.get(weights, weights)
    template = read_space("pretrained.py", Changes(weights=weights)).space.template
    assert template.model.weights == expected


def test_a_relative_path_in_a_space_file_begins_at_its_folder(files, monkeypatch):
    (files / "deeper").mkdir()
    text = ROWS.replace("Diabetes()", 'Table(path="../houses.csv", target="price")').replace("Diabetes", "Table")
    (files / "deeper" / "own.py").write_text(text)
    monkeypatch.chdir("/")
    space = read_space(str(files / "deeper" / "own.py"), Changes()).space
    assert Path(space.template.data.path).resolve() == files / "houses.csv"
    assert space.baselines["four"].data == space.template.data
