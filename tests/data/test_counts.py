import pytest

from nas import Cifar10, Digits, ImageFolder, Mnist
from nas.data.counts import expected_counts
from nas.data.prepare import prepare
from nas.records import DataPlace


def test_digits_as_they_are_split(tmp_path):
    exact = prepare(Digits(), DataPlace(tmp_path, tmp_path), seed=0).counts
    for part, count in expected_counts(Digits()).items():
        assert count == pytest.approx(exact[part], abs=10)


@pytest.mark.parametrize(
    ("data", "counts"),
    [
        (Cifar10(), {"train": 40_000, "val": 10_000, "test": 10_000}),
        (Mnist(val_share=0.1), {"train": 54_000, "val": 6_000, "test": 10_000}),
    ],
)
def test_published_data(data, counts):
    assert expected_counts(data) == counts


def folder(base, **images):
    for place, count in images.items():
        for name in ("cat", "dog"):
            target = base / place.replace("root", "") / name
            target.mkdir(parents=True)
            for index in range(count):
                (target / f"{index}.png").touch()
    return ImageFolder(path=str(base))


def test_a_folder_of_class_folders(tmp_path):
    assert expected_counts(folder(tmp_path, root=50)) == {"train": 65, "val": 20, "test": 15}


def test_a_folder_with_all_three_parts(tmp_path):
    assert expected_counts(folder(tmp_path, train=7, val=2, test=1)) == {"train": 14, "val": 4, "test": 2}
