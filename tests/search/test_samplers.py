"""Samplers by name: each serves a space that it can, and says why it cannot serve another."""

import pytest
from optuna.storages import RDBStorage

from nas import Config, SearchSpace, SpaceError, choice, maximize, minimize, uniform
from nas.search.drawing import Drawer, NothingLeft
from nas.search.listing import LISTED
from nas.search.names import SAMPLERS
from nas.search.opening import open_study
from nas.search.samplers import check_sampler
from tests.search.conftest import Toy, climb, toy_cost, toy_space


class Pair(Config):
    """Two numbers."""

    x: float = 0.0
    y: float = 0.0


def ranges(**changes: object) -> SearchSpace:
    given: dict[str, object] = {
        "name": "ranges",
        "template": Pair(x=uniform(0, 1), y=uniform(0, 1)),
        "objectives": (maximize("score"),),
        "objective": climb,
    }
    return SearchSpace(**{**given, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [name for name in SAMPLERS if name not in LISTED])
def test_each_sampler_draws(storage: RDBStorage, name: str) -> None:
    space = ranges()
    check_sampler(name, space)
    ledger = open_study(storage, space, name, 3, None)
    drawer = Drawer(space, ledger, lambda config: None, 3)
    seen = set()
    for _ in range(4):
        draw = drawer.draw()
        seen.add(draw.config)
        ledger.begin(draw.trial, draw.config, None)
        ledger.study.tell(draw.trial, 1.0)
    assert len(seen) == 4


@pytest.mark.parametrize(
    ("name", "space", "words"),
    [
        ("tpee", ranges(), "unknown sampler 'tpee'; did you mean tpe?"),
        ("grid", ranges(), "grid cannot serve this space: x has no finite number of values; use tpe or random"),
        ("cmaes", ranges(objectives=(maximize("a"), minimize("b"))), "it takes one objective, the space has 2"),
        ("cmaes", toy_space(objectives=(maximize("score"),)), "it takes ranges only, and width is a choice"),
    ],
)
def test_refused_in_a_line_that_says_why(name: str, space: SearchSpace, words: str) -> None:
    with pytest.raises(SpaceError) as caught:
        check_sampler(name, space)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_restarted_sampler_does_not_repeat_its_draws(storage: RDBStorage) -> None:
    space = toy_space(baselines={})
    first = open_study(storage, space, "random", 7, None)
    one = Drawer(space, first, toy_cost, 7).draw().config
    second = open_study(storage, space, "random", 7, None)
    assert Drawer(space, second, toy_cost, 7).draw().config != one


def test_grid_enumerates_every_config_once(storage: RDBStorage) -> None:
    from nas.space.finite import grid

    space = toy_space(template=Toy(width=choice(1, 2, 3), slope=choice(0.25, 0.5)), baselines={})
    ledger = open_study(storage, space, "grid", 0, None)
    first = Drawer(space, ledger, toy_cost, 0, grid=grid(space.template))
    drawn = [first.draw().config for _ in range(4)]
    after_a_restart = Drawer(space, ledger, toy_cost, 0, grid=grid(space.template))
    drawn += [after_a_restart.draw().config for _ in range(2)]
    assert len(set(drawn)) == 6
    with pytest.raises(NothingLeft, match="all 6 configs"):
        after_a_restart.draw()
