"""The options that point a space at other data or another budget: shared by search, show and train."""

import os
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, TypeVar

from nas.cli.errors import wrong
from nas.cli.options import option
from nas.cli.values import Whole
from nas.config import IMAGE_NETWORKS, Data, TrialConfig
from nas.data.csv_file import column_names, shown_names
from nas.data.paths import expanded
from nas.data.shape import shape_of
from nas.records import DataPlace
from nas.space.adapt import DATA_SETS, NO_WEIGHTS, Changes, adapted, new_data
from nas.space.config import has_hole
from nas.space.everywhere import configs_in
from nas.space.finite import grid
from nas.space.load import LoadedSpace, load_space_file
from nas.space.mistakes import SpaceError, near
from nas.space.objectives import METRICS_OF_TASK
from nas.space.search_space import SearchSpace

Function = TypeVar("Function", bound=Callable[..., object])

TABLE_SUFFIXES = (".csv", ".tsv", ".txt")
PRETRAINED = "imagenet"


def data_options(function: Function) -> Function:
    """Add --data, --target, --image-size, --limit, --skip-bad (which `place_options` takes) and --weights."""
    for add in reversed(
        (
            option(
                "--data", metavar="DATA", section="Data",
                help="Train on this instead: digits, cifar10, mnist, fashion_mnist; a folder of class folders, or of "
                "train/ and test/ (and val/) with class folders in each; diabetes, or a CSV file with --target.",
            ),
            option("--target", metavar="COLUMN", section="Data", help="The column of the CSV file to predict."),
            option(
                "--image-size", type=Whole(), metavar="N", section="Data",
                help="Height and width in pixels that images are resized to; else the space's, 64 for a folder.",
            ),
            option(
                "--limit", type=Whole(10), section="Data",
                help="Use at most so many images or rows, drawn from each part in proportion; for trying things out.",
            ),
            option(
                "--skip-bad", is_flag=True, section="Data",
                help="Leave out images of a folder that cannot be read, up to 1 % of them; else they are refused.",
            ),
            option(
                "--weights", metavar="PATH", section="Data",
                help="Begin all backbones with these weights: a file or a folder of files, imagenet, or none.",
            ),
        )
    ):  # fmt: skip
        function = add(function)
    return function


def smoke_option(function: Function) -> Function:
    """Add --smoke."""
    return option(
        "--smoke", is_flag=True, section="Data",
        help="Try whether FILE works: as study NAME-smoke, always a new one, with one epoch of 120 images, batches of "
        "32, one seed, the first and the cheapest baselines, the cheapest reference and one draw of at most 1 GFLOP "
        "an image. Pretrained weights that are not on this machine become random ones.",
    )(function)  # fmt: skip


def changes_of(given: Mapping[str, Any]) -> Changes:
    """The changes among a command's options."""
    return Changes(**{field.name: given[field.name] for field in fields(Changes) if field.name in given})


def read_space(file: str, changes: Changes) -> LoadedSpace:
    """The space of a file (or FILE:NAME) with the changes made. Imports nothing heavy by itself.

    Raises:
        SpaceError: what is wrong with the file or the changes. UsageError: --data, --target or --weights name nothing.
        DataError: a CSV file that cannot be read.
    """
    if not file.strip():
        raise wrong("FILE[:NAME]", f"{file!r} names no file", "give a space file, as one that `nas new NAME` writes")
    loaded = load_space_file(file)
    if changes.data is not None:
        changes = _with_place(changes, changes.data)
        _refuse_unfit(loaded.space, changes)
    elif changes.target is not None:
        raise wrong("--target", "names a column of a CSV file, and none is given", "add --data FILE")
    if changes.weights not in (None, PRETRAINED, NO_WEIGHTS):
        changes = replace(changes, weights=_weights(str(changes.weights)))
    try:
        return replace(loaded, space=adapted(loaded.space, changes))
    except SpaceError as error:
        named = (replace(each, where="--name") if each.where == "name" else each for each in error.mistakes)
        raise SpaceError(named) from None


def check_data(space: SearchSpace, place: DataPlace) -> None:
    """Look at the data of every config that may come, without reading images.

    Raises:
        DataError: a folder that is missing or not laid out in classes, a table that cannot be used.
    """
    for data in dict.fromkeys(_data_of(space)):
        shape_of(data, place)


def _data_of(space: SearchSpace) -> list[Data]:
    template = space.template
    if not isinstance(template, TrialConfig):
        return []
    own = [data for _, data in grid(template.data)] if has_hole(template.data) else [template.data]
    return own + [config.data for config in space.references.values() if isinstance(config, TrialConfig)]


def _with_place(changes: Changes, text: str) -> Changes:
    """The changes with the path of new data made absolute: workers may run elsewhere."""
    path = expanded(text)
    known = text in DATA_SETS
    there = bool(text) and os.path.exists(path)  # noqa: PTH110 - Path's raises where a folder cannot be read
    if not known and not there and (os.sep not in text or path.suffix.lower() in TABLE_SUFFIXES):
        raise wrong("--data", f"{text!r} is neither a file or folder here nor a data set", near(text, DATA_SETS))
    table = not known and there and path.is_file()
    if table and changes.target is None:
        columns = shown_names(column_names(str(path)))
        raise wrong("--data", f"{text} is a table", f"say which column to predict by --target; it has {columns}")
    if not table and changes.target is not None:
        raise wrong("--target", f"names a column of a CSV file, and {text} is none", "leave it out")
    return changes if known else replace(changes, data=str(path.absolute()))


def _refuse_unfit(space: SearchSpace, changes: Changes) -> None:
    """Refuse tables for networks that take images, and data whose task has no such metric as the space aims at."""
    if space.objective is not None or not isinstance(space.template, TrialConfig):
        return
    data: Any = new_data(changes)
    table = data.task == "regression"
    what = f"{changes.data} {'is a table' if table else 'has classes'}"
    aims = [aim.metric for aim in space.objectives if aim.metric not in METRICS_OF_TASK[data.task]]
    if aims:
        todo = (
            "take a space of MLPs that aims at val_r2, val_mse or val_mae"
            if table
            else "give diabetes, or a CSV file with --target"
        )
        raise wrong("--data", f"{what}, and {space.name} aims at {', '.join(aims)}", todo)
    networks = [
        type(config).__name__
        for named in (space.template, *space.references.values())
        for config in configs_in(named)
        if isinstance(config, IMAGE_NETWORKS)
    ]
    if table and networks:
        kinds = ", ".join(dict.fromkeys(networks))
        raise wrong("--data", f"{what}, and {space.name} has networks for images ({kinds})", "take a space of MLPs")


def _weights(text: str) -> str:
    path = Path(text).expanduser()
    if not path.exists():
        raise wrong("--weights", f"{text!r} is not here", f"give a file, a folder, {PRETRAINED} or {NO_WEIGHTS}")
    return str(path.absolute())
