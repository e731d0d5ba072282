"""What lies in a folder: by name, and what keeps an entry from being used. Loads without numpy and torch."""

import os
import stat
from pathlib import Path

from nas.data.errors import DataError


def is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder, or a link to one that can be reached."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def entries_of(path: Path) -> list[os.DirEntry[str]]:
    """What lies in a folder, by name, without what is hidden.

    Raises:
        DataError: it cannot be read.
    """
    try:
        with os.scandir(path) as entries:
            return sorted((entry for entry in entries if not entry.name.startswith(".")), key=lambda entry: entry.name)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", error)
        raise DataError(
            f"{path}: cannot be read ({why}); give a folder of class folders, or of train/ and test/ with those in each"
        ) from None


def kind_mistake(entry: os.DirEntry[str]) -> str | None:
    """What keeps an entry from being a file that can be read; to open a pipe would wait for ever."""
    try:
        if entry.is_file():
            return None
        kind = "a folder" if stat.S_ISDIR(entry.stat().st_mode) else "no file but a pipe, socket or device"
    except OSError as error:
        return f"cannot be used ({error.strerror}); replace or remove it"
    return f"is {kind}; rename or remove it"


def link_mistake(entry: os.DirEntry[str], root: Path) -> str | None:
    """Links may lead to other places inside the folder, and nowhere else."""
    if not entry.is_symlink():
        return None
    target = Path(os.path.realpath(entry.path))
    if target.is_relative_to(os.path.realpath(root)):
        return None
    return f"is a link to {target}, out of {root}; copy what is meant into the folder"
