"""Small studies with replicates and with regression, written through the ledger as a search does."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from nas import MLP, Dense, Diabetes, Digits, SearchSpace, TrialConfig, choice, maximize
from nas.config import ConvNet
from nas.records import Cost, DataInfo, TrialFailure, TrialResult
from nas.search.ledger import Ledger
from nas.search.opening import open_study
from nas.space.algebra import encode, sample
from nas.space.config import Config
from tests.report.studies import storage_in

MODEL = choice(ConvNet(filters=choice(32, 64), dropout=choice(0.0, 0.2)), MLP(input_dropout=choice(0.0, 0.5)))
BASE = TrialConfig(data=Digits(), model=ConvNet(filters=32, dropout=0.0), epochs=2, replicates=3)
SPACE = SearchSpace(
    name="ablated",
    template=BASE.replace(model=MODEL, batch_size=choice(64, 128)),
    baselines={"base": BASE},
    sampler="ablation",
)


def open_ledger(folder: Path, space: SearchSpace = SPACE) -> Ledger:
    info = DataInfo((1, 8, 8), ("a", "b"), {"train": 100, "val": 40, "test": 40}, digest="d" * 16)
    return open_study(storage_in(folder), space, "random", 0, info)


def train(ledger: Ledger, config: Config, accuracies: Sequence[float], params: int, gap: float = 0.1) -> int:
    """A complete trial with one accuracy for each seed. Returns its number."""
    each = [{"val_accuracy": own, "test_accuracy": own - 0.01, "train_accuracy": own + gap} for own in accuracies]
    return complete(ledger, config, each, params)


def complete(ledger: Ledger, config: Config, each: Sequence[Mapping[str, float]], params: int) -> int:
    trial, metrics = begin(ledger, config, params), {}
    for name in each[0]:
        values = [own[name] for own in each]
        metrics[name] = fmean(values)
        if len(values) > 1 and name.startswith(("val_", "test_")):
            metrics[f"{name}_std"] = stdev(values)
    replicates = [{"seed": seed, **own} for seed, own in enumerate(each)] if len(each) > 1 else []
    details = {"replicates": replicates} if replicates else {}
    result = TrialResult({**metrics, "seconds": 3.0}, epochs=2, best_epoch=2, details=details)
    ledger.complete(trial, result, [metrics[ledger.objectives[0].metric]])
    return int(trial.number)


def fail(ledger: Ledger, config: Config) -> int:
    trial = begin(ledger, config, 9)
    ledger.fail(trial, TrialFailure("boom"))
    return int(trial.number)


def begin(ledger: Ledger, config: Config, params: int) -> Any:
    space = REGRESSION if "regression" in ledger.name else SPACE
    if not ledger.waiting():
        ledger.enqueue(config, encode(space.template, config), {})
    trial = ledger.study.ask()
    assert sample(space.template, trial) == config
    ledger.begin(trial, config, Cost(params, params, 2 * params, 4 * params))
    return trial


def ablated_study(folder: Path) -> Ledger:
    """The base; dropout helps clearly, filters may, the MLP is worse; batch size failed; another differs twice."""
    ledger = open_ledger(folder)
    train(ledger, BASE, (0.80, 0.82, 0.84), 1000)
    train(ledger, BASE.replace(model=ConvNet(filters=32, dropout=0.2)), (0.83, 0.851, 0.869), 1000, gap=0.02)
    train(ledger, BASE.replace(model=ConvNet(filters=64)), (0.86, 0.82, 0.84), 3000)
    train(ledger, BASE.replace(model=MLP(input_dropout=0.5)), (0.70, 0.75, 0.71), 500)
    fail(ledger, BASE.replace(batch_size=64))
    train(ledger, BASE.replace(model=ConvNet(filters=64, dropout=0.2)), (0.90, 0.90, 0.93), 3000, gap=0.01)
    return ledger


TABLE = TrialConfig(data=Diabetes(), model=MLP(layers=(Dense(width=16),)), epochs=2)
REGRESSION = SearchSpace(
    name="regression",
    template=TABLE.replace(model=MLP(layers=(Dense(width=choice(4, 16)),), input_dropout=choice(0.0, 0.1))),
    objectives=(maximize("val_r2"),),
    baselines={"base": TABLE},
    published={"base": {"r2": 0.45, "test_mse": 3000.0}},
)


def regression_study(folder: Path) -> Ledger:
    ledger = open_ledger(folder, REGRESSION)
    for layers, dropout, r2, params in ((16, 0.0, 0.50, 200), (4, 0.0, 0.497, 50), (4, 0.1, 0.3, 40)):
        config = TABLE.replace(model=MLP(layers=(Dense(width=layers),), input_dropout=dropout))
        own = {"val_r2": r2, "val_mse": 6000 * (1 - r2), "val_mae": 40.0, "test_r2": r2 - 0.02, "train_r2": r2 + 0.1}
        complete(ledger, config, [own], params)
    return ledger
