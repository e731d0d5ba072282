"""What must be known before the first trial: the data, how to measure a cost, and how to make a job of a draw."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace

from nas.config import Backbone, Data, Model, TrialConfig
from nas.cost import DoesNotFit
from nas.data.prepare import prepare, prepared_digest
from nas.data.shape import shape_of
from nas.job import TrialJob
from nas.models.measure import measure_cost
from nas.records import Cost, DataInfo, Shape
from nas.search.drawing import GIVE_UP_AFTER, Draw
from nas.search.layout import Layout
from nas.search.ledger import Ledger
from nas.space.algebra import config_hash, sample
from nas.space.config import Config, has_hole
from nas.space.everywhere import configs_in
from nas.space.finite import grid, size
from nas.space.mistakes import Mistake, SpaceError
from nas.space.search_space import SearchSpace
from nas.space.survey import Infeasible, Measure, RandomTrial, judged, measured

COSTS_REMEMBERED = 4096
SECONDS_OF_DRAWS = 2.5


def prepare_data(space: SearchSpace, layout: Layout) -> DataInfo | None:
    """Read and decode the data of every config that may come, once. Returns what is known of the template's own."""
    if not isinstance(space.template, TrialConfig):
        return None
    seed = seed_of(space)
    infos = [prepare(data, layout.place, seed) for data in data_variants(space.template)]
    named = {config.data for config in space.references.values() if isinstance(config, TrialConfig)}
    for data in named - {space.template.data}:
        prepare(data, layout.place, seed)
    digest = infos[0].digest if len(infos) == 1 else "+".join(sorted(info.digest for info in infos))
    return replace(infos[0], digest=digest)


def data_variants(template: TrialConfig) -> list[Data]:
    """Every data config that the template may have."""
    return [config for _, config in grid(template.data)] if has_hole(template.data) else [template.data]


def cost_measure(layout: Layout) -> Callable[[Config], Cost | None]:
    """Costs by config, of the layers that its last phase trains.

    The data's shape is looked up once for each data config. To trace a large network takes seconds, so the costs of
    the last few thousand networks are remembered.
    """
    shapes: dict[Data, tuple[Shape, int]] = {}
    costs: dict[tuple[str, Shape, int], Cost | DoesNotFit] = {}

    def measure(config: Config) -> Cost | None:
        if not isinstance(config, TrialConfig):
            return None
        if config.data not in shapes:
            shapes[config.data] = shape_of(config.data, layout.place)
        model, (shape, classes) = config.trained_model, shapes[config.data]
        network = (config_hash(model), shape, classes)
        if network not in costs:
            costs[network] = _cost_or_why_not(model, shape, classes)
            if len(costs) > COSTS_REMEMBERED:
                del costs[next(iter(costs))]
        known = costs[network]
        if isinstance(known, DoesNotFit):
            raise known.with_traceback(None)
        return known

    return measure


def _cost_or_why_not(model: Model, shape: Shape, classes: int) -> Cost | DoesNotFit:
    try:
        return measure_cost(model, shape, classes)
    except DoesNotFit as error:
        return error


def has_backbones(space: SearchSpace) -> bool:
    """Whether published networks may come: to load torch and trace them takes seconds."""
    named = (space.template, *space.baselines.values(), *space.references.values())
    return any(isinstance(part, Backbone) for config in named for part in configs_in(config))


def check_trainable(space: SearchSpace, measure: Measure) -> None:
    """Refuse a space of which no draw can be trained, and named configs that cannot be.

    Raises:
        SpaceError: a line for each named config that cannot be trained; the most frequent cause where no draw can.
        BrokenCode: a network's or a constraint's own code fails.
    """
    check_named(space, measure)
    if not space.baselines:
        check_draws(space, measure)


def check_draws(space: SearchSpace, measure: Measure, seconds: float = SECONDS_OF_DRAWS) -> None:
    """Look for a config that can be trained: among all of a small space, among random draws of a large one.

    Where there is none, but the seconds of the processor did not do for all of them, the search itself shall see.

    Raises:
        SpaceError: there is none; it names the most frequent cause.
        BrokenCode: a network's or a constraint's own code fails.
    """
    causes, tried, began = Counter[str](), 0, 0.0
    small = size(space.template) <= GIVE_UP_AFTER
    for config in _all(space) if small else _drawn(space):
        try:
            judged(space, measure, config)
        except Infeasible as reason:
            causes[str(reason)] += 1
        else:
            return
        tried += 1
        if tried == 1:  # which may have loaded torch
            began = time.process_time()
        elif time.process_time() - began > seconds:
            return
    cause, count = causes.most_common(1)[0] if causes else ("they break the rules of their parts", 0)
    what = f"none of {'its' if small else 'the'} {tried:,} {'configs' if small else 'draws'} can be trained"
    why = f", {count:,} of them for this: {cause}" if causes else f": {cause}"
    raise SpaceError([Mistake("template", what + why, "widen the space or its constraints")])


def _all(space: SearchSpace) -> Iterator[Config]:
    return (config for _, config in grid(space.template))


def _drawn(space: SearchSpace) -> Iterator[Config]:
    generator = random.Random(seed_of(space))
    for _ in range(GIVE_UP_AFTER):
        with suppress(SpaceError):  # the rules of a config that hold for each hole alone
            yield sample(space.template, RandomTrial(generator))


def check_named(space: SearchSpace, measure: Measure) -> None:
    """Refuse baselines and references that could never be trained on this data.

    Raises:
        SpaceError: a line for each that cannot be built, and for each baseline that breaks a constraint.
        BrokenCode: a network's or a constraint's own code fails.
    """
    mistakes = [
        Mistake(f"{group}.{name}", wrong, "change it, or leave it out")
        for group, configs in (("baselines", space.baselines), ("references", space.references))
        for name, config in configs.items()
        for wrong in _wrongs(space if group == "baselines" else None, config, measure)
    ]
    if mistakes:
        raise SpaceError(mistakes)


def _wrongs(space: SearchSpace | None, config: Config, measure: Measure) -> Iterator[str]:
    try:
        cost = measured(measure, config)
    except Infeasible as reason:
        yield str(reason)
        return
    for limit in space.constraints if space else ():
        if limit.excess_of(config, cost) > 0:
            yield f"breaks the constraint {limit.name}" + (f" with {cost.params:,} params" if cost else "")


def job_maker(space: SearchSpace, layout: Layout, timeout: float | None = None) -> Callable[[Ledger, Draw], TrialJob]:
    """Makes the job of a draw, which may take `timeout` seconds. Checkpoints lie in a folder that the config's hash
    names, so that a trial never takes up those of another config that once had its number.
    """

    def make_job(ledger: Ledger, draw: Draw) -> TrialJob:
        number = draw.trial.number
        return TrialJob(
            study=ledger.name,
            number=number,
            config=draw.config,
            epochs=space.epochs_of(draw.config),
            folder=layout.checkpoints(ledger.name, number) / config_hash(draw.config),
            weights=layout.weights(ledger.name, number),
            place=layout.place,
            objective=space.objective,
            timeout=timeout,
            digest=prepared_digest(draw.config.data, layout.place) if isinstance(draw.config, TrialConfig) else None,
        )

    return make_job


def seed_of(space: SearchSpace) -> int:
    """The study's seed."""
    return int(getattr(space.template, "seed", 0))
