"""What holds for every space file: it loads light, can be read in a minute, and can be shown and searched."""

import json
import math
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from nas import Backbone, SearchSpace, TrialConfig
from nas.cli.main import nas
from nas.space.algebra import encode, holes
from nas.space.load import load_space

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "search_spaces").glob("*.py"))
LONGEST = {"manual_ablation": 85, "transfer_unfreeze": 85, "raccoon_cnn": 75, "finetune_two_phase": 70}
"""Lines of the files with a long published table; the others have at most 60."""

all_files = pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])


def space_of(file: Path) -> SearchSpace:
    return load_space(str(file))


def configs(space: SearchSpace) -> Iterator[TrialConfig]:
    for config in (space.template, *space.baselines.values(), *space.references.values()):
        assert isinstance(config, TrialConfig)
        yield config


def test_the_thirteen_studies_are_there() -> None:
    assert [file.stem for file in FILES] == [
        "ablation_one_at_a_time", "alexnet_dropout", "augmentation", "finetune_two_phase", "house_prices",
        "keras_cifar10", "keras_mnist", "literature", "manual_ablation", "mlp_cifar10", "raccoon_cnn",
        "resnet_schedule", "transfer_unfreeze",
    ]  # fmt: skip


def test_they_load_without_anything_heavy() -> None:
    program = f"""
import sys
from nas.space.load import load_space
for file in {[str(file) for file in FILES]}:
    load_space(file)
print([name for name in ("torch", "ray", "mlflow", "optuna", "numpy", "pandas") if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={"PYTHONPATH": str(ROOT)}
    )
    assert done.stdout == "[]\n", done.stderr


@all_files
def test_it_can_be_read_in_a_minute(file: Path) -> None:
    assert len(file.read_text().splitlines()) <= LONGEST.get(file.stem, 60)


@all_files
def test_its_docstring_asks_a_question_and_gives_the_command(file: Path) -> None:
    docstring = file.read_text().split('"""')[1]
    assert docstring.splitlines()[0].endswith("?")
    assert file.stem == "manual_ablation" or f"\n    nas search search_spaces/{file.name} --data " in docstring


@all_files
def test_the_study_bears_the_name_of_its_file(file: Path) -> None:
    assert space_of(file).name == file.stem


@all_files
def test_the_default_data_is_embedded(file: Path) -> None:
    kinds = {config.data.kind for config in configs(space_of(file))}
    assert kinds == {"diabetes" if file.stem == "house_prices" else "digits"}


@all_files
def test_baselines_lie_in_the_space_and_references_outside(file: Path) -> None:
    space = space_of(file)
    known = dict(holes(space.template))
    assert space.baselines
    for config in space.baselines.values():
        assert encode(space.template, config).keys() <= known.keys()
    for config in space.references.values():
        with pytest.raises(ValueError, match="outside the space"):
            encode(space.template, config)


@all_files
def test_all_share_one_protocol(file: Path) -> None:
    protocols = {
        (config.data, config.epochs, config.seed, config.replicates, config.images_per_epoch, config.early_stopping)
        for config in configs(space_of(file))
    }
    assert len(protocols) == 1


@all_files
def test_published_figures_are_shares_losses_and_sizes(file: Path) -> None:
    space = space_of(file)
    for name, figures in space.published.items():
        for figure, value in figures.items():
            if re.search("accuracy|precision|recall|f1|top", figure):
                assert 0 < value < 1, (name, figure)
            elif figure == "params":
                assert value == int(value) > 1000, name
            else:
                assert re.search("loss|ratio", figure), (name, figure)
                assert 0 < value < 5, (name, figure)


@all_files
def test_a_balanced_choice_is_one_of_its_holes(file: Path) -> None:
    space = space_of(file)
    assert space.balanced is None or space.balanced in dict(holes(space.template))


@all_files
def test_pretrained_weights_are_the_published_ones(file: Path) -> None:
    if file.stem in ("transfer_unfreeze", "alexnet_dropout", "finetune_two_phase"):
        models = [config.model for config in space_of(file).baselines.values() if isinstance(config, TrialConfig)]
        assert {model.weights for model in models if isinstance(model, Backbone)} == {"imagenet"}
        assert "--weights none" in file.read_text()


@all_files
def test_nas_shows_it(file: Path) -> None:
    done = CliRunner().invoke(nas, ["show", str(file), "--no-time", "--draws", "2"])
    assert done.exit_code == 0, done.output
    assert file.stem in done.output


@pytest.mark.slow
@all_files
def test_nas_searches_it(file: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(nas, ["search", str(file), "--smoke", "--json", "--quiet", "--home", str(tmp_path)])
    assert done.exit_code == 0, done.output
    result = json.loads(done.stdout)
    assert result["study"] == f"{file.stem}-smoke"
    assert result["counts"]["failed"] == result["references"]["failed"] == 0
    assert result["counts"]["complete"] >= 2
    metric = "val_r2" if file.stem == "house_prices" else "val_accuracy"
    assert all(math.isfinite(row[metric]) for row in result["leaderboard"])
