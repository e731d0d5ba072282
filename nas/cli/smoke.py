"""`--smoke`: a space cut down to what shows in a minute whether its file works from beginning to end."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import click

from nas.config import Backbone, TrialConfig
from nas.cost import DoesNotFit
from nas.data.shape import shape_of
from nas.models.measure import measure_cost
from nas.records import DataPlace
from nas.search.pretraining import backbones
from nas.space.algebra import config_hash, holes
from nas.space.config import Config, has_hole
from nas.space.everywhere import configs_in, everywhere
from nas.space.holes import Choice, Range
from nas.space.load import LoadedSpace
from nas.space.objectives import max_flops
from nas.space.search_space import SearchSpace

EPOCHS, IMAGES, BATCH, DRAWS = 1, 120, 32, 1
MOST_FLOPS = 1_000_000_000
"""Of one image: networks beyond it are left out, unless all are."""
CHEAPEST_BASELINES = 2


@dataclass(frozen=True)
class Smoke:
    """A space cut down. trials: its total, baselines and draws. lines: what was reduced, for a person."""

    space: SearchSpace
    trials: int
    lines: tuple[str, ...]


def cut_down(loaded: LoadedSpace, place: DataPlace, quiet: bool = False) -> tuple[LoadedSpace, int]:
    """The space of a smoke run and its number of trials; what was reduced is said on stderr.

    Raises:
        DataError: as for `smoke`.
    """
    small = smoke(loaded.space, place)
    for line in () if quiet else small.lines:
        click.echo(f"nas: {line}", err=True)
    return replace(loaded, space=small.space), small.trials


def smoke(space: SearchSpace, place: DataPlace) -> Smoke:
    """The study NAME-smoke: every training is one epoch of few images, few named configs stay, draws are cheap.

    Of the baselines stay the first and the cheapest ones, of the references the cheapest. Pretrained weights that are
    not on this machine become random ones.

    Raises:
        DataError: the shape of the data is needed, and not known.
    """
    short, absent = _without_absent_weights(_shortened(space), place)
    flops = _flops(short, place)
    most = max(MOST_FLOPS, min(flops.values(), default=0))
    affordable = {name: found for name, found in flops.items() if found <= most}
    baselines = _some(short.baselines, affordable, first=1, cheapest=CHEAPEST_BASELINES)
    references = _some(short.references, affordable, first=0, cheapest=1)
    limits = (max_flops(most),) if space.objective is None else ()
    small = replace(
        short,
        name=f"{space.name}-smoke",
        constraints=tuple({limit.name: limit for limit in (*space.constraints, *limits)}.values()),
        baselines=baselines,
        references=references,
        published={name: known for name, known in space.published.items() if name in {**baselines, **references}},
    )
    lines = [
        f"smoke: {EPOCHS} epoch, {IMAGES} images, batches of {BATCH} at most; {len(baselines)} of "
        f"{len(space.baselines)} baselines, {len(references)} of {len(space.references)} references, {DRAWS} draw"
    ]
    if absent:
        lines.append(f"smoke: random weights for {', '.join(absent)}, whose own are not on this machine")
    return Smoke(small, len({config_hash(config) for config in baselines.values()}) + DRAWS, tuple(lines))


def _shortened(space: SearchSpace) -> SearchSpace:
    """The space with short trainings. What the template allows beyond the limits is fixed there and in baselines."""
    template = _cut(space.template, space.template)
    return replace(
        space,
        template=template,
        baselines={name: _cut(config, space.template) for name, config in space.baselines.items()},
        references={name: _cut(config, config) for name, config in space.references.items()},
        epochs=EPOCHS if space.objective is not None else None,
        balanced=space.balanced if space.balanced in dict(holes(template)) else None,
    )


def _cut(config: Any, template: Config) -> Any:
    """One config, or the template itself, for a short training."""
    values: dict[str, Any] = {"epochs": EPOCHS} if "epochs" in type(config).model_fields else {}
    if isinstance(config, TrialConfig) and isinstance(template, TrialConfig):
        values |= {
            "replicates": 1,
            "batch_size": _at_most(BATCH, config.batch_size, template.batch_size),
            "images_per_epoch": _at_most(IMAGES, config.images_per_epoch, template.images_per_epoch),
            "data": everywhere(config.data, _limited),
        }
    return config.replace(**values)


def _at_most(limit: int, value: Any, of_template: Any) -> Any:
    """The value, or the limit where the value or anything that the template allows is beyond it."""
    if isinstance(of_template, Choice | Range):
        beyond = any(sample is not None and sample > limit for sample in of_template.samples())
        return limit if beyond else value
    return value if value is None else min(value, limit)


def _limited(data: Config) -> Config:
    own = dict(data.fields())["limit"]
    return data.replace(limit=IMAGES if own is None or has_hole(own) else min(own, IMAGES))


def _without_absent_weights(space: SearchSpace, place: DataPlace) -> tuple[SearchSpace, list[str]]:
    """The space with random weights where pretrained ones are absent, and the names of those networks."""
    named = (space.template, *space.baselines.values(), *space.references.values())
    wanted = dict.fromkeys(found for config in named for found in backbones(config) if found.weights is not None)
    if not wanted:
        return space, []
    from nas.models.pretrained import weights_present

    absent = {found for found in wanted if not weights_present(found, place)}
    for part in configs_in(space.template):  # where one of several networks lacks its weights, all go without
        if isinstance(part, Backbone) and absent & set(backbones(part)):
            absent |= {found for found in backbones(part) if found.weights is not None}

    def changed(config: Config) -> Config:
        missing = isinstance(config, Backbone) and absent & set(backbones(config))
        return config.replace(weights=None) if missing else config

    template = everywhere(space.template, changed)
    small = replace(
        space,
        template=template,
        baselines={name: everywhere(config, changed) for name, config in space.baselines.items()},
        references={name: everywhere(config, changed) for name, config in space.references.items()},
        balanced=space.balanced if space.balanced in dict(holes(template)) else None,
    )
    return small, [found.name for found in wanted if found in absent]


def _flops(space: SearchSpace, place: DataPlace) -> dict[str, int]:
    """FLOPs an image of each named config that fits its data; 0 where nothing is built.

    What fails otherwise counts as 0 too: it stays, so that the search says what is wrong with it.
    """
    found: dict[str, int] = {}
    known: dict[tuple[str, Any], int] = {}
    for name, config in {**space.baselines, **space.references}.items():
        if not isinstance(config, TrialConfig) or space.objective is not None:
            found[name] = 0
            continue
        shape, classes = shape_of(config.data, place)
        network = (config_hash(config.model), shape)
        if network not in known:
            try:
                known[network] = measure_cost(config.model, shape, classes).flops
            except DoesNotFit:
                continue
            except Exception:
                known[network] = 0
        found[name] = known[network]
    return found


def _some(configs: Mapping[str, Config], flops: Mapping[str, int], first: int, cheapest: int) -> dict[str, Config]:
    """The first ones and the cheapest ones of those whose FLOPs are known, equal configs once, in their order."""
    names = list(_once({name: config for name, config in configs.items() if name in flops}))
    kept = {*names[:first], *sorted(names, key=lambda name: flops[name])[:cheapest]}
    return {name: configs[name] for name in names if name in kept}


def _once(configs: Mapping[str, Config]) -> Iterator[str]:
    """The first name of each config."""
    seen = set()
    for name, config in configs.items():
        if (digest := config_hash(config)) not in seen:
            seen.add(digest)
            yield name
