"""Which config of a space needs the most memory."""

from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice, integer, max_params, maximize
from nas.models.measure import measure_cost
from nas.records import Cost
from nas.search.largest import DRAWS, largest_config
from nas.space.config import Config
from tests.search.conftest import Toy

TEMPLATE = TrialConfig(
    data=Digits(),
    model=ConvNet(conv_layers=integer(1, 3), filters=choice(4, 8, 16), dense_layers=0),
    batch_size=choice(32, 256),
)
OBJECTIVE = (maximize("val_accuracy"),)


def cost_of(config: Config) -> Cost:
    assert isinstance(config, TrialConfig)
    return measure_cost(config.model, (1, 8, 8), 10)


def space(**changes: object) -> SearchSpace:
    return SearchSpace(**{"name": "s", "template": TEMPLATE, "objectives": OBJECTIVE, **changes})  # type: ignore[arg-type]


def network(layers: int, filters: int, batch_size: int) -> TrialConfig:
    return TEMPLATE.replace(model=ConvNet(conv_layers=layers, filters=filters, dense_layers=0), batch_size=batch_size)


def test_it_is_found_among_random_draws() -> None:
    found = largest_config(space(), cost_of, seed=0)
    assert found is not None
    assert found.config == network(3, 16, 256)
    assert found.among == DRAWS


def test_baselines_and_references_count() -> None:
    wide = network(3, 64, 256)
    found = largest_config(space(references={"wide": wide}, baselines={"small": network(1, 4, 32)}), cost_of, seed=0)
    assert found is not None
    assert (found.config, found.among) == (wide, DRAWS + 2)


def test_what_breaks_a_constraint_does_not() -> None:
    found = largest_config(space(constraints=(max_params(1500),)), cost_of, seed=0)
    assert found is not None
    assert cost_of(found.config).params <= 1500


def test_of_an_objective_nothing_is_known() -> None:
    own = SearchSpace(
        name="own", template=Toy(), objectives=(maximize("score"),), epochs=1, objective=lambda config, budget: iter(())
    )
    assert largest_config(own, lambda config: None, seed=0) is None
