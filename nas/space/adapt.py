"""Pointing a space elsewhere without editing its file: other data, more epochs, another seed or name.

The same changes go into the template, the baselines and the references, so that all of them stay comparable and every
baseline stays inside the space. Pure: nothing is read.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nas.space.config import Component, Config
from nas.space.everywhere import configs_in, everywhere
from nas.space.holes import Choice
from nas.space.mistakes import Mistake, SpaceError
from nas.space.search_space import SearchSpace

DATA_SETS = ("digits", "cifar10", "mnist", "fashion_mnist", "diabetes")
"""The kinds of data that are known by a name; any other text is the path of an image folder, or of a table."""
NO_WEIGHTS = "none"


@dataclass(frozen=True)
class Changes:
    """What is asked for on the command line; None leaves it as the space file has it.

    data: a name of `DATA_SETS`, or the path of an image folder or, with a `target`, of a CSV file. target: its column
    to predict. image_size: pixels, height and width. limit: items at most. weights: of all backbones: `imagenet`,
    `none`, or the path of a file or folder.
    """

    name: str | None = None
    epochs: int | None = None
    seed: int | None = None
    data: str | None = None
    image_size: int | None = None
    target: str | None = None
    limit: int | None = None
    weights: str | None = None


_FIELD_OF = {
    "epochs": "epochs", "seed": "seed", "data": "data", "target": "data", "image_size": "data", "limit": "data",
}  # fmt: skip
"""The field of a template in which a change has its place."""


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


def new_data(changes: Changes, channels: Any = None) -> Config:
    """The data that `changes.data` names. channels: for images, as the data in its place has them."""
    assert changes.data is not None
    if changes.target is not None:
        kind, values = "table", {"path": changes.data, "target": changes.target}
    elif changes.data in DATA_SETS:
        kind, values = changes.data, {}
    else:
        kind, values = "image_folder", {"path": changes.data}
    of_kind: Any = Component.kinds[kind]
    data: Config = of_kind(**values, **({"channels": channels} if "channels" in of_kind.model_fields else {}))
    return data


def located(space: SearchSpace, folder: Path) -> SearchSpace:
    """The space with the paths of its data that are relative resolved against `folder`, where its file lies."""

    def locate(config: Config) -> Config:
        texts = {name: dict(config.fields())[name] for name in config.place_fields}
        paths = {
            name: str(folder / text)
            for name, text in texts.items()
            if isinstance(text, str) and not text.startswith("~") and not Path(text).is_absolute()
        }
        return config.replace(**paths) if paths else config

    if not any(config.place_fields for config in _every_config(space)):
        return space
    return replace(
        space,
        template=everywhere(space.template, locate),
        baselines={name: everywhere(config, locate) for name, config in space.baselines.items()},
        references={name: everywhere(config, locate) for name, config in space.references.items()},
    )


def _every_config(space: SearchSpace) -> list[Config]:
    named = (space.template, *space.baselines.values(), *space.references.values())
    return [config for value in named for config in configs_in(value)]


def _without_place(space: SearchSpace, changes: Changes) -> list[Mistake]:
    """What is asked for but cannot be done in this space."""
    fields = type(space.template).model_fields
    kind = type(space.template).__name__
    lacking = {name for name, field in _FIELD_OF.items() if field not in fields}
    if space.objective is not None:
        lacking.discard("epochs")
    mistakes = [
        Mistake(option(name), f"the template of {space.name} is a {kind}, which has no field {field}", "leave it out")
        for name, field in _FIELD_OF.items()
        if name in lacking and getattr(changes, name) is not None
    ]
    if changes.weights is not None and not any(map(_is_backbone, _every_config(space))):
        mistakes.append(Mistake("--weights", f"{space.name} has no backbone to give them to", "leave it out"))
    if changes.image_size is not None and "data" in fields and not _has_images(space.template, changes):
        mistakes.append(Mistake("--image-size", "a table has no images", "leave it out"))
    return mistakes


def option(name: str) -> str:
    """The option on the command line that asks for a change."""
    return f"--{name.replace('_', '-')}"


def _has_images(template: Config, changes: Changes) -> bool:
    data = dict(template.fields())["data"] if changes.data is None else new_data(changes)
    options = data.options if isinstance(data, Choice) else (data,)
    return all("image_size" in type(each).model_fields for each in options)


def _is_backbone(config: Config) -> bool:
    return isinstance(config, Component) and config.kind == "backbone"


def _changed(config: Config, changes: Changes, template: Config) -> Any:
    fields = type(config).model_fields
    values: dict[str, Any] = {
        name: value for name in ("epochs", "seed") if name in fields and (value := getattr(changes, name)) is not None
    }
    if "data" in fields:
        data = dict(config.fields())["data"]
        changed = _changed_data(data, changes, dict(template.fields())["data"])
        values |= {} if changed is data else {"data": changed}
    config = config.replace(**values) if values else config
    if changes.weights is None:
        return config
    weights = None if changes.weights == NO_WEIGHTS else changes.weights
    return everywhere(config, lambda part: part.replace(weights=weights) if _is_backbone(part) else part)


def _changed_data(data: Any, changes: Changes, of_template: Any) -> Any:
    """The data of one config. New data keeps the channels; one of several possible ones has none to keep."""
    if changes.data is not None:
        kept = dict(data.fields()).get("channels") if isinstance(of_template, Config) else None
        data = new_data(changes, kept)
    values = {"image_size": changes.image_size, "limit": changes.limit}
    values = {name: value for name, value in values.items() if value is not None}
    if not values:
        return data
    if isinstance(data, Choice):
        return replace(data, options=tuple(each.replace(**values) for each in data.options))
    return data.replace(**values)
