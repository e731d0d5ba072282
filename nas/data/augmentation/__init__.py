"""Random changes of training images, on the device where they are trained on.

`augment` is loaded when it is first used: the warnings beside it are read in a process that needs no torch.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nas.data.augmentation.batch import augment as augment

__all__ = ["augment"]


def __getattr__(name: str) -> object:
    if name != "augment":
        raise AttributeError(f"module 'nas.data.augmentation' has no attribute {name!r}")
    from nas.data.augmentation.batch import augment

    return augment
