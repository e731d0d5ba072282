import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from nas.records import EpochMetrics
from nas.report.trial import NoSuchTrial, Sheet, read_sheet, sheet_data
from nas.report.trial_text import print_sheet
from nas.search.layout import Layout
from nas.search.ledger import Ledger
from tests.report.studies import small_study


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, Ledger]:
    return small_study(tmp_path_factory.mktemp("home"))


def sheet(ledgers: tuple[Ledger, Ledger], trial: str, home: Path) -> Sheet:
    return read_sheet(*ledgers, trial, Layout(home, home / "data"), "postgresql://me:secret@host/db")


def text(own: Sheet, width: int = 100) -> str:
    file = io.StringIO()
    print_sheet(Console(file=file, width=width), own)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


@pytest.mark.parametrize(
    ("asked", "number", "reference"), [("1", 1, None), ("10", 1, None), ("kernel 5", 1, None), ("VGG19", 0, "VGG19")]
)
def test_found_by_number_or_name(
    ledgers: tuple[Ledger, Ledger], tmp_path: Path, asked: str, number: int, reference: str | None
) -> None:
    record = sheet(ledgers, asked, tmp_path).record
    assert (record.number, record.reference) == (number, reference)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("99", "there is no such trial; small has numbers 0 to 7, and 0, 10, kernel 5, VGG19"),
        ("VGG", "there is no such trial"),
        ("6", "was drawn but never trained: infeasible, over its limit: params <= 20"),
    ],
)
def test_what_is_not_there(ledgers: tuple[Ledger, Ledger], tmp_path: Path, asked: str, reason: str) -> None:
    with pytest.raises(NoSuchTrial) as error:
        sheet(ledgers, asked, tmp_path)
    assert str(error.value).startswith(reason)


def test_a_complete_trial_in_words(ledgers: tuple[Ledger, Ledger], tmp_path: Path) -> None:
    folder = tmp_path / "artifacts" / "small" / "00002"
    folder.mkdir(parents=True)
    (folder / "weights.safetensors").write_bytes(b"1")
    own = sheet(ledgers, "2", tmp_path)
    lines = text(replace(own, record=replace(own.record, started=None)), 300).splitlines()
    assert lines[:6] == [
        "small, trial 2: complete",
        "config: conv_layers 4, filters 256, batch_norm, dropout 0.2",
        "cost: 6,268,680 params (6,268,672 trainable), 12.5 M FLOPs and 25.1 MB of activations an image",
        "time: 2 epochs, weights of epoch 8 kept, 1h 06m of training",
        f"weights: {folder}",
        "MLflow run: run2 in postgresql://me:***@host/db",
    ]
    assert "val accuracy    0.8925" in lines
    assert "    2  0.6075    0.8925  0.7075    0.8925  0.001        2     500" in lines
    assert "val accuracy ▁█" in lines
    assert lines[-1].endswith("--baseline 10 --set model.convnet.batch_norm=true")


def test_a_failed_trial_shows_cause_and_traceback(ledgers: tuple[Ledger, Ledger], tmp_path: Path) -> None:
    shown = text(sheet(ledgers, "5", tmp_path))
    assert "cause: train loss is nan in epoch 2" in shown
    assert "Traceback\nTraceback:\n  Diverged: train loss is nan\n" in shown
    assert "weights: not kept" in shown


def test_a_narrow_terminal_keeps_the_figure_that_is_aimed_at(ledgers: tuple[Ledger, Ledger], tmp_path: Path) -> None:
    own = sheet(ledgers, "2", tmp_path)
    names = [f"{part}_{name}" for part in ("train", "val") for name in ("loss", "mse", "mae", "r2")]
    curve = (EpochMetrics(1, dict(zip(names, range(1, 9), strict=True))),)
    others = [f"{part}_{name}" for part in ("val", "test") for name in ("loss", "mse", "mae")]
    each = {"seed": 0, **dict(zip(others, range(6), strict=True))}
    details = {"replicates": [{**each, "val_r2": 0.75, "test_r2": 0.25}] * 2}
    lines = text(replace(own, record=replace(own.record, curve=curve, details=details)), 80).splitlines()
    replicates, epochs = lines.index("Replicates"), lines.index("Curve")
    assert {"0.75", "0.25"} <= set(lines[replicates + 5].split())
    assert lines[epochs + 4].split() == ["1", "1", "2", "4", "5", "6", "7", "8"]


def test_a_long_curve_is_thinned(ledgers: tuple[Ledger, Ledger], tmp_path: Path) -> None:
    own = sheet(ledgers, "2", tmp_path)
    curve = tuple(EpochMetrics(epoch, {"val_accuracy": epoch / 1000}) for epoch in range(1, 101))
    lines = text(replace(own, record=replace(own.record, curve=curve))).splitlines()
    shown = [int(line.split()[0]) for line in lines if line.startswith(" ") and line.split()[0].isdecimal()]
    assert len(shown) <= 21
    assert (shown[0], shown[-1]) == (1, 100)


@pytest.mark.parametrize("trial", ["2", "5", "7", "VGG19"])
def test_no_width_is_too_narrow(ledgers: tuple[Ledger, Ledger], tmp_path: Path, trial: str) -> None:
    assert "small" in text(sheet(ledgers, trial, tmp_path), 20)
    assert text(sheet(ledgers, trial, tmp_path), 3)


def test_as_data(ledgers: tuple[Ledger, Ledger], tmp_path: Path) -> None:
    data = sheet_data(sheet(ledgers, "5", tmp_path))
    assert (data["number"], data["state"], data["weights"], data["metrics"]) == (5, "failed", None, {})
    assert data["cost"]["params"] == 1_900_000
    assert data["curve"][0]["val_accuracy"] == 0.3
    assert data["holes"]["model.convnet.filters"] == 256
    assert data["tracking_uri"] == "postgresql://me:***@host/db"
    assert sheet_data(sheet(ledgers, "VGG19", tmp_path))["number"] is None
