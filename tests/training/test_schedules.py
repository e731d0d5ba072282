import math

import pytest

from nas import Constant, Cosine, ReduceOnPlateau
from nas.config import Schedule
from nas.training.schedules import build_schedule


def rates(config: Schedule, metric: str, values: list[float], lr: float = 0.8) -> list[float]:
    """The rate of each epoch, the first before any value was seen."""
    schedule = build_schedule(config, lr, epochs=len(values))
    used = []
    for epoch, value in enumerate(values, start=1):
        used.append(schedule.at(epoch))
        schedule.observe({metric: value})
    return used


def test_constant() -> None:
    assert rates(Constant(), "val_loss", [3, 2, 1, 5]) == [0.8] * 4


def test_cosine_starts_at_the_optimizers_rate_and_leads_to_the_least() -> None:
    used = rates(Cosine(min_lr=0.2), "val_loss", [0] * 4)
    assert used == pytest.approx([0.8, 0.5 + 0.3 * math.sqrt(0.5), 0.5, 0.5 - 0.3 * math.sqrt(0.5)])


def test_cosine_of_one_epoch() -> None:
    assert rates(Cosine(), "val_loss", [0]) == [0.8]


@pytest.mark.parametrize(
    ("patience", "accuracies", "expected"),
    [
        (1, [0.5, 0.5, 0.5, 0.6, 0.5], [0.8, 0.8, 0.4, 0.2, 0.2]),  # an equal value is no gain
        (2, [0.5, 0.4, 0.3, 0.2, 0.1], [0.8, 0.8, 0.8, 0.4, 0.4]),  # waits anew after each reduction
        (2, [0.5, 0.4, 0.6, 0.5, 0.5, 0.5], [0.8, 0.8, 0.8, 0.8, 0.8, 0.4]),
        (0, [0.5, 0.4, 0.3], [0.8, 0.8, 0.4]),
    ],
)
def test_plateau_of_an_accuracy(patience: int, accuracies: list[float], expected: list[float]) -> None:
    assert rates(ReduceOnPlateau(patience=patience), "val_accuracy", accuracies) == pytest.approx(expected)


def test_plateau_of_a_loss() -> None:
    config = ReduceOnPlateau(metric="val_loss", patience=1, factor=0.1)
    assert rates(config, "val_loss", [1, 0.9, 0.95, 0.8, 0.9, 0]) == pytest.approx([0.8, 0.8, 0.8, 0.08, 0.08, 0.008])


@pytest.mark.parametrize(("min_lr", "least"), [(0.3, 0.3), (0.9, 0.8)])
def test_plateau_ends_at_its_least_rate_and_never_raises_it(min_lr: float, least: float) -> None:
    used = rates(ReduceOnPlateau(patience=1, min_lr=min_lr), "val_accuracy", [0.5] * 6)
    assert used[-1] == least
    assert used == sorted(used, reverse=True)


@pytest.mark.parametrize("config", [Constant(), Cosine(), ReduceOnPlateau(patience=2)])
def test_goes_on_from_its_state(config: Schedule) -> None:
    values = [0.5, 0.4, 0.3, 0.6, 0.5, 0.5, 0.5]
    straight = rates(config, "val_accuracy", values)
    for cut in range(len(values)):
        first, second = (build_schedule(config, 0.8, epochs=len(values)) for _ in range(2))
        for value in values[:cut]:
            first.observe({"val_accuracy": value})
        second.load_state_dict(first.state_dict())
        assert second.at(cut + 1) == straight[cut]
        second.observe({"val_accuracy": values[cut]})
        assert cut + 1 == len(values) or second.at(cut + 2) == straight[cut + 1]


def test_unknown_schedule() -> None:
    class Strange(Schedule, kind="strange_schedule"):
        pass

    with pytest.raises(TypeError, match="Strange"):
        build_schedule(Strange(), 0.8, epochs=1)
