"""Paths as people write them. Loads without numpy and torch."""

import os
from pathlib import Path


def expanded(path: str) -> Path:
    """The path with `~` and `~user` filled in; left as it is where there is no such user."""
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's raises there
