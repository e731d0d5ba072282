import os
from pathlib import Path

import numpy as np
import pytest
import torch

from nas import Data, Diabetes, Table, Tabular
from nas.data.counts import expected_counts
from nas.data.errors import DataError
from nas.data.part import Part
from nas.data.prepare import prepare, split
from nas.data.shape import shape_of
from nas.data.splits import load_splits
from nas.data.tables import moments, read_table
from nas.records import DataPlace
from nas.training.scaling import Scaling
from nas.training.tasks import Regression


def table(tmp_path: Path, lines: list[str], target: str = "y", **values: object) -> Table:
    path = tmp_path / "table.csv"
    path.write_text("\n".join(lines))
    return Table(path=str(path), target=target, **values)  # type: ignore[arg-type]


def random_lines(count: int = 100, seed: int = 0) -> list[str]:
    rows = np.random.default_rng(seed).normal((5, -3, 100), (2, 1, 30), (count, 3)).round(6)
    return ["a,y,b", *(",".join(map(str, row)) for row in rows.tolist())]


def test_numbers_become_columns_and_the_target_leaves(tmp_path: Path, place: DataPlace) -> None:
    lines = random_lines()
    data = table(tmp_path, lines)
    splits = load_splits(data, place, 0)
    assert splits.info.shape == (2, 1, 1)
    assert shape_of(data, place) == ((2, 1, 1), 1)
    assert splits.info.counts == expected_counts(data) == {"train": 70, "val": 15, "test": 15}
    rows = {tuple(map(float, line.split(","))) for line in lines[1:]}
    found = set()
    for part in (splits.train, splits.val, splits.test):
        assert part.pixels.dtype == part.labels.dtype == torch.float64
        assert part.pixels.shape == (len(part), 2, 1, 1)
        columns = part.pixels[:, :, 0, 0].numpy()
        found |= {(a, y, b) for (a, b), y in zip(columns, part.labels.numpy(), strict=True)}
    assert found == rows


def test_moments_are_of_the_train_part_alone(tmp_path: Path, place: DataPlace) -> None:
    splits = load_splits(table(tmp_path, random_lines()), place, 0)
    train = splits.train.pixels.double()
    assert torch.allclose(splits.mean.double(), train.mean(dim=(0, 2, 3)))
    assert torch.allclose(splits.std.double(), train.std(dim=(0, 2, 3), correction=0))
    every = torch.cat([part.pixels for part in (splits.train, splits.val, splits.test)])
    assert (splits.mean - every.mean(dim=(0, 2, 3))).abs().max() > 0.01
    labels = splits.train.labels.double()
    assert splits.target == pytest.approx((float(labels.mean()), float(labels.std(correction=0))))
    normal = splits.normalise(splits.train.pixels)
    assert normal.mean(dim=0).abs().max() < 1e-5
    assert (normal.std(dim=0, correction=0) - 1).abs().max() < 1e-5


def test_a_change_of_test_rows_changes_nothing_that_training_sees(tmp_path: Path, place: DataPlace) -> None:
    before = load_splits(table(tmp_path, random_lines()), place, 0)
    lines = random_lines()
    test_rows = {tuple(row) for row in before.test.pixels[:, :, 0, 0].tolist()}
    for number, line in enumerate(lines[1:], start=1):
        a, y, b = map(float, line.split(","))
        if (a, b) in test_rows:
            lines[number] = f"{a},{y + 1000},{b}"
    after = load_splits(table(tmp_path, lines), place, 0)
    assert torch.equal(before.train.labels, after.train.labels)
    assert torch.equal(before.test.labels + 1000, after.test.labels)
    assert (before.target, before.mean.tolist()) == (after.target, after.mean.tolist())


def test_the_seed_decides_the_split_and_not_the_order_of_the_rows(tmp_path: Path, place: DataPlace) -> None:
    lines = random_lines()
    first = load_splits(table(tmp_path, lines), place, 0)
    reversed_rows = load_splits(table(tmp_path, [lines[0], *lines[:0:-1]]), place, 0)
    other = load_splits(table(tmp_path, lines), place, 1)
    assert set(first.val.labels.tolist()) == set(reversed_rows.val.labels.tolist())
    assert set(first.val.labels.tolist()) != set(other.val.labels.tolist())


