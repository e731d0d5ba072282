"""The features that one trial needs: computed once, kept in the cache."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor

from nas.config import Augmentation, TrialConfig
from nas.data.batches import batches
from nas.data.splits import Images, Splits
from nas.space.config import identity
from nas.training.prefix.features import Prefix, features_of
from nas.training.prefix.key import hash_of, key_of
from nas.training.prefix.store import FeatureStore, nbytes
from nas.training.scaling import scaling_of


@dataclass(frozen=True)
class Work:
    """What features of which images. rows: of each part's images in the data set (int64)."""

    splits: Splits
    config: TrialConfig
    rows: tuple[Tensor, ...]
    store: FeatureStore

    def size(self, prefix: Prefix) -> int:
        """Bytes of all features."""
        count = sum(map(len, self.rows)) + self.config.cached_passes * len(self.splits.train)
        return nbytes((count, *prefix.shape), prefix.dtype)

    def parts(self, prefix: Prefix) -> tuple[Images, ...]:
        """The train, validation and test part as features.

        Raises:
            OSError: they could not be written.
        """
        parts = (self.splits.train, self.splits.val, self.splits.test)
        every = torch.cat(self.rows).sort().values  # the same for every seed, unless the data has a limit
        places = [torch.searchsorted(every, rows) for rows in self.rows]

        def write(target: Tensor) -> None:
            for images, where in zip(parts, places, strict=True):
                prefix.write(target, images, where)

        take = self._provide(prefix, self._key(prefix, every, {}), len(every), write)
        return tuple(take(images.labels, where) for images, where in zip(parts, places, strict=True))

    def passes(self, prefix: Prefix) -> tuple[Images, ...]:
        """The train part as features, augmented anew in each of so many passes.

        Raises:
            OSError: they could not be written.
        """
        train, passes = self.splits.train, self.config.cached_passes
        if not passes or self.config.augmentation is None:
            return ()
        places = torch.arange(passes * len(train)).view(passes, -1)

        def write(target: Tensor) -> None:
            change = self._change()
            for where in places:
                prefix.write(target, train, where, change)

        key = self._key(prefix, self.rows[0], {"passes": passes, **self._looks(prefix)})
        take = self._provide(prefix, key, places.numel(), write)
        return tuple(take(train.labels, where) for where in places)

    def _provide(
        self, prefix: Prefix, key: str, count: int, write: Callable[[Tensor], None]
    ) -> Callable[[Tensor, Tensor], Images]:
        """From labels and places to images of that array."""
        path = self.store.provide(key, (count, *prefix.shape), prefix.dtype, write)
        return partial(features_of, path, prefix.dtype)

    def _key(self, prefix: Prefix, rows: Tensor, others: Mapping[str, Any]) -> str:
        known = {
            "data": self.splits.info.digest,
            "images": list(self.splits.train.shape),
            "scaling": scaling_of(self.config, self.splits).to_data(),
            "precision": prefix.whole.precision,
            "device": self.splits.train.device.type,
        }
        return key_of(prefix.net, prefix.cut, rows, {**known, **others})

    def _looks(self, prefix: Prefix) -> dict[str, Any]:
        """What tells augmentations apart: the config, and what it makes of the first images, for it may run code of the
        user's own.
        """
        assert self.config.augmentation is not None
        first = next(batches(self.splits.train, prefix.batch_size(self.splits.train)))
        return {"augmentation": identity(self.config.augmentation), "first": hash_of(self._change()(*first))}

    def _change(self) -> Callable[[Tensor, Tensor], Tensor]:
        """Augmentation from its first random number on."""
        assert self.config.augmentation is not None
        generator = torch.Generator(self.splits.train.device).manual_seed(self.config.seed)
        return partial(_augmented, self.config.augmentation, generator, len(self.splits.info.class_names))


def _augmented(
    augmentation: Augmentation, generator: torch.Generator, classes: int, pixels: Tensor, labels: Tensor
) -> Tensor:
    from nas.data.augmentation import augment

    return augment(augmentation, pixels, labels, classes, generator)[0]
