"""Kept weights: the front and the five best, whatever the order in which trials end."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from nas import maximize, minimize
from nas.search.retention import pareto_front, remove, spare_paths, worth_keeping

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
    for name in ("weights.pt", "config.json", "findings/report.json", "more/old.pt"):
        (tmp_path / "7" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "7" / name).write_text("x")
    for path in spare_paths(tmp_path / "7"):
        remove(path)
    assert [path.name for path in (tmp_path / "7").rglob("*")] == ["findings", "report.json"]
    assert spare_paths(tmp_path / "7") == []


def test_without_any_the_whole_folder_goes(tmp_path: Path) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "weights.pt").write_text("x")
    assert spare_paths(tmp_path / "7") == [tmp_path / "7"]
    assert spare_paths(tmp_path / "8") == []
    remove(tmp_path / "7")
    assert not (tmp_path / "7").exists()
