"""Tiny spaces that are pointed at bad data, and small folders of images."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from PIL import Image

IMAGES = '''"""Networks for images."""
from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice, maximize

template = TrialConfig(
    data=Digits(), model=ConvNet(conv_layers=1, filters=choice(2, 4), dense_layers=0), epochs=1, precision="fp32"
)
space = SearchSpace(
    "tiny", template, objectives=(maximize("val_accuracy"),),
    baselines={"two": template.replace(model=ConvNet(conv_layers=1, filters=2, dense_layers=0))},
)
'''

ROWS = '''"""Networks for tables."""
from nas import MLP, Dense, Diabetes, SearchSpace, TrialConfig, choice, maximize

template = TrialConfig(data=Diabetes(), model=MLP(layers=(Dense(width=choice(2, 4)),)), epochs=1, precision="fp32")
space = SearchSpace(
    "rows", template, objectives=(maximize("val_r2"),),
    baselines={"two": template.replace(model=MLP(layers=(Dense(width=2),)))},
)
'''


def search(folder: Path, text: str, data: Path | str, *more: str) -> list[str]:
    """The arguments of a search of one trial on `data`, with the space's file written to `folder`."""
    (folder / "space.py").write_text(text)
    (folder / "home" / "cache").mkdir(exist_ok=True)
    short = ("--trials", "1", "--executor", "local", "--tracking-uri", "none", "--quiet")
    return ["search", "space.py", "--data", str(data), *short, *more]


def make_images(root: Path, folders: Mapping[str, int], side: int = 12, seed: int = 0) -> Path:
    """A folder of random images from {"train/cat": 5, ...}: folders below the root and numbers of images."""
    random = np.random.default_rng(seed)
    for folder, count in folders.items():
        (root / folder).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.fromarray(random.integers(0, 256, (side, side, 3), np.uint8)).save(root / folder / f"{number:03}.png")
    return root
