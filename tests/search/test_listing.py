"""The ablation sampler: the base, then everything that differs from it in one value, each once, whatever happens."""

import pytest
from optuna.storages import RDBStorage

from nas import SpaceError, choice, constraint, uniform
from nas.search.drawing import Drawer, NothingLeft
from nas.search.ledger import Ledger
from nas.search.listing import listed, trials_at_once, trials_by_default
from nas.search.opening import open_study
from nas.search.samplers import check_sampler
from nas.space.search_space import SearchSpace
from tests.search.conftest import SMALL, Toy, toy_cost, toy_space

TEMPLATE = Toy(width=choice(1, 2, 3), slope=choice(0.25, 0.5, 1.0))
CHANGES = [
    Toy(width=2, slope=0.25),
    Toy(width=3, slope=0.25),
    Toy(width=1, slope=0.5),
    Toy(width=1, slope=1.0),
]


def ablation(**changes: object) -> SearchSpace:
    return toy_space(**{"template": TEMPLATE, "baselines": {"base": SMALL}, "sampler": "ablation", **changes})  # type: ignore[arg-type]


def opened(storage: RDBStorage, space: SearchSpace) -> tuple[Ledger, Drawer]:
    ledger = open_study(storage, space, "ablation", 0, None)
    rows = listed("ablation", space)
    return ledger, Drawer(space, ledger, toy_cost, 0, grid=rows, listed="the ablation")


def test_the_base_then_each_change_over_a_restart_then_it_ends(storage: RDBStorage) -> None:
    space = ablation()
    check_sampler("ablation", space)
    first = opened(storage, space)[1]
    drawn = [first.draw().config for _ in range(3)]
    ledger, again = opened(storage, space)
    drawn += [again.draw().config for _ in range(2)]
    assert drawn == [SMALL, *CHANGES]
    with pytest.raises(NothingLeft, match="all 5 configs of the ablation have been drawn"):
        again.draw()
    assert [record.params for record in map(ledger.record, ledger.running())][1] == {"width": 2, "slope": 0.25}


def test_other_baselines_come_too_and_nothing_twice(storage: RDBStorage) -> None:
    space = ablation(baselines={"base": SMALL, "wide": CHANGES[1], "far": Toy(width=3, slope=1.0)})
    drawer = opened(storage, space)[1]
    assert trials_by_default("ablation", space) == 6
    assert [drawer.draw().config for _ in range(6)] == [
        SMALL, CHANGES[1], Toy(width=3, slope=1.0), CHANGES[0], *CHANGES[2:],
    ]  # fmt: skip


def test_what_is_infeasible_is_passed_over(storage: RDBStorage) -> None:
    space = ablation(constraints=(constraint("narrow", lambda config, cost: config.width - 2.5),))
    drawer = opened(storage, space)[1]
    assert [drawer.draw().config for _ in range(4)] == [SMALL, CHANGES[0], *CHANGES[2:]]
    with pytest.raises(NothingLeft, match="all 5 configs of the ablation"):
        drawer.draw()


def test_totals_by_default() -> None:
    assert trials_by_default("ablation", ablation()) == 5
    assert trials_by_default("grid", ablation()) == 9
    assert trials_by_default("tpe", ablation()) == 11
    endless = ablation(template=Toy(width=choice(1, 2), slope=uniform(0.0, 1.0)))
    assert trials_by_default("ablation", endless) == 1 + 1 + 3
    assert listed("tpe", ablation()) is None


def test_without_a_baseline_it_says_what_to_do() -> None:
    with pytest.raises(SpaceError) as caught:
        check_sampler("ablation", ablation(baselines={}))
    assert str(caught.value) == (
        "--sampler: ablation changes one value of a base at a time, and toy has no baseline to be the base; "
        'give the space baselines={"base": ...}, or use tpe'
    )


@pytest.mark.parametrize(
    ("named", "references", "trials", "at_once"),
    [
        (0, 0, 7, 7),
        (0, 0, None, 9),  # all configs that there are: fewer than the default total
        (2, 3, 2, 3),  # two baselines, then three references
        (2, 3, 4, 5),  # four trials, then the last two of them and the references
        (2, 0, 1, 1),
    ],
)
def test_how_many_trials_there_may_be_at_once(named: int, references: int, trials: int | None, at_once: int) -> None:
    configs = {str(number): config for number, config in enumerate(CHANGES)}
    space = toy_space(
        template=TEMPLATE,
        baselines={f"base-{name}": configs[name] for name in list(configs)[:named]},
        references={f"reference-{name}": configs[name] for name in list(configs)[:references]},
    )
    assert trials_at_once("tpe", space, trials) == at_once
