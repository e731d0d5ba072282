"""Pointing a space elsewhere without editing its file: other data, more epochs, another seed or name.

The same changes go into the template, the baselines and the references, so that all of them stay comparable and every
baseline stays inside the space. Pure: nothing is read.
"""

from dataclasses import dataclass, replace
from typing import Any

from nas.space.config import Component, Config
from nas.space.holes import Choice
from nas.space.mistakes import Mistake, SpaceError
from nas.space.search_space import SearchSpace

DATA_SETS = ("digits", "cifar10", "mnist", "fashion_mnist")
"""The kinds of data that are known by a name; any other text is the path of an image folder."""


@dataclass(frozen=True)
class Changes:
    """What is asked for on the command line; None leaves it as the space file has it.

    data: a name of `DATA_SETS`, or the path of an image folder. image_size: pixels, height and width.
    """

    name: str | None = None
    epochs: int | None = None
    seed: int | None = None
    data: str | None = None
    image_size: int | None = None


def adapted(space: SearchSpace, changes: Changes) -> SearchSpace:
    """The space with the changes made in its template, baselines and references alike.

    Raises:
        SpaceError: a change has no place in this space, or a value does not fit there.
    """
    mistakes = list(_without_place(space, changes))
    if mistakes:
        raise SpaceError(mistakes)
    template = space.template
    return replace(
        space,
        name=changes.name or space.name,
        template=_changed(template, changes, template),
        baselines={name: _changed(config, changes, template) for name, config in space.baselines.items()},
        references={name: _changed(config, changes, template) for name, config in space.references.items()},
        epochs=(changes.epochs or space.epochs) if space.objective is not None else space.epochs,
    )


def _without_place(space: SearchSpace, changes: Changes) -> list[Mistake]:
    """What is asked for but cannot be done in this space."""
    fields = type(space.template).model_fields
    wanted = {
        "--epochs": changes.epochs is not None and "epochs" not in fields and space.objective is None,
        "--seed": changes.seed is not None and "seed" not in fields,
        "--data": changes.data is not None and "data" not in fields,
        "--image-size": changes.image_size is not None and "data" not in fields,
    }
    field = {"--epochs": "epochs", "--seed": "seed", "--data": "data", "--image-size": "data"}
    kind = type(space.template).__name__
    return [
        Mistake(option, f"the template of {space.name} is a {kind}, which has no field {field[option]}", "leave it out")
        for option, missing in wanted.items()
        if missing
    ]


def _changed(config: Config, changes: Changes, template: Config) -> Any:
    fields = type(config).model_fields
    values: dict[str, Any] = {
        name: value for name in ("epochs", "seed") if name in fields and (value := getattr(changes, name)) is not None
    }
    if "data" in fields and (changes.data is not None or changes.image_size is not None):
        values["data"] = _changed_data(dict(config.fields())["data"], changes, dict(template.fields())["data"])
    return config.replace(**values) if values else config


def _changed_data(data: Any, changes: Changes, of_template: Any) -> Any:
    """The data of one config. New data keeps the channels; one of several possible ones has none to keep."""
    if changes.data is not None:
        kept = dict(data.fields())["channels"] if isinstance(of_template, Config) else None
        data = new_data(changes.data, kept)
    if changes.image_size is None:
        return data
    if isinstance(data, Choice):
        return replace(data, options=tuple(option.replace(image_size=changes.image_size) for option in data.options))
    return data.replace(image_size=changes.image_size)


def new_data(text: str, channels: Any = None) -> Config:
    """The data config behind a name of `DATA_SETS`, or behind the path of an image folder."""
    known = text in DATA_SETS
    kind: Any = Component.kinds[text if known else "image_folder"]
    data: Config = kind(channels=channels) if known else kind(path=text, channels=channels)
    return data
