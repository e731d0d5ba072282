"""Train, validation, test: the parts of a data set, and how much of it each takes. Loads without numpy and torch."""

from collections.abc import Container
from enum import IntEnum

from nas.config import Data, ImageFolder

PUBLISHED_VAL_SHARE = 0.2


class Part(IntEnum):
    """The part that an image belongs to; NONE where the data set leaves it to us. The numbers are stored in caches."""

    NONE = 0
    TRAIN = 1
    VAL = 2
    TEST = 3

    @property
    def folder(self) -> str:
        """The name of the part's folder and of its count: train, val or test."""
        return self.name.lower()


PARTS = (Part.TRAIN, Part.VAL, Part.TEST)


def part_shares(data: Data, given: Container[int]) -> dict[Part, float]:
    """The shares to be set aside for the parts that the data does not bring: of all images, or of its train part.

    given: the parts that the data brings. An image folder with train/ and test/ gives up 20 % of train/ for
    validation, as in the published study, unless its `val_share` was changed.
    """
    val_share = data.val_share
    unchanged = val_share == Data.model_fields["val_share"].default
    if isinstance(data, ImageFolder) and Part.TEST in given and unchanged:
        val_share = PUBLISHED_VAL_SHARE
    shares = {Part.VAL: val_share, Part.TEST: data.test_share}
    return {part: share for part, share in shares.items() if part not in given}
