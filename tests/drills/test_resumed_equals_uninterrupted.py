"""A trial that was killed and resumed is bit for bit the one that nobody disturbed: weights, figures and curve."""

import time
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from nas import (
    SGD,
    Adam,
    AdamW,
    All,
    Augmentation,
    Backbone,
    ConvNet,
    Cosine,
    Digits,
    EarlyStopping,
    Frozen,
    OneCycle,
    Phase,
    ReduceOnPlateau,
    Regularisation,
    RMSprop,
    Top,
    TrialConfig,
)
from nas.job import TrialJob
from nas.records import DataPlace, EpochMetrics, TrialResult
from nas.training.checkpoint import CheckpointFolder
from nas.trial import run_trial
from tests.drills.judging import judge, lives_of
from tests.drills.study import LONG, ROUNDS, Drill

EPOCHS = 6
TIMES = {"seconds", "images_per_second"}
NET = ConvNet(conv_layers=2, filters=8, kernel_size=3, dense_layers=1, dense_width=16, batch_norm=True, dropout=0.3)
PLAIN = TrialConfig(
    data=Digits(), model=NET, optimizer=Adam(lr=0.01), epochs=EPOCHS, batch_size=32, images_per_epoch=200,
    precision="fp32", seed=3,
)  # fmt: skip
AUGMENTED = Augmentation(rotation=20, shift=0.1, flip="horizontal", erase=0.2, mixup=0.4, cutmix=0.4)
BACKBONE = Backbone("resnet18", unfreeze=Frozen())

CONFIGS = {
    "batch norm, dropout, Adam": PLAIN,
    "bf16": PLAIN.replace(precision="bf16"),
    "augmentation": PLAIN.replace(augmentation=AUGMENTED),
    "class balanced": PLAIN.replace(class_balanced=True),
    "momentum, reduce on plateau": PLAIN.replace(
        optimizer=SGD(lr=0.3, nesterov=True), schedule=ReduceOnPlateau(patience=0)
    ),
    "AdamW, cosine, warm-up": PLAIN.replace(optimizer=AdamW(), schedule=Cosine(warm_up=1.5)),
    "RMSprop, one cycle": PLAIN.replace(optimizer=RMSprop(), schedule=OneCycle()),
    "early stopping": PLAIN.replace(early_stopping=EarlyStopping(patience=2), optimizer=SGD(lr=0.05)),
    "phases": PLAIN.replace(phases=(Phase(begins=0.3, optimizer=SGD(lr=0.05)), Phase(begins=0.7, schedule=Cosine()))),
    "replicates": PLAIN.replace(replicates=2, early_stopping=EarlyStopping(patience=2)),
    "penalties and clipping": PLAIN.replace(
        model=NET.replace(l1=1e-4, l2=1e-3),
        regularisation=Regularisation(label_smoothing=0.1, clip_gradients=0.5, clip_weights=0.3),
    ),
    "spectral": PLAIN.replace(model=NET.replace(kernel_size=7, filters=16)),
    "frozen backbone": PLAIN.replace(model=BACKBONE, images_per_epoch=64),
    "frozen backbone, passes": PLAIN.replace(
        model=BACKBONE, images_per_epoch=64, cached_passes=2, augmentation=Augmentation(rotation=20)
    ),
    "thawed by phases": PLAIN.replace(
        model=BACKBONE,
        images_per_epoch=64,
        phases=(Phase(begins=0.3, unfreeze=Top(10)), Phase(begins=0.7, unfreeze=All())),
    ),
}
ONLY_LONG = {"frozen backbone", "frozen backbone, passes"}
"""What is a part of another one, and takes seconds."""


class Killed(BaseException):
    """Stands for a process that ends."""


@pytest.fixture(autouse=True)
def _at_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A checkpoint each; pictures take most of a short trial."""
    monkeypatch.setattr(CheckpointFolder, "due", lambda self: True)
    monkeypatch.setattr("nas.training.findings.classification.can_draw", lambda: False)


@pytest.fixture
def spectral(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it costs on maps as small as these."""
    monkeypatch.setattr("nas.models.spectral.pays", lambda *sizes, learns: True)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> DataPlace:
    return DataPlace(data_dir=tmp_path_factory.mktemp("data"), cache=tmp_path_factory.mktemp("cache"))


