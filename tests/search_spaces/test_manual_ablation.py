"""The study holds the published table: the rows here are typed in once more, as they were published."""

import csv
import itertools
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest

from nas import ConvNet, Digits, ReduceOnPlateau, SearchSpace, TrialConfig
from nas.config import VGG19, Adam
from nas.space.algebra import config_hash, encode
from nas.space.finite import size
from nas.space.load import load_space

ROOT = Path(__file__).parents[2]

PUBLISHED = """\
name,conv_layers,filters,kernel_size,dense_layers,dense_width,batch_norm,max_pool,dropout,train_accuracy,test_accuracy,params,published_ratio
0,1,64,5,1,1024,false,false,0,0.613503,0.655514,79624,7.705007e-07
1,2,64,5,1,1024,false,false,0,0.73631,0.774473,182088,4.043707e-07
2,4,64,5,1,1024,false,false,0,0.856991,0.850062,387016,2.214355e-07
3,8,64,5,1,1024,false,false,0,0.867092,0.842627,796872,1.088119e-07
4,4,64,5,2,1024,false,false,0,0.897395,0.853779,1436616,6.246589e-08
5,4,64,5,4,1024,false,false,0,0.897927,0.868649,3535816,2.539517e-08
6,4,32,5,2,1024,false,false,0,0.862307,0.843866,1170920,7.364357e-08
7,4,128,5,2,1024,false,false,0,0.883041,0.862454,2428808,3.635697e-08
8,4,256,5,2,1024,false,false,0,0.870282,0.846344,6256392,1.391028e-08
9,4,256,5,2,1024,false,true,0,0.920255,0.863693,6256392,1.470904e-08
10,4,256,5,2,1024,false,false,0.2,0.886231,0.861214,6256392,1.41652e-08
11,4,256,5,2,1024,true,false,0,0.987241,0.878563,6268680,1.574878e-08
12,4,256,5,2,1024,false,true,0.2,0.926635,0.86741,6256392,1.481101e-08
13,4,256,5,2,1024,true,true,0,0.970229,0.887237,6268680,1.54774e-08
14,4,256,5,2,1024,false,true,0.2,0.922382,0.864932,6256392,1.474303e-08
15,4,256,5,2,1024,true,true,0.2,0.960128,0.889715,6268680,1.531626e-08
kernel_3,4,256,3,2,1024,false,false,0.2,0.9,0.844,3098376,
kernel_5,4,256,5,2,1024,false,false,0.2,0.886,0.861,6256392,
kernel_7,4,256,7,2,1024,false,false,0.2,0.83,0.829,10993416,
kernel_9,4,256,9,2,1024,false,false,0.2,0.758,0.763,17309448,
"""
ROWS = list(csv.DictReader(StringIO(PUBLISHED)))
FIGURES = ("train_accuracy", "test_accuracy", "params", "published_ratio")


@pytest.fixture(scope="module")
def space() -> SearchSpace:
    return load_space(str(ROOT / "search_spaces" / "manual_ablation.py"))


def params_of(model: ConvNet, channels: int, classes: int) -> int:
    """The published convention: all weights, and four numbers for each channel of a batch norm."""
    widths = [channels, *[model.filters] * model.conv_layers]
    total = sum(model.kernel_size**2 * a * b + b for a, b in itertools.pairwise(widths))
    dense = [model.filters, *[model.dense_width] * model.dense_layers]
    total += sum(a * b + b for a, b in itertools.pairwise(dense)) + dense[-1] * classes + classes
    return total + 4 * (sum(widths[1:]) + sum(dense[1:])) * model.batch_norm


@pytest.mark.parametrize("row", ROWS, ids=[row["name"] for row in ROWS])
def test_a_row_of_the_published_table_is_a_baseline(space: SearchSpace, row: dict[str, str]) -> None:
    config = space.baselines[row["name"]]
    assert isinstance(config, TrialConfig)
    assert config.model == ConvNet(
        conv_layers=int(row["conv_layers"]),
        filters=int(row["filters"]),
        kernel_size=int(row["kernel_size"]),
        dense_layers=int(row["dense_layers"]),
        dense_width=int(row["dense_width"]),
        batch_norm=row["batch_norm"] == "true",
        max_pool=row["max_pool"] == "true",
        dropout=float(row["dropout"]),
    )
    assert space.published[row["name"]] == {name: float(row[name]) for name in FIGURES if row[name]}
    assert isinstance(config.model, ConvNet)
    assert params_of(config.model, channels=3, classes=8) == int(row["params"])


def test_the_twenty_baselines_are_eighteen_networks_inside_the_space(space: SearchSpace) -> None:
    assert list(space.baselines) == [row["name"] for row in ROWS]
    hashes = {name: config_hash(config) for name, config in space.baselines.items()}
    assert len(set(hashes.values())) == 18
    assert hashes["12"] == hashes["14"]
    assert hashes["10"] == hashes["kernel_5"]
    for config in space.baselines.values():
        assert len(encode(space.template, config)) == 8


def test_the_space_is_open_around_them(space: SearchSpace) -> None:
    assert size(space.template) == 4 * 4 * 4 * 3 * 3 * 2 * 2 * 2
    assert [(aim.direction, aim.metric) for aim in space.objectives] == [
        ("maximize", "val_accuracy"),
        ("minimize", "params"),
    ]
    assert [limit.name for limit in space.constraints] == ["params <= 20,000,000"]


def test_all_share_the_protocol(space: SearchSpace) -> None:
    for config in (*space.baselines.values(), *space.references.values()):
        assert isinstance(config, TrialConfig)
        shared = (config.data, config.schedule, config.epochs, config.seed, config.early_stopping)
        assert shared == (Digits(channels=3), ReduceOnPlateau(), 8, 0, None)
    optimizers = [config.optimizer for config in space.baselines.values() if isinstance(config, TrialConfig)]
    assert optimizers == [Adam()] * 20  # its published defaults


def test_vgg19_is_the_reference_with_its_published_row(space: SearchSpace) -> None:
    assert list(space.references) == ["VGG19"]
    config = space.references["VGG19"]
    assert isinstance(config, TrialConfig)
    assert config.model == VGG19(upscale_to=32)
    assert config.optimizer == Adam(lr=1e-4)  # at 1e-3 it stays at chance level
    assert space.published["VGG19"] == {
        "train_accuracy": 0.952,
        "test_accuracy": 0.879,
        "params": 24e6,
        "published_ratio": 3.92e-9,
    }


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mypy")


def type_check(file: Path, cache: Path) -> str:
    """What a strict check says of the file; empty when nothing."""
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), "--no-error-summary", str(file)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout


MISTAKES = {
    "a wrong field name": ("conv_layers=choice", "conv_layer=choice", 'Unexpected keyword argument "conv_layer"'),
    "a wrong kind": ("dropout=choice(0.0, 0.2)", 'dropout=choice("0.0", "0.2")', 'Argument "dropout" to "ConvNet"'),
    "another family": ("schedule=ReduceOnPlateau()", "schedule=Adam()", 'Argument "schedule" to "TrialConfig"'),
}


@pytest.mark.slow
@pytest.mark.parametrize(("right", "wrong", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_strict_type_check_refuses(right: str, wrong: str, message: str, cache: Path, tmp_path: Path) -> None:
    text = (ROOT / "search_spaces" / "manual_ablation.py").read_text()
    assert text.count(right) == 1
    file = tmp_path / "wrong.py"
    file.write_text(text.replace(right, wrong))
    assert message in type_check(file, cache)
