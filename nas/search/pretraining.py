"""What must be said or fetched before the first trial beside the data: pretrained weights, doubtful augmentation."""

from collections.abc import Iterator
from typing import Any

from nas.config import Backbone, TrialConfig
from nas.data.augmentation.warnings import label_warnings
from nas.models.weight_files import WeightsError
from nas.records import DataPlace
from nas.space.config import Config
from nas.space.holes import Choice, Repeat
from nas.space.search_space import SearchSpace


def prepare_backbones(space: SearchSpace, place: DataPlace) -> None:
    """Find or download the pretrained weights of every backbone that may come. Imports torch only if there are such.

    Raises:
        WeightsError: a line for each that is absent.
    """
    configs = (space.template, *space.references.values())
    named = dict.fromkeys(backbone for config in configs for backbone in backbones(config) if backbone.weights)
    if not named:
        return
    from nas.models.pretrained import prepare_weights

    lines = []
    for backbone in named:
        try:
            prepare_weights(backbone, place)
        except WeightsError as error:
            lines.append(str(error))
    if lines:
        raise WeightsError("\n".join(lines))


def backbones(value: Any) -> Iterator[Backbone]:
    """Every backbone that a template may have, by name and weights alone."""
    match value:
        case Backbone():
            for name in _options(value.name):
                for weights in _options(value.weights):
                    yield Backbone(name, weights=weights)
        case Config():
            for _, part in value.fields():
                yield from backbones(part)
        case Choice():
            for option in value.options:
                yield from backbones(option)
        case Repeat():
            yield from backbones(value.item)
        case tuple():
            for part in value:
                yield from backbones(part)


def augmentation_warnings(space: SearchSpace) -> list[str]:
    """A line for each augmentation, of the configs that may come, after which a label may be wrong."""
    configs = [config for config in (space.template, *space.references.values()) if isinstance(config, TrialConfig)]
    return list(dict.fromkeys(line for config in configs for line in label_warnings(config.augmentation, config.data)))


def _options(value: Any) -> tuple[Any, ...]:
    return value.options if isinstance(value, Choice) else (value,)
