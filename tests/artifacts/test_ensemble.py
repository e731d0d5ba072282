"""Ensembles of networks that a search kept, judged against predictions averaged by hand."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from nas import MLP, ConvNet, Dense, Diabetes, Digits, TrialConfig
from nas.artifacts.ensemble import MeanNetwork, measure
from nas.artifacts.members import EnsembleError, Member
from nas.cli.main import nas
from nas.data.splits import load_splits
from nas.job import TrialJob
from nas.models.measure import measure_cost
from nas.records import DataPlace
from nas.training.precision import Forward
from nas.training.weights import load_model
from nas.trial import run_trial

SMALL = TrialConfig(
    data=Digits(limit=400), model=ConvNet(conv_layers=1, filters=8, dense_layers=0), epochs=2, precision="fp32"
)
TABLE = TrialConfig(data=Diabetes(), model=MLP(layers=(Dense(width=4),)), epochs=2, precision="fp32")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> DataPlace:
    folder = tmp_path_factory.mktemp("ensemble")
    return DataPlace(folder / "data", folder / "cache")


def trained(name: str, config: TrialConfig, place: DataPlace) -> Member:
    folder = place.cache.parent / "weights" / name
    job = TrialJob("s", 0, config, config.epochs, place.cache.parent / "checkpoints" / name, folder, place)
    result = run_trial(job, lambda point: True)
    return Member(name, folder, {}, dict(result.metrics))


def test_the_mean_is_of_probabilities_and_of_numbers() -> None:
    first, second = torch.tensor([[2.0, 0.0, 0.0]]), torch.tensor([[0.0, 0.0, 5.0]])
    members = [Forward(torch.nn.Identity(), lambda _, out=out: out, "fp32") for out in (first, second)]
    pixels = torch.zeros(1, 1, 1, 1)
    mean = MeanNetwork(members, classes=True)(pixels).exp()
    assert torch.allclose(mean, (first.softmax(1) + second.softmax(1)) / 2)
    assert torch.equal(MeanNetwork(members, classes=False)(pixels), (first + second) / 2)


def test_two_networks_together_predict_what_their_probabilities_say(place: DataPlace) -> None:
    members = [
        trained("eight", SMALL, place),
        trained("six", SMALL.replace(model=ConvNet(conv_layers=1, filters=6, dense_layers=0)), place),
    ]
    first, second, together = measure(members, place)
    for member, measured in zip(members, (first, second), strict=True):
        assert measured.test["accuracy"] == pytest.approx(member.metrics["test_accuracy"])
        assert measured.val["accuracy"] == pytest.approx(member.metrics["val_accuracy"])
    splits = load_splits(SMALL.data, place, SMALL.seed)
    probabilities = 0
    for member in members:
        model, _, data = load_model(member.folder)
        mean, std = (torch.tensor(data[name]).view(-1, 1, 1) for name in ("mean", "std"))
        with torch.inference_mode():
            probabilities = probabilities + model((splits.test.pixels / 255 - mean) / std).softmax(1)
    accuracy = (probabilities.argmax(1) == splits.test.labels).float().mean()
    assert together.test["accuracy"] == pytest.approx(float(accuracy))
    assert together.params == first.params + second.params


def test_numbers_are_averaged_too(place: DataPlace) -> None:
    wider = TABLE.replace(model=MLP(layers=(Dense(width=8),)))
    *_, together = measure([trained("table", TABLE, place), trained("wider", wider, place)], place)
    assert set(together.test) == {"loss", "mse", "mae", "r2"}


def test_networks_of_other_data_are_refused(place: DataPlace) -> None:
    first = trained("first", SMALL, place)
    other = trained("other", SMALL.replace(data=Digits(limit=300)), place)
    with pytest.raises(EnsembleError, match="other was trained on other data than first"):
        measure([first, other], place)
    facts = json.loads((other.folder / "data.json").read_text())
    (other.folder / "data.json").write_text(json.dumps({**facts, "digest": "0" * 16}))
    with pytest.raises(EnsembleError, match="the data has changed since other was trained"):
        measure([other, first], place)


def test_networks_of_several_seeds_are_tested_on_the_same_images_and_validated_on_none(place: DataPlace) -> None:
    members = [trained("zero", SMALL, place), trained("seeded", SMALL.replace(seed=5, replicates=2), place)]
    *_, together = measure(members, place)
    assert together.val == {}
    assert set(together.test) == {"loss", "accuracy"}


def test_params_are_those_of_the_leaderboard(place: DataPlace) -> None:
    config = SMALL.replace(model=ConvNet(conv_layers=1, filters=8, dense_layers=0, batch_norm=True), epochs=1)
    members = [trained("normalised", config, place), trained("twin", config.replace(batch_size=64), place)]
    params = measure_cost(config.model, (1, 8, 8), 10).params
    assert [measured.params for measured in measure(members, place)] == [params, params, 2 * params]


SPACE = '''"""Tiny."""
from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice

template = TrialConfig(
    data=Digits(limit=300), model=ConvNet(conv_layers=1, filters=choice(2, 4, 8), dense_layers=0), epochs=1,
    precision="fp32",
)
space = SearchSpace("tiny", template)
'''


@pytest.mark.slow
def test_the_command_takes_the_best_that_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "home"))
    Path("tiny.py").write_text(SPACE)
    runner = CliRunner()
    search = ["search", "tiny.py", "--executor", "local", "--trials", "3", "--quiet", "--tracking-uri", "none"]
    assert runner.invoke(nas, search).exit_code == 0
    found = json.loads(runner.invoke(nas, ["ensemble", "tiny", "--json"]).stdout)
    board = json.loads(runner.invoke(nas, ["leaderboard", "tiny", "--json"]).stdout)
    assert [member["val"]["accuracy"] for member in found["members"]] == [row["val_accuracy"] for row in board[:2]]
    shown = runner.invoke(nas, ["ensemble", "tiny", "--top", "3"])
    assert shown.exit_code == 0
    assert "ensemble of 3" in shown.stdout
    one = runner.invoke(
        nas, ["search", "tiny.py", *search[2:5], "1", "--quiet", "--tracking-uri", "none", "--name", "one"]
    )
    assert one.exit_code == 0, one.stderr
    refused = runner.invoke(nas, ["ensemble", "one"])
    assert (refused.exit_code, "only 1 network is kept, and at least 2 are needed" in refused.stderr) == (2, True)
