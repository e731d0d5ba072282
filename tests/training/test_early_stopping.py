import pytest
import torch
from torch import nn

from nas.config import EarlyStopping, Metric
from nas.training.early_stopping import Stopping


def model_with(weight: float) -> nn.Module:
    model = nn.Linear(1, 1, bias=False)
    nn.init.constant_(model.weight, weight)
    return model


@pytest.mark.parametrize(
    ("metric", "patience", "values", "best", "length"),
    [
        ("val_accuracy", 2, [0.1, 0.5, 0.4, 0.5, 0.9], 2, 4),  # an equal value is no gain
        ("val_accuracy", 3, [0.1, 0.5, 0.4, 0.5, 0.9], 5, 5),
        ("val_loss", 1, [0.5, 0.4, 0.3, 0.31, 0.1], 3, 4),
        ("val_r2", 2, [-0.5, 0.2, 0.1, 0.2, 0.9], 2, 4),
        ("val_mse", 1, [50.0, 40.0, 41.0, 30.0], 2, 3),
    ],
)
def test_stops_after_patience_and_gives_back_the_best(
    metric: Metric, patience: int, values: list[float], best: int, length: int
) -> None:
    stopping = Stopping(EarlyStopping(metric=metric, patience=patience))
    epochs = 0
    while epochs < len(values) and not stopping.exhausted:
        epochs += 1
        stopping.observe(epochs, {metric: values[epochs - 1]}, model_with(float(epochs)))
    assert (stopping.best_epoch, epochs) == (best, length)
    model = model_with(0.0)
    stopping.restore_best(model)
    assert model.state_dict()["weight"].item() == best


def test_the_copy_is_not_trained_on() -> None:
    stopping, model = Stopping(EarlyStopping()), model_with(1.0)
    stopping.observe(1, {"val_accuracy": 0.5}, model)
    nn.init.constant_(model.get_parameter("weight"), 2.0)
    stopping.restore_best(model)
    assert model.get_parameter("weight").item() == 1.0


def test_goes_on_from_its_state() -> None:
    first, second = (Stopping(EarlyStopping(patience=2)) for _ in range(2))
    first.observe(1, {"val_accuracy": 0.5}, model_with(1.0))
    first.observe(2, {"val_accuracy": 0.4}, model_with(2.0))
    second.load_state_dict(first.state_dict())
    second.observe(3, {"val_accuracy": 0.5}, model_with(3.0))
    assert second.exhausted
    assert second.best_epoch == 1
    model = model_with(0.0)
    second.restore_best(model)
    assert model.get_parameter("weight").item() == 1.0


def test_without_a_config_nothing_stops_and_nothing_is_kept() -> None:
    stopping, model = Stopping(None), model_with(4.0)
    for epoch in range(1, 50):
        stopping.observe(epoch, {"val_accuracy": 0.0}, model_with(0.0))
    assert not stopping.exhausted
    assert stopping.best_epoch is None
    stopping.restore_best(model)
    assert torch.equal(model.get_parameter("weight"), torch.tensor([[4.0]]))
