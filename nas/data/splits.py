"""Train, validation and test items, delivered on the device where they are used."""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nas.config import Data, Tabular
from nas.data.cache import Prepared
from nas.data.part import Part
from nas.data.prepare import describe, describe_table, known_prepared, known_table, split
from nas.data.residence import reside
from nas.data.stream import gather
from nas.data.tables import NumberTable, moments
from nas.records import DataInfo, DataPlace

_WHITE = 255.0


@dataclass(frozen=True)
class Images:
    """N labelled images.

    stored: uint8 (M, C, H, W), among others the images' pixels: a map of a file that all trials of a machine share, or
    a tensor on the device. labels: int64 (N), on the device where batches are wanted.
    rows: which of the stored ones they are (int64 (N), beside the pixels); None: those themselves, in their order.
    streamed: a thread gathers batches ahead of their use, with the same results; needed if `stored` is elsewhere.

    Of a table: pixels are its columns in their own units (N, columns, 1, 1), labels its targets (N); both float64, for
    float32 tells times in seconds apart by minutes only.
    """

    stored: Tensor
    labels: Tensor
    rows: Tensor | None = None
    streamed: bool = False

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def device(self) -> torch.device:
        """Where batches are delivered."""
        return self.labels.device

    @property
    def shape(self) -> torch.Size:
        """Channels, height, width of one image."""
        return self.stored.shape[1:]

    @property
    def pixels(self) -> Tensor:
        """All their pixels (N, C, H, W) on the device: copied, unless they lie there in one piece. For few images."""
        return gather(self.stored, self.rows, (0, len(self))).to(self.device)

    def take(self, indices: Tensor) -> "Images":
        """Those with these indices (int64, on any device) in this order, without their pixels being copied."""
        rows = indices.to(self.stored.device)
        return replace(
            self,
            labels=self.labels[indices.to(self.device)],
            rows=rows if self.rows is None else self.rows[rows],
        )


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
            return ((pixels - self.mean.view(-1, 1, 1)) / self.std.view(-1, 1, 1)).float()
        return normalise(pixels, self.mean, self.std)


@dataclass(frozen=True)
class _Division:
    """How a data set is split: the rows of each part, and moments of the train part's channels."""

    rows: tuple[NDArray[np.int64], ...]
    info: DataInfo
    mean: NDArray[np.float64]
    std: NDArray[np.float64]


def load_splits(data: Data, place: DataPlace, seed: int, device: str | torch.device = "cpu") -> Splits:
    """The data's parts for `device`, the same for the same data and seed; prepared now if it was not.

    Pixels are not copied: on a processor all trials of a machine share the map of one file; on a card, if they fit
    there, all trials of a process share one copy. What a process has loaded before it neither reads nor splits again.

    Raises:
        DataError: the data is absent, cannot be read or cannot be split; a line for each mistake.
    """
    device = torch.device(device)
    if isinstance(data, Tabular):
        return _split_table(known_table(data), data, seed, device)
    prepared = known_prepared(data, place)
    division = _divide(prepared, data, seed)
    stored, streamed = _reside(prepared, device)
    train, val, test = (
        _images(stored, rows, torch.from_numpy(prepared.table.labels[rows]).to(device), streamed)
        for rows in division.rows
    )
    mean, std = (torch.from_numpy(values).float().to(device) for values in (division.mean, division.std))
    return Splits(train, val, test, division.info, mean, std)


def normalise(pixels: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """Bytes (N, C, H, W) as floats with mean 0 and standard deviation 1 in each channel of the train part.

    mean, std: (C), of pixels in [0, 1].
    """
    scale = 1 / (_WHITE * std)
    return torch.addcmul((-mean / std).view(-1, 1, 1), pixels.float(), scale.view(-1, 1, 1))


@lru_cache(maxsize=8)
def _divide(prepared: Prepared, data: Data, seed: int) -> _Division:
    parts = split(prepared.table, data, seed)
    rows = tuple(np.flatnonzero(parts == part) for part in (Part.TRAIN, Part.VAL, Part.TEST))
    mean, std = _moments(prepared, rows[0])
    return _Division(rows, describe(prepared, parts), mean, std)


@lru_cache(maxsize=1)  # of several data sets a card holds the one that was used last
def _reside(prepared: Prepared, device: torch.device) -> tuple[Tensor, bool]:
    return reside(torch.from_numpy(prepared.pixels), device)


def _images(stored: Tensor, rows: NDArray[np.int64], labels: Tensor, streamed: bool) -> Images:
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return Images(stored[rows[0] : rows[-1] + 1], labels, streamed=streamed)
    return Images(stored, labels, torch.from_numpy(rows).to(stored.device), streamed)


@lru_cache(maxsize=8)
def _split_table(table: NumberTable, data: Tabular, seed: int, device: torch.device) -> Splits:
    parts = split(table.rows, data, seed)
    inputs = table.filled(parts)

    def tensor(values: NDArray[np.float64]) -> Tensor:
        return torch.from_numpy(values).to(device)

    train, val, test = (
        Images(tensor(inputs[parts == part])[:, :, None, None], tensor(table.targets[parts == part]))
        for part in (Part.TRAIN, Part.VAL, Part.TEST)
    )
    mean, std = map(tensor, moments(inputs[parts == Part.TRAIN]))
    target_mean, target_std = map(float, moments(table.targets[parts == Part.TRAIN]))
    return Splits(train, val, test, describe_table(table, parts), mean, std, (target_mean, target_std))


def _moments(prepared: Prepared, rows: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of each channel's pixels in [0, 1], exact; a constant channel has deviation 1."""
    _, height, width = prepared.shape
    count = len(rows) * height * width
    mean = prepared.sums[rows].sum(axis=0) / count
    variance = prepared.squares[rows].sum(axis=0) / count - mean**2
    std = np.sqrt(np.maximum(variance, 0))
    return mean / _WHITE, np.where(std > 1e-6, std, _WHITE) / _WHITE
