"""Train, validation and test items as tensors on the device where they are used."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas.config import Data, Tabular
from nas.data.cache import Prepared
from nas.data.part import Part
from nas.data.parts import Parts
from nas.data.prepare import describe, describe_table, open_prepared, split
from nas.data.tables import moments, read_table
from nas.records import DataInfo, DataPlace

_WHITE = 255.0


@dataclass(frozen=True)
class Images:
    """Labelled images on one device. pixels: uint8 (N, C, H, W). labels: int64 (N).

    Of a table: pixels are its columns in their own units, float32 (N, columns, 1, 1); labels its targets, float32 (N).
    """

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Splits:
    """The three parts of a data set.

    mean, std: of each channel over the train part, of pixels in [0, 1] (C); of a table's columns in their own units.
    target: mean and deviation of a table's targets in the train part; None for classes.
    """

    train: Images
    val: Images
    test: Images
    info: DataInfo
    mean: Tensor
    std: Tensor
    target: tuple[float, float] | None = None

    def normalise(self, pixels: Tensor) -> Tensor:
        """Images or rows with mean 0 and deviation 1 in each channel of the train part: see `normalise`."""
        if self.target is not None:
            return (pixels - self.mean.view(-1, 1, 1)) / self.std.view(-1, 1, 1)
        return normalise(pixels, self.mean, self.std)


def load_splits(data: Data, place: DataPlace, seed: int, device: str | torch.device = "cpu") -> Splits:
    """The data's parts on `device`, the same for the same data and seed; prepared now if it was not.

    On the processor a part that lies in one piece in the cache (one that the data brings) is mapped, not copied.

    Raises:
        DataError: the data is absent, cannot be read or cannot be split; a line for each mistake.
    """
    if isinstance(data, Tabular):
        return _load_table(data, seed, device)
    prepared = open_prepared(data, place)
    parts = split(prepared.table, data, seed)
    train, val, test = (_images(prepared, parts, part, device) for part in (Part.TRAIN, Part.VAL, Part.TEST))
    mean, std = (torch.from_numpy(values).float().to(device) for values in _moments(prepared, parts == Part.TRAIN))
    return Splits(train, val, test, describe(prepared, parts), mean, std)


def normalise(pixels: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Bytes (N, C, H, W) as floats with mean 0 and standard deviation 1 in each channel of the train part.

    mean, std: (C), of pixels in [0, 1].
    """
    scale = 1 / (_WHITE * std)
    return torch.addcmul((-mean / std).view(-1, 1, 1), pixels.float(), scale.view(-1, 1, 1))


def _load_table(data: Tabular, seed: int, device: str | torch.device) -> Splits:
    table = read_table(data)
    parts = split(table.rows, data, seed)
    inputs = table.filled(parts)

    def tensor(values: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(values.astype(np.float32)).to(device)

    train, val, test = (
        Images(tensor(inputs[parts == part])[:, :, None, None], tensor(table.targets[parts == part]))
        for part in (Part.TRAIN, Part.VAL, Part.TEST)
    )
    mean, std = map(tensor, moments(inputs[parts == Part.TRAIN]))
    target_mean, target_std = map(float, moments(table.targets[parts == Part.TRAIN]))
    return Splits(train, val, test, describe_table(table, parts), mean, std, (target_mean, target_std))


def _images(prepared: Prepared, parts: Parts, part: Part, device: str | torch.device) -> Images:
    where = np.flatnonzero(parts == part)
    in_one_piece = len(where) and where[-1] - where[0] + 1 == len(where)
    chosen = slice(where[0], where[-1] + 1) if in_one_piece else where
    pixels = torch.from_numpy(np.asarray(prepared.pixels[chosen])).to(device)
    return Images(pixels, torch.from_numpy(prepared.table.labels[where]).to(device))


def _moments(prepared: Prepared, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each channel's pixels in [0, 1], exact; a constant channel has deviation 1."""
    _, height, width = prepared.shape
    count = int(chosen.sum()) * height * width
    mean = prepared.sums[chosen].sum(axis=0) / count
    variance = prepared.squares[chosen].sum(axis=0) / count - mean**2
    std = np.sqrt(np.maximum(variance, 0))
    return mean / _WHITE, np.where(std > 1e-6, std, _WHITE) / _WHITE
