from typing import Any

from nas import Adam, Config, ConvNet, Dense, Digits, TrialConfig, choice, repeat
from nas.config import MLP, SGD
from nas.space.everywhere import configs_in, everywhere
from nas.space.holes import Choice, Repeat

TEMPLATE = TrialConfig(
    data=Digits(),
    model=choice(
        MLP(layers=repeat(Dense(width=choice(8, 16)), 1, 3)),
        MLP(layers=(Dense(width=4), Dense(width=5))),
        labels=("a", "b"),
    ),
    optimizer=choice(Adam(), SGD()),
)


def lose(config: Config) -> Config:
    return config.replace(dropout=0.5) if isinstance(config, Dense) else config


def test_configs_in_choices_repeats_and_tuples_are_found() -> None:
    assert [type(config).__name__ for config in configs_in(TEMPLATE)] == [
        "TrialConfig", "Digits", "MLP", "Dense", "MLP", "Dense", "Dense", "Adam", "SGD", "Constant",
        "Regularisation",
    ]  # fmt: skip


def test_a_change_reaches_them_and_leaves_holes_and_labels() -> None:
    changed = everywhere(TEMPLATE, lose)
    model: Any = changed.model
    assert isinstance(model, Choice)
    assert model.labels == ("a", "b")
    assert isinstance(model.options[0].layers, Repeat)
    assert [part.dropout for part in configs_in(changed) if isinstance(part, Dense)] == [0.5, 0.5, 0.5]
    assert model.options[0].layers.item.width == TEMPLATE.model.options[0].layers.item.width  # type: ignore[attr-defined]


def test_what_is_not_changed_is_the_same_object() -> None:
    assert everywhere(TEMPLATE, lambda config: config) is TEMPLATE
    assert everywhere(TEMPLATE.optimizer, lose) is TEMPLATE.optimizer


def test_options_that_become_equal_are_one() -> None:
    def alike(config: Config) -> Config:
        return config.replace(filters=8) if isinstance(config, ConvNet) else config

    nets = [ConvNet(filters=4), ConvNet(filters=16), MLP()]
    three: Any = everywhere(choice(*nets), alike)
    assert three == Choice((ConvNet(filters=8), MLP()), ("convnet", "mlp"))
    assert everywhere(choice(*nets[:2]), alike) == ConvNet(filters=8)
