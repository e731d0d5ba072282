"""Telling that a disk is full from all other errors."""

import errno
import re
from collections.abc import Iterator

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""No room on the device, none left of a quota, and a file larger than it may be."""
_WORDS = re.compile(r"No space left on device|Disk quota exceeded|\d+ requested and \d+ written")
"""Where the number is lost on the way. The last is all that NumPy says."""


def is_disk_full(error: BaseException) -> bool:
    """Whether there was no room for a write. What an error was raised from, or on the way of, counts too: torch raises
    one of its own when a file does not take what it writes.
    """
    return any(
        each.errno in _FULL or (each.errno is None and bool(_WORDS.search(str(each))))
        if isinstance(each, OSError)
        else bool(_WORDS.search(str(each)))
        for each in _chain(error)
    )


def full_disk_line(error: BaseException, where: object) -> str:
    """One line for a person: the file that did not fit, else `where`, and what to do."""
    files = (each.filename for each in _chain(error) if isinstance(each, OSError) and each.filename)
    return f"{next(files, where)}: the disk is full ({_reason(error)}); make space, then the same command goes on"


def _reason(error: BaseException) -> str:
    reasons = [each.strerror for each in _chain(error) if isinstance(each, OSError) and each.strerror]
    return reasons[0] if reasons else str(error).strip().partition("\n")[0]


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__
