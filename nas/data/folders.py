"""Finds the images in a folder of class folders, or of train/, val/ and test/ with class folders in each."""

import os
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nas.data.entries import entries_of, is_folder, kind_mistake, link_mistake
from nas.data.errors import DataError, listed, printable, some_of
from nas.data.part import PARTS, Part
from nas.data.paths import expanded
from nas.space.mistakes import near

SUFFIXES = frozenset([".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"])
_PART_NAMES = {part.folder: part for part in PARTS}
_CONTROL, _NO_TEXT = "Cc", "Cs"
"""Unicode's categories of control characters, and of what Python makes of bytes that are no text."""


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

    @property
    def names(self) -> tuple[str, ...]:
        """The files, relative to the folder."""
        root = str(self.folders[0])
        return tuple(str(file.path).removeprefix(root).lstrip(os.sep) for file in self.files)


@dataclass(frozen=True)
class _ClassFolder:
    """images: regular files that are images by their names. mistakes: lines about what cannot be used."""

    path: Path
    images: tuple[Path, ...]
    folders: tuple[str, ...]
    others: int
    mistakes: tuple[str, ...]


def list_images(path: str) -> Listing:
    """The images below `path`; nothing is opened. Hidden files and folders are passed over.

    Raises:
        DataError: the folder is missing, has no two class folders with images, its parts have different classes, or
            something in it leads out of it or cannot be read.
    """
    root = expanded(path)
    parts = _parts(root)
    names = {part: _subfolders(folder, root) for part, folder in parts.items()}
    class_names = tuple(sorted(set().union(*names.values())))
    labels = {name: label for label, name in enumerate(class_names)}
    mistakes = _class_mistakes(root, parts, names)
    files: list[ImageFile] = []
    seen: list[_ClassFolder] = []
    for part, folder in parts.items():
        for name in names[part]:
            inside = _class_folder(folder / name, root)
            files += [ImageFile(file, part, labels[name]) for file in inside.images]
            seen.append(inside)
    mistakes += listed([_empty(folder) for folder in seen if not folder.images and not folder.mistakes])
    mistakes += listed([line for folder in seen for line in folder.mistakes])
    if mistakes:
        raise DataError(*mistakes)
    folders = (root, *parts.values(), *(folder.path for folder in seen))
    return Listing(tuple(files), class_names, tuple(map(printable, _warnings(root, class_names, seen))), folders)


def _parts(root: Path) -> dict[Part, Path]:
    """The folders that hold class folders, by part."""
    folders = _subfolders(root, root)
    if not folders:
        raise DataError(f"{root}: has no folders; give a folder with one folder of images for each class")
    found = {part: root / name for name, part in _PART_NAMES.items() if name in folders}
    others = [name for name in folders if name not in _PART_NAMES]
    if len(found) > 1 and others:
        parts = ", ".join(f"{part.folder}/" for part in found)
        raise DataError(f"{root}: has {parts} and other folders ({some_of(others)}); leave one kind")
    if found and not others and Part.TRAIN not in found:
        raise DataError(f"{root}: has {' and '.join(f'{p.folder}/' for p in found)}, but no train/ to train on; add it")
    return {Part.NONE: root} if others else found


def _class_mistakes(root: Path, parts: dict[Part, Path], names: dict[Part, list[str]]) -> list[str]:
    every = sorted(set().union(*names.values()))
    if len(every) == 1:
        only = root / every[0]
        deeper = Part.NONE in parts and _subfolders(only, root)
        hint = f"did you mean {only}?" if deeper else "a classifier needs two or more"
        raise DataError(f"{root}: one class folder ({every[0]}); {hint}")
    mistakes = [
        f"{root}: the name of class {name!r} holds control characters or is no UTF-8; rename its folder"
        for name in every
        if any(unicodedata.category(character) in (_CONTROL, _NO_TEXT) for character in name)
    ]
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


def _class_folder(path: Path, root: Path) -> _ClassFolder:
    images, folders, mistakes, others = [], [], [], 0
    for entry in entries_of(path):
        file = path / entry.name
        if os.path.splitext(entry.name)[1].lower() not in SUFFIXES:  # noqa: PTH122 - there may be a million
            folders += [entry.name] if is_folder(entry) else []
            others += not is_folder(entry)
        elif (mistake := link_mistake(entry, root) or kind_mistake(entry)) is not None:
            mistakes.append(f"{file}: {mistake}")
        else:
            images.append(file)
    return _ClassFolder(path, tuple(images), tuple(folders), others, tuple(mistakes))


def _empty(folder: _ClassFolder) -> str:
    if folder.folders:
        return (
            f"{folder.path}: no images, but folders ({some_of(folder.folders, 3)}); images lie right in "
            "their class folder, parts are called train/, val/ and test/"
        )
    return f"{folder.path}: no images; put some there ({' '.join(sorted(SUFFIXES))}) or remove the folder"


def _warnings(root: Path, class_names: Iterable[str], seen: list[_ClassFolder]) -> Iterator[str]:
    deeper = [str(folder.path / name) for folder in seen for name in folder.folders]
    others = sum(folder.others for folder in seen)
    if deeper:
        yield f"{root}: folders inside class folders were passed over: {some_of(deeper, 3)}"
    if others:
        yield f"{root}: {others} files that are no images by their names were passed over"
    alike: dict[str, str] = {}
    for name in class_names:
        other = alike.setdefault(unicodedata.normalize("NFC", name).casefold(), name)
        if other != name:
            yield f"{root}: classes {other!r} and {name!r} differ by case or spelling of accents alone; are they one?"


def _subfolders(path: Path, root: Path) -> list[str]:
    """The names of the folders in a folder.

    Raises:
        DataError: it cannot be read, or a link in it leads out of `root` or nowhere.
    """
    found, mistakes = [], []
    for entry in entries_of(path):
        if not is_folder(entry):
            try:
                entry.stat()
            except OSError as error:
                mistakes.append(f"{path / entry.name}: cannot be used ({error.strerror}); replace or remove it")
        elif entry.name != "__MACOSX":
            mistake = link_mistake(entry, root)
            mistakes += [f"{path / entry.name}: {mistake}"] if mistake else []
            found.append(entry.name)
    if mistakes:
        raise DataError(*listed(mistakes))
    return found