def test_rows_with_the_same_inputs_stay_together(tmp_path: Path) -> None:
    lines = random_lines(30)
    data = table(tmp_path, [lines[0], *lines[1:] * 3])
    rows = read_table(data)
    for seed in range(5):
        parts = split(rows.rows, data, seed).reshape(3, 30)
        assert np.array_equal(parts[0], parts[1])
        assert np.array_equal(parts[0], parts[2])
        assert set(parts[0]) == {Part.TRAIN, Part.VAL, Part.TEST}


def test_texts_become_a_column_for_each_value(tmp_path: Path) -> None:
    lines = ["kind,y,size", *(f"{kind},{index},{index}" for index, kind in enumerate(["b", "a", "", "b"] * 5))]
    rows = read_table(table(tmp_path, lines))
    assert rows.names == ("kind=", "kind=a", "kind=b", "size")
    assert rows.inputs[:4].tolist() == [[0, 0, 1, 0], [0, 1, 0, 1], [1, 0, 0, 2], [0, 0, 1, 3]]
    assert rows.warnings == ()


def test_empty_cells_take_the_mean_of_the_train_part(tmp_path: Path, place: DataPlace) -> None:
    lines = random_lines()
    for number in (3, 20, 57, 80, 99):
        _, y, b = lines[number].split(",")
        lines[number] = f"{'NA' if number == 3 else ''},{y},{b}"
    data = table(tmp_path, lines)
    rows = read_table(data)
    parts = split(rows.rows, data, 0)
    known = rows.inputs[parts == Part.TRAIN, 0]
    mean = known[~np.isnan(known)].mean()
    splits = load_splits(data, place, 0)
    values = torch.cat([part.pixels[:, 0, 0, 0] for part in (splits.train, splits.val, splits.test)])
    assert int((values == mean).sum()) == 5
    assert splits.mean[0] == pytest.approx(mean)
    assert splits.info.warnings == (f"{data.path}: column 'a': 5 empty cells take the train part's mean",)


def test_constant_and_empty_columns(tmp_path: Path, place: DataPlace) -> None:
    lines = ["a,b,y,none,", *(f"7,{index},{index},," for index in range(20))]
    data = table(tmp_path, lines)
    splits = load_splits(data, place, 0)
    assert splits.info.shape == (2, 1, 1)
    assert splits.std[0] == 1
    assert splits.normalise(splits.test.pixels)[:, 0].abs().max() == 0
    assert splits.info.warnings == tuple(f"{data.path}: column {name!r} is empty and left out" for name in ("none", ""))


def test_a_target_that_is_constant_in_the_train_part_keeps_its_deviation_above_zero() -> None:
    assert [float(value) for value in moments(np.full(20, 3.0))] == [3.0, 1.0]


def test_times_in_seconds_are_told_apart(tmp_path: Path, place: DataPlace) -> None:
    """Near 1.7e9 float32 has steps of 128."""
    lines = ["time,y", *(f"{1_700_000_000 + second},{1_700_000_000 + 2 * second}" for second in range(100))]
    splits = load_splits(table(tmp_path, lines), place, 0)
    train = splits.train
    seconds = train.pixels[:, 0, 0, 0] - 1_700_000_000
    for normal in (splits.normalise(train.pixels), Scaling(splits.mean, splits.std, 1.0)(train.pixels)):
        assert normal.dtype == torch.float32
        wanted = (seconds - seconds.mean()) / seconds.std(correction=0)
        assert torch.allclose(normal[:, 0, 0, 0].double(), wanted, atol=1e-6)
    assert splits.target is not None
    wanted = (seconds - seconds.mean()) / seconds.std(correction=0)
    loss = Regression(*splits.target).loss(wanted.float()[:, None], train.labels)
    assert loss.dtype == torch.float32
    assert loss < 1e-10


def test_decimal_commas(tmp_path: Path) -> None:
    rows = read_table(table(tmp_path, ["a;y", *(f"{index},5;{index},25" for index in range(12))]))
    assert rows.inputs[:2].ravel().tolist() == [0.5, 1.5]
    assert rows.targets[1] == 1.25


TWENTY = [f"{index},{index}" for index in range(20)]


