"""Train, validation, test: the parts of a data set, and how much of it each takes. Loads without numpy and torch."""

from collections.abc import Container
from enum import IntEnum

from nas.config import Data


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

    given: the parts that the data brings.
    """
    shares = {Part.VAL: data.val_share, Part.TEST: data.test_share}
    return {part: share for part, share in shares.items() if part not in given}
