"""Labels that do not survive."""

import subprocess
import sys

import pytest

from nas import Augmentation, Cifar10, Diabetes, Digits, ImageFolder, Mnist, choice, uniform
from nas.data.augmentation.warnings import label_warnings

ROTATION = (
    "augmentation.rotation: an image of digits may mean something else when turned by up to 180 degrees; "
    "45 or less keeps it what it is"
)
FLIP = 'augmentation.flip: an image of mnist may mean something else when mirrored (horizontal); "none" keeps it'


def test_rotation() -> None:
    assert label_warnings(Augmentation(rotation=180.0), Digits()) == [ROTATION]
    assert label_warnings(Augmentation(rotation=45.0), Digits()) == []


def test_flip() -> None:
    assert label_warnings(Augmentation(flip="horizontal"), Mnist()) == [FLIP]


def test_both() -> None:
    assert len(label_warnings(Augmentation(rotation=46.0, flip="both"), Mnist())) == 2


@pytest.mark.parametrize("data", [Cifar10(), ImageFolder(path="photos"), Diabetes()])
def test_where_any_side_may_be_up(data: Cifar10 | ImageFolder | Diabetes) -> None:
    assert label_warnings(Augmentation(rotation=180.0, flip="both"), data) == []


def test_what_labels_survive() -> None:
    harmless = Augmentation(rotation=30.0, shift=0.3, shear=40.0, zoom=0.3, crop=4, mixup=0.5, cutmix=1.0, erase=0.5)
    assert label_warnings(harmless, Digits()) == []
    assert label_warnings(None, Digits()) == []


def test_holes_count_with_their_strongest_option() -> None:
    assert label_warnings(Augmentation(rotation=uniform(0.0, 180.0)), Digits()) == [ROTATION]
    assert label_warnings(Augmentation(rotation=choice(180.0, 10.0)), Digits()) == [ROTATION]
    assert label_warnings(Augmentation(rotation=uniform(0.0, 20.0)), Digits()) == []
    assert label_warnings(Augmentation(flip=choice("none", "horizontal")), Mnist()) == [FLIP]


def test_the_augmentation_itself_is_a_hole() -> None:
    either = choice(None, Augmentation(flip="horizontal"), labels=("off", "on"))
    assert label_warnings(either, Mnist()) == [FLIP]


def test_the_data_is_a_hole() -> None:
    data = choice(Cifar10(), Mnist(), labels=("cifar", "mnist"))
    assert label_warnings(Augmentation(flip="horizontal"), data) == [FLIP]


def test_loads_without_torch() -> None:
    code = "import sys, nas.data.augmentation.warnings; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "False\n"
