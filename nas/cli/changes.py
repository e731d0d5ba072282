"""The options that point a space at other data or another budget: shared by search, show and train."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from nas.cli.errors import wrong
from nas.cli.options import option
from nas.cli.values import Whole
from nas.config import Data, TrialConfig
from nas.data.shape import shape_of
from nas.records import DataPlace
from nas.space.adapt import DATA_SETS, Changes, adapted
from nas.space.config import has_hole
from nas.space.finite import grid
from nas.space.load import LoadedSpace, load_space_file
from nas.space.mistakes import near
from nas.space.search_space import SearchSpace

Function = TypeVar("Function", bound=Callable[..., object])


def data_options(function: Function) -> Function:
    """Add --data and --image-size."""
    size = option(
        "--image-size", type=Whole(), metavar="N", section="Data",
        help="Height and width in pixels that images are resized to; else the space's, 64 for a folder.",
    )  # fmt: skip
    data = option(
        "--data", metavar="DATA", section="Data",
        help="Train on this instead: digits, cifar10, mnist, fashion_mnist, or a folder of class folders, or of train/ "
        "and test/ (and val/) with class folders in each.",
    )  # fmt: skip
    return data(size(function))


def read_space(file: str, changes: Changes) -> LoadedSpace:
    """The space of a file (or FILE:NAME) with the changes made. Imports nothing heavy by itself.

    Raises:
        SpaceError: what is wrong with the file or the changes. UsageError: --data names nothing.
    """
    loaded = load_space_file(file)
    if changes.data is not None and changes.data not in DATA_SETS:
        changes = replace(changes, data=_folder(changes.data))
    return replace(loaded, space=adapted(loaded.space, changes))


def check_data(space: SearchSpace, place: DataPlace) -> None:
    """Look at the data of every config that may come, without reading images.

    Raises:
        DataError: a folder that is missing or not laid out in classes.
    """
    for data in dict.fromkeys(_data_of(space)):
        shape_of(data, place)


def _data_of(space: SearchSpace) -> list[Data]:
    template = space.template
    if not isinstance(template, TrialConfig):
        return []
    own = [data for _, data in grid(template.data)] if has_hole(template.data) else [template.data]
    return own + [config.data for config in space.references.values() if isinstance(config, TrialConfig)]


def _folder(text: str) -> str:
    """The path of an image folder, absolute: workers may run elsewhere."""
    path = Path(text).expanduser()
    if not path.exists() and os.sep not in text:
        hint = near(text, DATA_SETS)
        raise wrong("--data", f"{text!r} is neither a folder here nor a data set", hint)
    return str(path.absolute())
