"""Changes that a label may not survive, told before anything is trained. Loads without torch."""

from collections.abc import Iterator
from typing import Any

from nas.config import Augmentation, Data, ImageData
from nas.space.holes import Choice, Range

_SAFE_ROTATION = 45


def label_warnings(augmentation: Augmentation | None, data: Data) -> list[str]:
    """A line for each change after which an image may mean something else: a 6 turned is a 9, a 2 mirrored is nothing.

    Both may be holes or have holes; the strongest option counts.
    """
    upright = sorted({option.kind for option in _options(data) if isinstance(option, ImageData) and option.upright})
    if not upright:
        return []
    found = [option for option in _options(augmentation) if option is not None]
    rotation = max((value for option in found for value in _options(option.rotation)), default=0)
    flips = sorted({value for option in found for value in _options(option.flip)} - {"none"})
    warnings = []
    where = f"of {', '.join(upright)} may mean something else"
    if rotation > _SAFE_ROTATION:
        warnings.append(
            f"augmentation.rotation: an image {where} when turned by up to {rotation:g} degrees; "
            f"{_SAFE_ROTATION} or less keeps it what it is"
        )
    if flips:
        warnings.append(f'augmentation.flip: an image {where} when mirrored ({", ".join(flips)}); "none" keeps it')
    return warnings


def _options(value: Any) -> Iterator[Any]:
    """The values that may stand where `value` stands: itself, or those that represent the hole."""
    if isinstance(value, (Choice, Range)):
        for option in value.samples():
            yield from _options(option)
    else:
        yield value
