"""The images of a workload: made from numbers or taken from CIFAR-10, and written as PNG files in class folders."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CLASSES = 10
SIDE = 32
SHARES = {"train": 0.8, "val": 0.1, "test": 0.1}

Pixels = NDArray[np.uint8]
Labels = NDArray[np.int64]


def generated(count: int, seed: int = 0) -> tuple[Pixels, Labels]:
    """`count` coloured images (N, 32, 32, 3) of ten classes in turn: waves of a direction, a length and a colour for
    each class, with a random phase, under noise as strong as they are.
    """
    random = np.random.default_rng(seed)
    labels = np.arange(count) % CLASSES
    angle, length = np.pi * labels / CLASSES, 6.0 + 1.5 * (labels % 3)
    y, x = np.mgrid[:SIDE, :SIDE]
    along = np.cos(angle)[:, None, None] * x + np.sin(angle)[:, None, None] * y
    phase = random.uniform(0, 2 * np.pi, (count, 1, 1))
    waves = np.sin(2 * np.pi * along / length[:, None, None] + phase)
    colours = 0.5 + 0.5 * np.cos(2 * np.pi * (labels[:, None] / CLASSES + np.arange(3) / 3))
    images = 128 + 50 * waves[..., None] * colours[:, None, None, :]
    images += random.normal(0, 50, images.shape)
    return images.clip(0, 255).astype(np.uint8), labels


def cifar10(folder: Path, count: int) -> tuple[Pixels, Labels]:
    """The first images of CIFAR-10, of which `folder` holds `cifar-10-batches-py` (as torchvision leaves it).

    Raises:
        FileNotFoundError: it does not.
    """
    pixels: list[Any] = []
    labels: list[int] = []
    for number in range(1, 6):
        file = folder / "cifar-10-batches-py" / f"data_batch_{number}"
        if len(labels) < count:
            batch = pickle.loads(file.read_bytes(), encoding="bytes")
            pixels.append(batch[b"data"])
            labels += batch[b"labels"]
    images = np.concatenate(pixels).reshape(-1, 3, SIDE, SIDE).transpose(0, 2, 3, 1)
    return images[:count], np.array(labels[:count], np.int64)


def write_images(folder: Path, images: Pixels, labels: Labels) -> None:
    """Write train/, val/ and test/ with a folder for each class. The parts follow each other in the images' order."""
    ends = np.cumsum([round(share * len(labels)) for share in SHARES.values()])
    for part, start, stop in zip(SHARES, (0, *ends), ends, strict=False):
        for label in range(CLASSES):
            (folder / part / f"class{label}").mkdir(parents=True)
        for index in range(start, min(stop, len(labels))):
            file = folder / part / f"class{labels[index]}" / f"{index:06d}.png"
            Image.fromarray(images[index]).save(file, compress_level=1)


def write_backbone(file: Path, images: Pixels, side: int) -> None:
    """Write weights of a MobileNetV2 as if it had been trained: random ones, norms in tune with the images."""
    import torch
    from torchvision.models import mobilenet_v2

    torch.manual_seed(0)
    network = mobilenet_v2()
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # the running statistics become plain means
    pixels = torch.from_numpy(images[:64].transpose(0, 3, 1, 2).copy()).float() / 255
    with torch.no_grad():
        network(torch.nn.functional.interpolate((pixels - 0.45) / 0.225, (side, side), mode="bilinear"))
    torch.save(network.state_dict(), file)
