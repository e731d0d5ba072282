import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from nas import Cifar10, Data, Digits, FashionMnist, ImageFolder, Mnist
from nas.data.errors import DataError
from nas.data.shape import shape_of
from nas.records import DataPlace, Shape

MakeFolder = Callable[..., Path]


@pytest.mark.parametrize(
    ("data", "shape"),
    [
        (Digits(), (1, 8, 8)),
        (Digits(channels=3, image_size=32), (3, 32, 32)),
        (Cifar10(), (3, 32, 32)),
        (Cifar10(channels=1, image_size=16), (1, 16, 16)),
        (Mnist(), (1, 28, 28)),
        (FashionMnist(channels=3), (3, 28, 28)),
    ],
)
def test_shape_of_published_data_needs_no_files(data: Data, shape: Shape, place: DataPlace) -> None:
    assert shape_of(data, place) == (shape, 10)


@pytest.mark.parametrize("parts", [("",), ("train/", "test/"), ("train/",), ("train/", "val/", "test/")])
def test_shape_of_folders(parts: tuple[str, ...], make_folder: MakeFolder, place: DataPlace) -> None:
    path = str(make_folder({f"{part}{name}": 2 for part in parts for name in "abc"}))
    assert shape_of(ImageFolder(path=path), place) == ((3, 64, 64), 3)
    assert shape_of(ImageFolder(path=path, image_size=20, channels=1), place) == ((1, 20, 20), 3)
    assert shape_of(ImageFolder(path=path, image_size=None), place) == ((3, 12, 12), 3)


def test_own_size_is_that_of_the_upright_image(tmp_path: Path, place: DataPlace) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        exif = Image.Exif()
        exif[0x0112] = 6  # the camera was held upright: rows are columns
        Image.new("RGB", (30, 20)).save(tmp_path / name / "turned.jpg", exif=exif)
    assert shape_of(ImageFolder(path=str(tmp_path), image_size=None), place) == ((3, 30, 20), 2)


def test_own_size_of_something_else_is_an_error(tmp_path: Path, place: DataPlace) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "note.png").write_text("no image")
    with pytest.raises(DataError, match=r"a/note\.png: cannot be used \(no image but b'no image'\); replace"):
        shape_of(ImageFolder(path=str(tmp_path), image_size=None), place)


def test_a_class_called_train_is_no_part(make_folder: MakeFolder, place: DataPlace) -> None:
    path = make_folder({"train": 2, "bus": 2, "tram": 2})
    assert shape_of(ImageFolder(path=str(path)), place)[1] == 3


def test_hidden_things_are_passed_over(make_folder: MakeFolder, place: DataPlace) -> None:
    path = make_folder({"a": 1, "b": 1, ".thumbnails": 1, "__MACOSX": 0})
    assert shape_of(ImageFolder(path=str(path)), place)[1] == 2


def errors(path: Path, place: DataPlace) -> list[str]:
    with pytest.raises(DataError) as caught:
        shape_of(ImageFolder(path=str(path)), place)
    assert str(caught.value) == "\n".join(caught.value.lines)
    return [line.replace(str(path), "ROOT") for line in caught.value.lines]


def test_missing_folder(tmp_path: Path, place: DataPlace) -> None:
    (line,) = errors(tmp_path / "nowhere", place)
    assert line.startswith("ROOT: cannot be read (No such file or directory); give a folder of class folders")


def test_a_file_in_place_of_a_folder(tmp_path: Path, place: DataPlace) -> None:
    (tmp_path / "file").write_text("")
    (line,) = errors(tmp_path / "file", place)
    assert line.startswith("ROOT: cannot be read (Not a directory)")


def test_all_mistakes_in_the_classes_are_told_together(make_folder: MakeFolder, place: DataPlace) -> None:
    path = make_folder({"train/cat": 1, "train/dog": 1, "train/cow": 0, "test/Cat": 1, "test/dog": 1, "test/cow": 1})
    assert errors(path, place) == [
        "ROOT/train: no class folder 'Cat', which test/ has; did you mean cat?",
        "ROOT/test: no class folder 'cat', which train/ has; did you mean Cat?",
        f"ROOT/train/cow: no images; put some there ({SUFFIXES}) or remove the folder",
    ]


SUFFIXES = ".bmp .gif .jpeg .jpg .pbm .pgm .png .ppm .tif .tiff .webp"


@pytest.mark.parametrize(
    ("folders", "line"),
    [
        ({"": 3}, "ROOT: has no folders; give a folder with one folder of images for each class"),
        ({"a": 3}, "ROOT: one class folder (a); a classifier needs two or more"),
        ({"scenes/a": 1, "scenes/b": 1}, "ROOT: one class folder (scenes); did you mean ROOT/scenes?"),
        ({"train/a": 1}, "ROOT: one class folder (a); a classifier needs two or more"),
        ({"val/a": 1, "test/a": 1}, "ROOT: has val/ and test/, but no train/ to train on; add it"),
        ({"train/a": 1, "test/a": 1, "a": 1}, "ROOT: has train/, test/ and other folders (a); leave one kind"),
        ({"train/a": 1, "train/b": 1, "test": 1}, "ROOT/test: has no class folders; add one for each class"),
        (
            {"train/a": 1, "train/b": 1, "test/a": 1},
            "ROOT/test: no class folder 'b', which train/ has; add it, or remove the class from all parts",
        ),
    ],
)
def test_one_mistake(folders: dict[str, int], line: str, make_folder: MakeFolder, place: DataPlace) -> None:
    assert errors(make_folder(folders), place) == [line]


def test_parts_under_other_names_are_not_taken_for_classes(make_folder: MakeFolder, place: DataPlace) -> None:
    path = make_folder({f"{part}/{name}": 1 for part in ("train", "valid") for name in "ab"})
    assert errors(path, place) == [
        f"ROOT/{part}: no images, but folders (a, b); images lie right in their class folder, parts are called train/, "
        "val/ and test/"
        for part in ("train", "valid")
    ]


def test_data_without_a_reader(place: DataPlace) -> None:
    class Stars(Data, kind="stars_of_this_test"):
        pass

    with pytest.raises(DataError, match="no reader for Stars; known are digits, cifar10, mnist"):
        shape_of(Stars(), place)


def test_loads_without_heavy_imports() -> None:
    code = "import sys, nas.data.shape; print(sorted({'numpy', 'torch', 'PIL', 'sklearn'} & set(sys.modules)))"
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=root).stdout == "[]\n"
