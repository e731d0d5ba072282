"""Small image folders and places to prepare them in."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nas.records import DataPlace

MakeFolder = Callable[..., Path]


@pytest.fixture
def place(tmp_path: Path) -> DataPlace:
    return DataPlace(tmp_path / "data", tmp_path / "cache")


@pytest.fixture
def make_folder(tmp_path: Path) -> MakeFolder:
    """Makes a folder of random images from {"train/cat": 5, ...}: folder below the root and number of images."""

    def make(folders: Mapping[str, int], name: str = "images", side: int = 12, seed: int = 0) -> Path:
        random = np.random.default_rng(seed)
        for folder, count in folders.items():
            (tmp_path / name / folder).mkdir(parents=True)
            for number in range(count):
                pixels = random.integers(0, 256, (side, side, 3), np.uint8)
                Image.fromarray(pixels).save(tmp_path / name / folder / f"{number:03}.png")
        return tmp_path / name

    return make
