"""The config of a space that needs the most memory, as far as a look at some of them tells."""

from typing import NamedTuple

from nas.config import TrialConfig
from nas.cost.memory import training_bytes
from nas.records import Cost
from nas.search.drawing import Measure
from nas.space.search_space import SearchSpace
from nas.space.survey import survey

DRAWS = 64


class Largest(NamedTuple):
    """estimate: bytes that a training step of it takes. among: how many configs were looked at."""

    config: TrialConfig
    estimate: int
    among: int


def largest_config(space: SearchSpace, measure: Measure, seed: int) -> Largest | None:
    """The config with the largest estimate among baselines, references and some random draws that meet the constraints.
    None where nothing is known of memory: in a space with an objective of its own.
    """
    if space.objective is not None or not isinstance(space.template, TrialConfig):
        return None

    def cost_of(config: object) -> Cost:
        cost = measure(config)  # type: ignore[arg-type]
        assert cost is not None  # every TrialConfig has one
        return cost

    named = [*space.baselines.values(), *space.references.values()]
    known = [(config, cost_of(config)) for config in named]
    known += survey(space, cost_of, DRAWS, seed).feasible
    sized = [
        (config, training_bytes(cost, config.batch_size)) for config, cost in known if isinstance(config, TrialConfig)
    ]
    if not sized:
        return None
    config, estimate = max(sized, key=lambda pair: pair[1])
    return Largest(config, estimate, len(sized))
