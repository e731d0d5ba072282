"""What every task must do, whatever it is for."""

from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from torch import nn

from nas import Digits, TrialConfig
from nas.config import MLP, Diabetes, Regularisation
from nas.data.splits import Images, Splits
from nas.records import DataInfo
from nas.training import evaluate
from nas.training.precision import Forward
from nas.training.tasks import Classification, Regression, Task, task_of

SHAPE = (5, 1, 1)
TASKS = {
    "classes": Classification(3),
    "smoothed": Classification(3, label_smoothing=0.2),
    "two_classes": Classification(2),
    "numbers": Regression(mean=40.0, deviation=8.0),
}


@pytest.fixture(params=list(TASKS))
def task(request: pytest.FixtureRequest) -> Task:
    return TASKS[request.param]


def images_for(task: Task, count: int = 60) -> Images:
    """Rows of numbers whose label follows from them."""
    pixels = torch.randn(count, *SHAPE, generator=torch.Generator().manual_seed(1))
    if isinstance(task, Regression):
        return Images(pixels, pixels.flatten(1).sum(1) * 4 + 40)
    return Images(pixels, pixels.flatten(1)[:, : task.outputs].argmax(1))


def network(task: Task, *more: nn.Module) -> Forward:
    torch.manual_seed(2)
    return Forward(nn.Sequential(nn.Flatten(), *more, nn.Linear(5, task.outputs)), lambda pixels: pixels, "fp32")


def test_the_loss_can_be_trained_on_and_evaluation_sees_the_gain(task: Task) -> None:
    images, forward = images_for(task), network(task)
    optimizer = torch.optim.SGD(forward.model.parameters(), lr=0.2)
    losses, before = [], task.evaluate(forward, images).values["loss"]
    for _ in range(20):
        loss = task.loss(forward(images.pixels), images.labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert loss.shape == ()
    assert all(later < earlier for earlier, later in pairwise(losses))
    assert task.evaluate(forward, images).values["loss"] < 0.7 * before


def test_figures_are_plain_numbers_with_names_of_their_own(task: Task) -> None:
    evaluation = task.evaluate(network(task), images_for(task))
    final = task.final(evaluation)
    assert "loss" in evaluation.values
    assert not set(final) & set(evaluation.values)
    assert all(type(value) is float for value in [*final.values(), *evaluation.values.values()])


def test_every_item_has_its_prediction(task: Task) -> None:
    images, forward = images_for(task), network(task)
    evaluation = task.evaluate(forward, images)
    alone = [task.evaluate(forward, Images(images.pixels[[n]], images.labels[[n]])).predicted[0] for n in (0, 7, 59)]
    assert torch.equal(evaluation.true, images.labels)
    assert torch.allclose(evaluation.predicted[[0, 7, 59]], torch.stack(alone))
    assert evaluation.predicted.dtype == evaluation.true.dtype == images.labels.dtype
    assert evaluation.predicted.shape == (60,)


@pytest.mark.parametrize("most", [1, 7, 59, 60])
def test_batches_do_not_matter(task: Task, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    images, forward = images_for(task), network(task)
    whole = task.evaluate(forward, images)
    monkeypatch.setattr(evaluate, "MOST_IMAGES", most)
    parts = task.evaluate(forward, images)
    assert parts.values == pytest.approx(whole.values, rel=1e-5)
    assert torch.allclose(parts.predicted.double(), whole.predicted.double())


def test_the_model_is_left_in_evaluation_mode_and_as_it_was(task: Task) -> None:
    images, forward = images_for(task), network(task, nn.BatchNorm1d(5), nn.Dropout(0.5))
    before = {name: tensor.clone() for name, tensor in forward.model.state_dict().items()}
    first, second = (task.evaluate(forward, images) for _ in range(2))
    assert not forward.model.training
    assert first.values == second.values
    assert all(torch.equal(tensor, before[name]) for name, tensor in forward.model.state_dict().items())
    assert not first.predicted.requires_grad


def splits_of(task: Task) -> Splits:
    images = images_for(task)
    target = (task.mean, task.deviation) if isinstance(task, Regression) else None
    names = () if target else tuple("abc"[: task.outputs])
    return Splits(images, images, images, DataInfo(SHAPE, names, {}, "0"), torch.zeros(5), torch.ones(5), target)


@pytest.mark.parametrize("name", list(TASKS))
def test_a_config_and_its_data_say_which(name: str) -> None:
    task = TASKS[name]
    data = Diabetes() if isinstance(task, Regression) else Digits()
    smoothing = getattr(task, "label_smoothing", 0.0)
    config = TrialConfig(data=data, model=MLP(), regularisation=Regularisation(label_smoothing=smoothing))
    assert task_of(config, splits_of(task)) == task
    other = replace(splits_of(task), target=None if isinstance(task, Regression) else (1.0, 2.0))
    assert task_of(config, other) != task


@pytest.mark.parametrize("name", list(TASKS))
def test_perfect_outputs_have_the_best_figures(name: str) -> None:
    task = TASKS[name]
    labels = images_for(task).labels
    outputs = (labels[:, None] - 40) / 8 if isinstance(task, Regression) else 50.0 * torch.eye(task.outputs)[labels]
    forward = Forward(nn.Flatten(), lambda pixels: pixels, "fp32")
    values = task.evaluate(forward, Images(outputs[:, :, None, None], labels)).values
    best = {"loss": 0.0, "accuracy": 1.0, "mse": 0.0, "mae": 0.0, "r2": 1.0}
    assert values == pytest.approx({figure: best[figure] for figure in values}, abs=1e-5)
