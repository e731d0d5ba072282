"""Finds the images in a folder of class folders, or of train/, val/ and test/ with class folders in each."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nas.data.errors import DataError, listed
from nas.data.part import PARTS, Part
from nas.space.mistakes import near

SUFFIXES = frozenset([".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"])
_PART_NAMES = {part.folder: part for part in PARTS}


@dataclass(frozen=True)
class ImageFile:
    """One image: where it lies, the part that its folder gives it, and the number of its class."""

    path: Path
    part: Part
    label: int


@dataclass(frozen=True)
class Listing:
    """The images of a folder, ordered by part, class and file name.

    warnings: lines about what was passed over. folders: where images were looked for, the folder itself first.
    """

    files: tuple[ImageFile, ...]
    class_names: tuple[str, ...]
    warnings: tuple[str, ...]
    folders: tuple[Path, ...]


@dataclass(frozen=True)
class _ClassFolder:
    path: Path
    images: tuple[Path, ...]
    folders: tuple[str, ...]
    others: int


def list_images(path: str) -> Listing:
    """The images below `path`; nothing is opened. Hidden files and folders are passed over.

    Raises:
        DataError: the folder is missing, has no two class folders with images, or its parts have different classes.
    """
    root = Path(path).expanduser()
    parts = _parts(root)
    names = {part: _subfolders(folder) for part, folder in parts.items()}
    class_names = tuple(sorted(set().union(*names.values())))
    labels = {name: label for label, name in enumerate(class_names)}
    mistakes = _class_mistakes(root, parts, names)
    files: list[ImageFile] = []
    seen: list[_ClassFolder] = []
    for part, folder in parts.items():
        for name in names[part]:
            inside = _class_folder(folder / name)
            files += [ImageFile(file, part, labels[name]) for file in inside.images]
            seen.append(inside)
    mistakes += listed([_empty(folder) for folder in seen if not folder.images])
    if mistakes:
        raise DataError(*mistakes)
    folders = (root, *parts.values(), *(folder.path for folder in seen))
    return Listing(tuple(files), class_names, tuple(_warnings(root, seen)), folders)


def _parts(root: Path) -> dict[Part, Path]:
    """The folders that hold class folders, by part."""
    folders = _subfolders(root)
    if not folders:
        raise DataError(f"{root}: has no folders; give a folder with one folder of images for each class")
    found = {part: root / name for name, part in _PART_NAMES.items() if name in folders}
    others = [name for name in folders if name not in _PART_NAMES]
    if len(found) > 1 and others:
        parts = ", ".join(f"{part.folder}/" for part in found)
        raise DataError(f"{root}: has {parts} and other folders ({', '.join(listed(others))}); leave one kind")
    if found and not others and Part.TRAIN not in found:
        raise DataError(f"{root}: has {' and '.join(f'{p.folder}/' for p in found)}, but no train/ to train on; add it")
    return {Part.NONE: root} if others else found


def _class_mistakes(root: Path, parts: dict[Part, Path], names: dict[Part, list[str]]) -> list[str]:
    every = sorted(set().union(*names.values()))
    if len(every) == 1:
        only = root / every[0]
        deeper = Part.NONE in parts and _subfolders(only)
        hint = f"did you mean {only}?" if deeper else "a classifier needs two or more"
        raise DataError(f"{root}: one class folder ({every[0]}); {hint}")
    mistakes = []
    for part, folder in parts.items():
        extra = [name for name in names[part] if any(name not in other for other in names.values())]
        if not names[part]:
            mistakes.append(f"{folder}: has no class folders; add one for each class")
        for name in every:
            if names[part] and name not in names[part]:
                there = next(other.folder for other in parts if name in names[other])
                hint = near(name, extra) if extra else "add it, or remove the class from all parts"
                mistakes.append(f"{folder}: no class folder {name!r}, which {there}/ has; {hint}")
    return listed(mistakes)


def _class_folder(path: Path) -> _ClassFolder:
    images, folders, others = [], [], 0
    for entry in _entries(path):
        if entry.suffix.lower() in SUFFIXES:
            images.append(entry)
        elif _is_folder(entry):
            folders.append(entry.name)
        else:
            others += 1
    return _ClassFolder(path, tuple(images), tuple(folders), others)


def _empty(folder: _ClassFolder) -> str:
    if folder.folders:
        return (
            f"{folder.path}: no images, but folders ({', '.join(listed([*folder.folders], 3))}); images lie right in "
            "their class folder, parts are called train/, val/ and test/"
        )
    return f"{folder.path}: no images; put some there ({' '.join(sorted(SUFFIXES))}) or remove the folder"


def _warnings(root: Path, seen: list[_ClassFolder]) -> Iterator[str]:
    deeper = [str(folder.path / name) for folder in seen for name in folder.folders]
    others = sum(folder.others for folder in seen)
    if deeper:
        yield f"{root}: folders inside class folders were passed over: {', '.join(listed(deeper, 3))}"
    if others:
        yield f"{root}: {others} files that are no images by their names were passed over"


def _subfolders(path: Path) -> list[str]:
    return [entry.name for entry in _entries(path) if _is_folder(entry) and entry.name != "__MACOSX"]


def _entries(path: Path) -> list[Path]:
    """What lies in a folder, by name, without what is hidden."""
    try:
        names = sorted(os.listdir(path))  # noqa: PTH208 - sorting paths takes longer than listing them
        return [path / name for name in names if not name.startswith(".")]
    except OSError as error:
        raise DataError(
            f"{path}: cannot be read ({error.strerror}); give a folder of class folders, or of train/ and test/ with "
            "those in each"
        ) from None


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
