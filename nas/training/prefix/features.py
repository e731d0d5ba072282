"""Images as they are behind the frozen layers of a network."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from nas.data.batches import batches
from nas.data.residence import reside
from nas.data.splits import Images, Splits
from nas.models.backbones import BackboneNet
from nas.training.evaluate import batch_size
from nas.training.precision import Forward
from nas.training.prefix.cut import Cut, run_prefix
from nas.training.prefix.rest import Rest
from nas.training.prefix.store import opened

MOST_IMAGES = 256

_dtypes: dict[tuple[str, Cut, str, torch.device], torch.dtype] = {}

Change = Callable[[Tensor, Tensor], Tensor]
"""From raw images and their labels to images, float32 of the same shape."""


@dataclass(frozen=True)
class Prefix:
    """Runs what comes before the cut, on raw images, as `whole` would. dtype: of the features."""

    whole: Forward
    net: BackboneNet
    cut: Cut
    dtype: torch.dtype = torch.float32

    @torch.inference_mode()
    def __call__(self, pixels: Tensor) -> Tensor:
        """Features [N, C, H, W] of images [N, channels, height, width], in the format that the network has them in.
        Where `channels_last`, they lie so in memory, whatever the shape says.
        """
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=self.whole.precision == "bf16"):
            features = run_prefix(self.net, self.cut, self.whole.normalise(pixels))
        if self.channels_last:
            features = features.permute(0, 2, 3, 1)
        return features.reshape(len(pixels), *self.shape)

    @property
    def shape(self) -> tuple[int, ...]:
        """Of the features of one image, always three dimensions."""
        return (*self.cut.shape, 1, 1)[:3]

    @property
    def channels_last(self) -> bool:
        """Whether the channels lie last in memory."""
        return self.whole.precision == "bf16" and len(self.cut.shape) > 1

    @property
    def rest(self) -> Forward:
        """Runs what comes after the cut, on features."""
        return replace(self.whole, model=Rest(self.net, self.cut), normalise=self._restore)

    def _restore(self, features: Tensor) -> Tensor:
        """What passes the cut: a copy, for the network may write into it."""
        if self.channels_last:
            channels, height, width = self.cut.shape
            features = features.reshape(-1, height, width, channels).permute(0, 3, 1, 2)
        return features.reshape(-1, *self.cut.shape).clone()

    def batch_size(self, images: Images) -> int:
        """How many images go through at once."""
        return min(MOST_IMAGES, batch_size(self.net, images))

    def write(self, target: Tensor, images: Images, places: Tensor, change: Change | None = None) -> None:
        """Write the features of the images to these places (int64 [N]) of `target` (on the CPU)."""
        self.net.eval()
        start = 0
        for pixels, labels in batches(images, self.batch_size(images)):
            features = self(pixels if change is None else change(pixels, labels))
            target[places[start : start + len(labels)]] = features.cpu()
            start += len(labels)


def rows_of(splits: Splits) -> tuple[Tensor, ...] | None:
    """The row of each image of each part in the data set (int64, on the CPU); None where the parts are of no common
    one, or of a table.
    """
    parts = (splits.train, splits.val, splits.test)
    if splits.target is not None or len({part.stored.untyped_storage().data_ptr() for part in parts}) > 1:
        return None
    return tuple(map(_rows, parts))


def _rows(images: Images) -> Tensor:
    first = images.stored.storage_offset() // images.shape.numel()
    rows = torch.arange(len(images)) if images.rows is None else images.rows.cpu()
    return rows + first


def features_of(path: Path, dtype: torch.dtype, labels: Tensor, places: Tensor) -> Images:
    """Images whose pixels are features: those at these places (int64 [N]) of a file. labels [N]: on the device."""
    stored, streamed = _resident(path, dtype, labels.device)
    return Images(stored, labels, places.to(stored.device), streamed)


@lru_cache(maxsize=2)  # of several backbones a card holds those that were used last
def _resident(path: Path, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, bool]:
    return reside(opened(path, dtype), device)


def prefix_at(whole: Forward, net: BackboneNet, cut: Cut, images: Images) -> Prefix:
    """The prefix of this cut; an image tells in which format its features are, once in a process."""
    prefix = Prefix(whole, net, cut)
    known = (net.name, cut, whole.precision, images.device)
    if known not in _dtypes:
        _dtypes[known] = prefix(images.take(torch.arange(1)).pixels).dtype
    return replace(prefix, dtype=_dtypes[known])
