"""Kept weights: the front and the five best, whatever the order in which trials end."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from optuna.storages import RDBStorage

from nas import maximize, minimize
from nas.search.layout import Layout
from nas.search.opening import open_study
from nas.search.queue import Budget
from nas.search.retention import Retention, pareto_front, remove, spare_paths, worth_keeping
from tests.search.conftest import toy_space
from tests.search.test_queue import drain, open_queue

OBJECTIVES = (maximize("val_accuracy"), minimize("params"))
VALUES = st.dictionaries(
    st.integers(0, 40), st.tuples(st.integers(0, 6).map(float), st.integers(1, 6).map(float)), min_size=1
)


@given(VALUES)
def test_front_is_what_nobody_dominates(values: dict[int, tuple[float, float]]) -> None:
    def dominates(a: tuple[float, float], b: tuple[float, float]) -> bool:
        return a != b and a[0] >= b[0] and a[1] >= b[1]

    expected = {n for n, own in values.items() if not any(dominates(other, own) for other in values.values())}
    assert pareto_front(values) == expected


@given(VALUES)
def test_keeping_as_one_goes_equals_keeping_at_the_end(values: dict[int, tuple[float, float]]) -> None:
    kept: dict[int, tuple[float, float]] = {}
    for number in values:
        kept[number] = values[number]
        kept = {n: kept[n] for n in worth_keeping(kept, OBJECTIVES)}
    # ties in the fifth place may fall either way; the values kept are the same
    final = worth_keeping(values, OBJECTIVES)
    assert sorted(values[n] for n in kept) == sorted(values[n] for n in final)


def test_five_best_and_front() -> None:
    values = {n: (float(n), 100.0) for n in range(10)} | {20: (0.5, 1.0)}
    assert worth_keeping(values, OBJECTIVES) == {5, 6, 7, 8, 9, 20}


def test_pictures_and_tables_stay(tmp_path: Path) -> None:
    for name in ("weights.safetensors", "config.json", "findings/report.json", "more/old.pt"):
        (tmp_path / "7" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "7" / name).write_text("x")
    for path in spare_paths(tmp_path / "7"):
        remove(path)
    assert [path.name for path in (tmp_path / "7").rglob("*")] == ["findings", "report.json"]
    assert spare_paths(tmp_path / "7") == []


def test_without_any_the_whole_folder_goes(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "weights.safetensors").write_text("x")
    assert spare_paths(tmp_path / "7") == [tmp_path / "7"]
    assert spare_paths(tmp_path / "8") == []
    remove(tmp_path / "7")
    assert not (tmp_path / "7").exists()


def left_by_a_dead_driver(storage: RDBStorage, layout: Layout, keep_all: bool = False) -> set[str]:
    """Of eight trials with all their files, what is there once another driver has begun."""
    queue = open_queue(storage, toy_space(), Budget(trials=8))
    drain(queue)
    running = queue.drawer.draw().trial
    assert running.number == 8
    for number in range(9):
        for folder, name in (
            (layout.checkpoints("toy", number) / "hash", "epoch"),
            (layout.weights("toy", number), "w"),
        ):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text("x")
    ledger = open_study(storage, toy_space(), "random", 0, None)
    Retention(ledger, layout, keep_all).make_up(ledger)
    return {str(path.relative_to(layout.home)) for path in layout.home.rglob("*") if path.is_file()}


def worth_it(storage: RDBStorage) -> set[int]:
    values = {
        t.number: list(t.values) for t in open_study(storage, toy_space(), "random", 0, None).frozen() if t.values
    }
    return worth_keeping(values, OBJECTIVES)


def test_the_next_driver_makes_up_for_one_that_died(storage: RDBStorage, tmp_path: Path) -> None:
    found = left_by_a_dead_driver(storage, Layout(tmp_path / "home", tmp_path))
    kept = worth_it(storage)
    assert 5 <= len(kept) < 8
    expected = {f"artifacts/toy/{number:05d}/w" for number in kept | {8}}
    assert found == expected | {"checkpoints/toy/00008/hash/epoch"}


def test_what_was_kept_on_purpose_stays(storage: RDBStorage, tmp_path: Path) -> None:
    layout = Layout(tmp_path / "home", tmp_path)
    everything = {f"artifacts/toy/{number:05d}/w" for number in range(9)} | {"checkpoints/toy/00008/hash/epoch"}
    assert left_by_a_dead_driver(storage, layout, keep_all=True) == everything
    ledger = open_study(storage, toy_space(), "random", 0, None)
    Retention(ledger, layout).make_up(ledger)
    assert {str(path.relative_to(layout.home)) for path in layout.home.rglob("*") if path.is_file()} == everything