def run(job: TrialJob, killed_after: int = 0) -> tuple[TrialResult, list[dict[str, Any]]]:
    """The result, and what was reported but times."""
    curve: list[dict[str, Any]] = []

    def report(point: EpochMetrics) -> bool:
        curve.append({"epoch": point.epoch, **without_times(point.values)})
        if point.epoch == killed_after:
            raise Killed
        return True

    return run_trial(job, report), curve


def without_times(values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in TIMES}


def same_weights(one: Path, other: Path) -> bool:
    first, second = load_file(one / "weights.safetensors"), load_file(other / "weights.safetensors")
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
@pytest.mark.parametrize("name", CONFIGS if LONG else [name for name in CONFIGS if name not in ONLY_LONG])
def test_in_one_process(name: str, place: DataPlace, tmp_path: Path, seed: int, request: pytest.FixtureRequest) -> None:
    """Killed twice, at random epochs; in the long form at every epoch."""
    if name == "spectral":
        request.getfixturevalue("spectral")
    config = CONFIGS[name].replace(seed=seed)
    straight = TrialJob("straight", 0, config, EPOCHS, tmp_path / "straight", tmp_path / "a", place)
    broken = replace(straight, folder=tmp_path / "broken", weights=tmp_path / "b")
    result, curve = run(straight)
    assert len(curve) > 2
    ends = range(1, len(curve)) if LONG else sorted(Random(seed + len(name)).sample(range(1, len(curve)), 2))
    for epoch in ends:
        torch.manual_seed(epoch)  # what the process has done before is no matter
        torch.rand(epoch)
        with pytest.raises(Killed):
            run(broken, killed_after=epoch)
    resumed, curve_again = run(broken)
    assert curve_again == curve
    assert without_times(resumed.metrics) == without_times(result.metrics)
    assert (resumed.epochs, resumed.best_epoch) == (result.epochs, result.best_epoch)
    assert same_weights(straight.weights, broken.weights)


SPACE = """
from nas import Adam, Augmentation, ConvNet, Digits, SearchSpace, TrialConfig, choice, maximize

def config(filters: int) -> TrialConfig:
    model = ConvNet(conv_layers=2, filters=filters, dense_width=16, batch_norm=True, dropout=0.3)
    return TrialConfig(
        data=Digits(), model=model, optimizer=Adam(), augmentation=Augmentation(rotation=20, mixup=0.3),
        epochs={epochs}, precision="fp32", images_per_epoch=256,
    )

space = SearchSpace(
    name="{name}", template=config(choice(4, 8)), objectives=(maximize("val_accuracy"),),
    baselines={{"four": config(4), "eight": config(8)}},
)
"""


@pytest.mark.slow
@pytest.mark.parametrize("seed", ROUNDS)
@pytest.mark.parametrize("executor", ["local", "ray"] if LONG else ["local"])
def test_in_processes_that_are_killed(tmp_path: Path, executor: str, seed: int) -> None:
    dice = Random(seed)
    env = {"NAS_DRILL_CHECKPOINT_SECONDS": "0", "NAS_DRILL_EPOCH_SECONDS": "0.2"}
    given: dict[str, Any] = {
        "trials": 2,
        "epochs": 8 if LONG else 5,
        "space": SPACE,
        "executor": executor,
        "env": env,
        "forked": True,
    }
    straight, killed = Drill(tmp_path / "straight", **given), Drill(tmp_path / "killed", **given)
    straight.finish()
    for _ in range(3 if LONG else 1):
        process = killed.start()
        killed.await_progress(process, 2)
        time.sleep(dice.uniform(0, 0.3))
        killed.kill(process)
    killed.finish()
    judge(killed)
    assert any(min(life.begins) > 1 for lives in lives_of(killed).values() for life in lives), "nothing was resumed"
    for number in range(2):
        folders = [drill.home / "artifacts" / drill.name / f"{number:05d}" for drill in (straight, killed)]
        assert same_weights(*folders)
    for key in ("curve", "metrics", "values"):
        assert stripped(straight.attributes(key)) == stripped(killed.attributes(key))


def stripped(found: Any) -> Any:
    """Without times, however deep they lie."""
    if isinstance(found, dict):
        return {key: stripped(value) for key, value in found.items() if key not in TIMES}
    return [stripped(value) for value in found] if isinstance(found, list) else found
