import math

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.optim import lr_scheduler

from nas.config import Constant, Cosine, CosineRestarts, OneCycle, ReduceOnPlateau, Schedule, Step
from nas.training.schedules import build_schedule
from nas.training.uncompiled import without_compiler

LR = 0.8
SGD = without_compiler(torch.optim.SGD)  # torch's own loads its compiler, which takes seconds


def rates(config: Schedule, metric: str, values: list[float], lr: float = 0.8) -> list[float]:
    """The rate of each epoch, the first before any value was seen."""
    schedule = build_schedule(config, lr, epochs=len(values))
    used = []
    for epoch, value in enumerate(values, start=1):
        used.append(schedule.at(epoch - 1))
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


@pytest.mark.parametrize("config", [Constant(), Cosine(), ReduceOnPlateau(patience=2, warm_up=3)])
def test_goes_on_from_its_state(config: Schedule) -> None:
    values = [0.5, 0.4, 0.3, 0.6, 0.5, 0.5, 0.5]
    straight = rates(config, "val_accuracy", values)
    for cut in range(len(values)):
        first, second = (build_schedule(config, 0.8, epochs=len(values)) for _ in range(2))
        for value in values[:cut]:
            first.observe({"val_accuracy": value})
        second.load_state_dict(first.state_dict())
        assert second.at(cut) == straight[cut]
        second.observe({"val_accuracy": values[cut]})
        assert cut + 1 == len(values) or second.at(cut + 1) == straight[cut + 1]


def torchs(schedule: type[lr_scheduler.LRScheduler], steps: int, lr: float = LR, **options: float) -> list[float]:
    """The rate of each step according to torch."""
    optimizer = SGD([torch.zeros(1)], lr=lr)
    scheduler = schedule(optimizer, **options)  # type: ignore[arg-type]
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


def ours(config: Schedule, moments: list[float], epochs: int) -> list[float]:
    schedule = build_schedule(config, LR, epochs)
    return [schedule.at(moment) for moment in moments]


@given(every=st.integers(1, 5), factor=st.floats(0.1, 0.9), epochs=st.integers(1, 12))
def test_step_is_torchs(every: int, factor: float, epochs: int) -> None:
    used = ours(Step(every=every, factor=factor), [epoch + 0.7 for epoch in range(epochs)], epochs)
    assert used == pytest.approx(torchs(lr_scheduler.StepLR, epochs, step_size=every, gamma=factor))


@given(epochs=st.integers(1, 12), min_lr=st.floats(0, 0.5), moment=st.floats(0, 0.99))
def test_cosine_is_torchs_and_holds_for_an_epoch(epochs: int, min_lr: float, moment: float) -> None:
    used = ours(Cosine(min_lr=min_lr), [epoch + moment for epoch in range(epochs)], epochs)
    assert used == pytest.approx(torchs(lr_scheduler.CosineAnnealingLR, epochs, T_max=epochs, eta_min=min_lr))


@given(cycle=st.integers(1, 4), growth=st.integers(1, 3), steps=st.integers(1, 5), min_lr=st.floats(0, 0.5))
def test_restarts_are_torchs_at_every_step(cycle: int, growth: int, steps: int, min_lr: float) -> None:
    optimizer = SGD([torch.zeros(1)], lr=LR)
    scheduler = lr_scheduler.CosineAnnealingWarmRestarts(optimizer, cycle, growth, min_lr)
    moments = [step / steps for step in range(12 * steps)]
    expected = []
    for moment in moments:
        scheduler.step(moment)
        expected.append(optimizer.param_groups[0]["lr"])
    used = ours(CosineRestarts(cycle=cycle, growth=growth, min_lr=min_lr), moments, epochs=12)
    assert used == pytest.approx(expected, abs=1e-9)


def test_a_cycle_may_grow_by_a_part() -> None:
    used = ours(CosineRestarts(cycle=2, growth=1.5), [0, 1, 2, 3.5, 5, 7.25], epochs=10)  # cycles of 2, 3, 4.5
    assert used == pytest.approx([LR, LR / 2, LR, LR / 2, LR, LR / 2])


@given(steps=st.integers(4, 60), rise=st.floats(0.1, 0.9), start=st.floats(2, 50), end=st.floats(60, 1e4))
def test_one_cycle_is_torchs(steps: int, rise: float, start: float, end: float) -> None:
    """torch reaches the top one step before a share of all steps, and the end with its last step."""
    top = (rise * steps - 1) / (steps - 1)
    assume(top > 0.01)
    options = {"max_lr": LR, "total_steps": steps, "pct_start": rise, "div_factor": start}
    expected = torchs(lr_scheduler.OneCycleLR, steps - 1, **options, final_div_factor=end / start)
    used = ours(OneCycle(rise=top, start=start, end=end), [float(step) for step in range(steps - 1)], steps - 1)
    assert used == pytest.approx(expected, rel=1e-6)


@given(warm_up=st.floats(0.1, 5), moment=st.floats(0, 9.9))
def test_warm_up_leads_to_where_the_schedule_would_be(warm_up: float, moment: float) -> None:
    for config in (Constant(), Cosine(), OneCycle(), Step(every=2), CosineRestarts(cycle=3)):
        (plain,) = ours(config, [moment], epochs=10)
        (warmed,) = ours(config.replace(warm_up=warm_up), [moment], epochs=10)
        assert warmed == pytest.approx(plain * min(1, moment / warm_up))


def test_warm_up_starts_from_nothing_and_follows_a_plateau() -> None:
    schedule = build_schedule(ReduceOnPlateau(patience=1, warm_up=2), LR, epochs=5)
    assert [schedule.at(moment) for moment in (0, 0.5, 1)] == pytest.approx([0, LR / 4, LR / 2])
    for value in (0.5, 0.5):
        schedule.observe({"val_accuracy": value})
    assert schedule.at(2) == pytest.approx(LR / 2)


def test_plateau_of_r2_waits_for_higher_values() -> None:
    config = ReduceOnPlateau(metric="val_r2", patience=1)
    assert rates(config, "val_r2", [0.1, 0.2, 0.2, 0.3]) == pytest.approx([0.8, 0.8, 0.8, 0.4])


def test_unknown_schedule() -> None:
    class Strange(Schedule, kind="strange_schedule"):
        pass

    with pytest.raises(TypeError, match="Strange"):
        build_schedule(Strange(), 0.8, epochs=1)
