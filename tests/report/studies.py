"""Small fixed studies, written through the ledger as a search does."""

import functools
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from optuna.storages import RDBStorage

from nas import VGG19, Adam, Cosine, Digits, SearchSpace, TrialConfig, choice, maximize, minimize
from nas.config import ConvNet
from nas.records import Cost, DataInfo, EpochMetrics, TrialFailure, TrialResult, Verdict
from nas.search.ledger import Ledger
from nas.search.opening import open_references, open_study, read_ledgers
from nas.search.storage import open_storage
from nas.space.algebra import sample
from nas.space.config import Config, from_dict

TEMPLATE = TrialConfig(
    data=Digits(),
    model=ConvNet(
        conv_layers=choice(1, 2, 4),
        filters=choice(32, 64, 256),
        batch_norm=choice(False, True),
        dropout=choice(0.0, 0.2),
    ),
    optimizer=Adam(),
    schedule=Cosine(),
    epochs=8,
)


def config(conv_layers: int, filters: int, batch_norm: bool = False, dropout: float = 0.0) -> TrialConfig:
    model = ConvNet(conv_layers=conv_layers, filters=filters, batch_norm=batch_norm, dropout=dropout)
    return TrialConfig(data=Digits(), model=model, optimizer=Adam(), schedule=Cosine(), epochs=8)


SPACE = SearchSpace(
    name="small",
    template=TEMPLATE,
    objectives=(maximize("val_accuracy"), minimize("params")),
    baselines={"0": config(1, 64), "10": config(4, 256, dropout=0.2), "kernel 5": config(4, 256, dropout=0.2)},
    references={"VGG19": TrialConfig(data=Digits(image_size=32), model=VGG19(), schedule=Cosine(), epochs=8)},
    published={
        "0": {"train_accuracy": 0.613503, "test_accuracy": 0.655514, "ratio": 7.705007e-07},
        "10": {"train_accuracy": 0.886231, "test_accuracy": 0.861214, "ratio": 1.41652e-08},
        "kernel 5": {"train_accuracy": 0.886, "test_accuracy": 0.86},
        "VGG19": {"train_accuracy": 0.952, "test_accuracy": 0.879, "ratio": 3.92e-09},
    },
)
DATA = DataInfo((3, 8, 8), ("a", "b"), {"train": 1000, "val": 400, "test": 400}, digest="d" * 16)


def storage_in(folder: Path) -> RDBStorage:
    """The storage of a home; a new one gets its tables by a copy, which is faster than to create them."""
    if not (folder / "optuna.db").exists():
        _copy(_empty(), folder)
    return open_storage(f"sqlite:///{folder / 'optuna.db'}")


@functools.cache
def _empty() -> "TemporaryDirectory[str]":
    folder = TemporaryDirectory()
    open_storage(f"sqlite:///{folder.name}/optuna.db")
    return folder


def _copy(source: "TemporaryDirectory[str]", folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    original, copy = sqlite3.connect(f"{source.name}/optuna.db"), sqlite3.connect(folder / "optuna.db")
    original.backup(copy)
    original.close()
    copy.close()


def curve(values: list[float], seconds: float = 2.0) -> list[EpochMetrics]:
    return [EpochMetrics(epoch, _epoch(value, seconds)) for epoch, value in enumerate(values, start=1)]


def _epoch(value: float, seconds: float) -> dict[str, float]:
    return {
        "train_loss": 1.5 - value,
        "train_accuracy": value,
        "val_loss": 1.6 - value,
        "val_accuracy": value,
        "lr": 1e-3,
        "seconds": seconds,
        "images_per_second": 500.0,
    }


def result(val: float, test: float, seconds: float, epochs: int = 8) -> TrialResult:
    metrics = {
        "val_accuracy": val,
        "test_accuracy": test,
        "train_accuracy": val + 0.01,
        "val_loss": 0.4,
        "test_loss": 0.5,
        "macro_f1": test - 0.001,
        "seconds": seconds,
    }
    return TrialResult(metrics, epochs=epochs, best_epoch=epochs, details={"device": "cpu", "precision": "fp32"})


def begin(ledger: Ledger, wanted: Config | None, params: int) -> Any:
    """Start the next trial: a queued one, or the wanted config as if a sampler had drawn it."""
    if wanted is not None:
        ledger.enqueue(wanted, _params(wanted), {})
    trial = ledger.study.ask()
    if "reference" in trial.user_attrs:
        own: Config = from_dict(TrialConfig, trial.user_attrs["config"])
    else:
        own = sample(TEMPLATE, trial)
    ledger.begin(trial, own, Cost(params, params - 8, 2 * params, 4 * params))
    trial.set_user_attr("environment", {"command": "/usr/bin/nas search spaces/small.py --trials 9"})
    return trial


def _params(wanted: Config) -> Mapping[str, Any]:
    from nas.space.algebra import encode

    return encode(TEMPLATE, wanted)


def train(ledger: Ledger, trial: Any, values: list[float]) -> None:
    points = curve(values)
    for count in range(1, len(points) + 1):
        ledger.add_epoch(trial, points[:count])


def small_study(folder: Path) -> tuple[Ledger, Ledger]:
    """A study of its own in this home. Seven trials: two baselines, a better and a smaller draw, one pruned, one
    failed, one running; beside them an infeasible draw and VGG19.
    """
    _copy(_written_once(), folder)
    main, references = read_ledgers(storage_in(folder), "small")
    assert references is not None
    return main, references


@functools.cache
def _written_once() -> "TemporaryDirectory[str]":
    folder = TemporaryDirectory()
    _write(storage_in(Path(folder.name)))
    return folder


def _write(storage: RDBStorage) -> None:
    main = open_study(storage, SPACE, "random", 0, DATA)
    references = open_references(storage, SPACE)
    finished = [
        (None, 79_624, 0.65, 0.64, 12.0),
        (None, 6_256_392, 0.86, 0.8525, 3725.0),
        (config(4, 256, True, 0.2), 6_268_680, 0.8925, 0.885, 4000.0),
        (config(2, 64), 182_088, 0.885, 0.88, 75.0),
    ]
    for wanted, params, val, test, seconds in finished:
        trial = begin(main, wanted, params)
        train(main, trial, [val - 0.1, val])
        main.note_run(trial, f"run{trial.number}")
        values = [val, float(params)]
        main.complete(trial, result(val, test, seconds), values)
    trial = begin(main, config(1, 32), 40_000)
    train(main, trial, [0.2, 0.25])
    main.prune(trial, 2, 8)
    trial = begin(main, config(2, 256), 1_900_000)
    train(main, trial, [0.3])
    main.fail(trial, TrialFailure("train loss is nan in epoch 2", "Traceback:\n  Diverged: train loss is nan"))
    main.reject(main.study.ask(), Verdict.INFEASIBLE, "over its limit: params <= 20", {"params <= 20": 0.5})
    trial = begin(main, config(1, 256), 300_000)
    train(main, trial, [0.4, 0.5, 0.6])
    trial = begin(references, None, 24_237_128)
    references.complete(trial, result(0.8875, 0.8825, 9000.0), [0.8875])