@pytest.mark.parametrize(
    ("lines", "line"),
    [
        (["a,y", *TWENTY, "1,", "2,NA"], "target 'y': is empty in lines 22, 23; fill it in, or remove the rows"),
        (["a,y", *TWENTY, "1,many"], "target 'y': is no number in line 22, such as 'many'; mend it"),
        (["a,y", *TWENTY, "1,-nan"], "target 'y': is no number in line 22, such as '-nan'; mend it"),
        (
            ["a,y", *(f"{index},cat" for index in range(20))],
            "target 'y': holds no numbers but texts such as 'cat'; choose a column of numbers",
        ),
        (
            ["name,y", *(f"n{index},{index}" for index in range(101))],
            "column 'name': holds 101 different texts, 100 at most can be used; remove it",
        ),
        (["a,y", *TWENTY, "inf,3"], "column 'a': too large a number in line 22; change or remove it"),
        (["y", *map(str, range(20))], "has no columns beside the target; add some"),
        (["a,y"], "has no rows; add some"),
        (["a,y", *TWENTY[:9]], "has 9 rows with 9 different inputs; give 10 rows with 3 different ones at least, to be "
         "split"),
        (["a,y", *(f"{index % 2},{index}" for index in range(20))],
         "has 20 rows with 2 different inputs; give 10 rows with 3 different ones at least, to be split"),
        (["a,y", *(f"{index},3" for index in range(20))], "target 'y': is 3 in all rows; choose a column that varies"),
        (["a,y", *TWENTY, "abc,3", "-,4"], "column 'a': is no number in lines 22, 23, such as 'abc'; mend it"),
        (["a,y", *(f'"1,{index:03}",{index}' for index in range(20))],
         "column 'a': has marks between the thousands, such as '1,000'; write numbers without"),
        (["a,y", *TWENTY, "1_0,3"], "column 'a': is no number in line 22, such as '1_0'; mend it"),
    ],
)  # fmt: skip
def test_what_cannot_be_used(tmp_path: Path, place: DataPlace, lines: list[str], line: str) -> None:
    data = table(tmp_path, lines)
    with pytest.raises(DataError) as caught:
        prepare(data, place, 0)
    assert caught.value.lines == (f"{data.path}: {line}",)


def test_several_mistakes_are_told_together(tmp_path: Path, place: DataPlace) -> None:
    data = table(tmp_path, ["a,name,y", *(f"1e99,n{index},{index}" for index in range(101)), "1,x,"])
    with pytest.raises(DataError) as caught:
        shape_of(data, place)
    assert len(caught.value.lines) == 3


def test_the_digest_is_of_the_content(tmp_path: Path, place: DataPlace) -> None:
    lines = random_lines()
    digest = prepare(table(tmp_path, lines), place, 0).digest
    assert len(bytes.fromhex(digest)) == 8
    assert prepare(table(tmp_path, ["a note", *lines]), place, 3).digest == digest
    changed = [lines[0], "1,2,3", *lines[2:]]
    assert prepare(table(tmp_path, changed), place, 0).digest != digest
    renamed = ["a,y,c", *lines[1:]]
    assert prepare(table(tmp_path, renamed), place, 0).digest != digest
    assert not place.cache.exists()


def test_the_diabetes_table_is_the_published_one(place: DataPlace) -> None:
    from sklearn.datasets import load_diabetes

    bunch = load_diabetes(scaled=False)
    rows = read_table(Diabetes())
    assert rows.names == tuple(bunch.feature_names)
    assert np.array_equal(rows.inputs, bunch.data)
    assert np.array_equal(rows.targets, bunch.target)
    assert shape_of(Diabetes(), place) == ((10, 1, 1), 1)
    assert prepare(Diabetes(), place, 0).counts == expected_counts(Diabetes()) == {"train": 310, "val": 66, "test": 66}


class Unknown(Tabular, kind="unknown_table"):
    pass


def test_a_table_without_a_reader(place: DataPlace) -> None:
    unknown: Data = Unknown()
    for ask in (lambda: prepare(unknown, place, 0), lambda: shape_of(unknown, place)):
        with pytest.raises(DataError, match=r"data: no reader for Unknown; known are digits, .*, diabetes, table"):
            ask()


@pytest.mark.skipif("NAS_TEST_TABLE" not in os.environ, reason="NAS_TEST_TABLE names no CSV file")
def test_the_real_house_prices(place: DataPlace) -> None:
    data = Table(path=os.environ["NAS_TEST_TABLE"], target="MEDV")
    info = prepare(data, place, 0)
    assert info.shape == (13, 1, 1)
    assert sum(info.counts.values()) == 506
    assert info.warnings == ()
