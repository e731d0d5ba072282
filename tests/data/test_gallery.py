import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nas import Diabetes, Digits, ImageFolder, Table
from nas.data.charts import draw_counts
from nas.data.gallery import write_gallery
from nas.data.splits import load_splits
from nas.records import DataPlace


def test_classes(place: DataPlace, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "gallery"
    write_gallery(Digits(), place, 0, folder)
    counts = json.loads((folder / "class_counts.json").read_text())
    splits = load_splits(Digits(), place, 0)
    assert list(counts) == list(splits.info.class_names)
    assert counts["3"]["train"] == int((splits.train.labels == 3).sum())
    for part in ("train", "val", "test"):
        assert sum(count[part] for count in counts.values()) == splits.info.counts[part]
    with Image.open(folder / "class_counts.png") as chart:
        assert min(chart.size) > 200
    with Image.open(folder / "samples.png") as samples:
        assert samples.height > samples.width  # ten rows of eight
    assert sorted(path.name for path in folder.iterdir()) == ["class_counts.json", "class_counts.png", "samples.png"]


def test_samples_are_of_the_train_part_and_a_rare_class_leaves_room(make_folder, place: DataPlace, tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "pictures"
    for part, grey in (("train", 50), ("val", 100), ("test", 150)):
        for name, count in (("many", 4), ("rare", 1)):
            (path / part / name).mkdir(parents=True)
            for number in range(count):
                Image.new("L", (4, 4), grey + number).save(path / part / name / f"{number}.png")
    write_gallery(ImageFolder(path=str(path), image_size=None), place, 0, tmp_path / "gallery")
    with Image.open(tmp_path / "gallery" / "samples.png") as samples:
        values, counts = np.unique(np.asarray(samples.convert("L")), return_counts=True)
    found = dict(zip(values.tolist(), counts.tolist(), strict=True))
    assert [found.get(50 + number, 0) >= 64**2 for number in range(4)] == [True] * 4
    assert found[50] >= 2 * 64**2
    assert found.get(100, 0) < 64**2
    assert found.get(150, 0) < 64**2


@pytest.mark.parametrize("text_column", [False, True])
def test_tables(place: DataPlace, tmp_path: Path, text_column: bool) -> None:
    lines = [f"{index % 7},{'' if index == 3 else index},{'ab'[index % 2]},{2 * index}" for index in range(60)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,kind,price", *lines]))
    data = Table(path=str(tmp_path / "t.csv"), target="price") if text_column else Diabetes()
    write_gallery(data, place, 0, tmp_path / "gallery")
    facts = json.loads((tmp_path / "gallery" / "columns.json").read_text())
    splits = load_splits(data, place, 0)
    assert splits.target is not None
    assert facts["target"]["mean"] == pytest.approx(splits.target[0])
    assert facts["target"]["deviation"] == pytest.approx(splits.target[1])
    names = ["a", "b", "kind=a", "kind=b"] if text_column else ["age", "sex", "bmi", "bp"]
    assert list(facts["columns"])[:4] == names
    assert facts["columns"][names[0]]["mean"] == pytest.approx(splits.mean[0].item())
    assert facts["columns"][names[1]]["empty"] == int(text_column)
    with Image.open(tmp_path / "gallery" / "target.png") as chart:
        assert min(chart.size) > 200


def test_names_that_would_be_markup_and_many_classes(tmp_path: Path) -> None:
    names = [f"$class_{number}$ ß" for number in range(150)]
    draw_counts(tmp_path / "counts.png", names, {"train": [3] * 150, "val": [1] * 150, "test": [0] * 150})
    with Image.open(tmp_path / "counts.png") as chart:
        assert chart.height < 2000
