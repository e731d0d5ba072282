"""Small studies of a plain objective: no network is trained, everything else is real."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from optuna.storages import RDBStorage

from nas import Config, SearchSpace, choice, maximize, minimize, uniform
from nas.records import Cost
from nas.search.drawing import Drawer
from nas.search.ledger import Ledger
from nas.search.opening import open_study
from nas.search.storage import open_storage, quiet_optuna


class Toy(Config):
    """Two holes; `wide` costs more."""

    width: int = 1
    slope: float = 0.5


SMALL = Toy(width=1, slope=0.25)


def toy_space(name: str = "toy", **changes: object) -> SearchSpace:
    """A space of 3 x endless configs with a constraint that refuses the widest."""
    given: dict[str, object] = {
        "template": Toy(width=choice(1, 2, 3), slope=uniform(0.0, 1.0)),
        "objectives": (maximize("score"), minimize("params")),
        "baselines": {
            "small": Toy(width=1, slope=0.25),
            "same": Toy(width=1, slope=0.25),
            "big": Toy(width=2, slope=1.0),
        },
        "objective": climb,
        "epochs": 4,
    }
    return SearchSpace(name=name, **{**given, **changes})  # type: ignore[arg-type]


def climb(config: Toy, epochs: int) -> Iterator[dict[str, float]]:
    """A score that grows by the slope each epoch."""
    for epoch in range(1, epochs + 1):
        yield {"score": config.slope * epoch, "params": config.width}


def toy_cost(config: Config) -> Cost:
    """Width as the number of parameters."""
    assert isinstance(config, Toy)
    return Cost(params=config.width, trainable_params=config.width, flops=0, activation_bytes=0)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    with quiet_optuna():
        yield


BACKENDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.xdist_group("postgres")))
"""For `parametrize("url", BACKENDS, indirect=True)`, where the two databases could differ."""


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database that is not there yet, or is empty."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path / 'optuna.db'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def storage(url: str) -> Iterator[RDBStorage]:
    """A fresh storage: SQLite, if the test does not say otherwise."""
    opened = open_storage(url)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def ledger(storage: RDBStorage) -> Ledger:
    """The opened toy study."""
    return open_study(storage, toy_space(), "random", 0, None)


@pytest.fixture
def drawer(ledger: Ledger) -> Drawer:
    """Draws from the toy study."""
    return Drawer(toy_space(), ledger, toy_cost, 0)
