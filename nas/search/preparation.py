"""What must be known before the first trial: the data, how to measure a cost, and how to make a job of a draw."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from nas.config import Data, TrialConfig
from nas.data.prepare import prepare
from nas.data.shape import shape_of
from nas.job import TrialJob
from nas.models.measure import measure_cost
from nas.records import Cost, DataInfo, Shape
from nas.search.drawing import Draw
from nas.search.layout import Layout
from nas.search.ledger import Ledger
from nas.space.algebra import config_hash
from nas.space.config import Config, has_hole
from nas.space.finite import grid
from nas.space.mistakes import Mistake, SpaceError
from nas.space.search_space import SearchSpace

COSTS_REMEMBERED = 4096


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
    costs: dict[tuple[str, Shape, int], Cost] = {}

    def measure(config: Config) -> Cost | None:
        if not isinstance(config, TrialConfig):
            return None
        if config.data not in shapes:
            shapes[config.data] = shape_of(config.data, layout.place)
        model, (shape, classes) = config.trained_model, shapes[config.data]
        network = (config_hash(model), shape, classes)
        if network not in costs:
            costs[network] = measure_cost(model, shape, classes)
            if len(costs) > COSTS_REMEMBERED:
                del costs[next(iter(costs))]
        return costs[network]

    return measure


def check_named(space: SearchSpace, measure: Callable[[Config], Cost | None]) -> None:
    """Refuse baselines and references that could never be trained on this data.

    Raises:
        SpaceError: a line for each that cannot be built, and for each baseline that breaks a constraint.
    """
    mistakes = [
        Mistake(f"{group}.{name}", wrong, "change it, or leave it out")
        for group, configs in (("baselines", space.baselines), ("references", space.references))
        for name, config in configs.items()
        for wrong in _wrongs(space if group == "baselines" else None, config, measure)
    ]
    if mistakes:
        raise SpaceError(mistakes)


def _wrongs(space: SearchSpace | None, config: Config, measure: Callable[[Config], Cost | None]) -> Iterator[str]:
    try:
        cost = measure(config)
        for limit in space.constraints if space else ():
            if not limit.excess(config, cost) <= 0:  # type: ignore[arg-type]
                yield f"breaks the constraint {limit.name}" + (f" with {cost.params:,} params" if cost else "")
    except Exception as error:
        yield next(iter(str(error).splitlines()), type(error).__name__)


def job_maker(space: SearchSpace, layout: Layout) -> Callable[[Ledger, Draw], TrialJob]:
    """Makes the job of a draw. Checkpoints lie in a folder that the config's hash names, so that
    a trial never takes up those of another config that once had its number.
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
        )

    return make_job


def seed_of(space: SearchSpace) -> int:
    """The study's seed."""
    return int(getattr(space.template, "seed", 0))
