import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
from torch import nn

from nas.data.splits import Images
from nas.training.precision import Forward
from nas.training.tasks import Evaluation, Regression

TASK = Regression(mean=20.0, deviation=5.0)


def evaluated(outputs: list[float], targets: list[float]) -> Evaluation:
    """What the task says of a network that gives these outputs."""
    pixels = torch.tensor(outputs)[:, None, None, None]
    return TASK.evaluate(Forward(nn.Flatten(), lambda pixels: pixels, "fp32"), Images(pixels, torch.tensor(targets)))


def test_training_loss_is_of_standardised_targets() -> None:
    outputs, targets = torch.tensor([[0.0], [1.0], [-1.0]]), torch.tensor([20.0, 30.0, 10.0])  # 0, 2 and -2 deviations
    assert TASK.loss(outputs, targets).item() == pytest.approx((0 + 1 + 1) / 3)


Numbers = st.floats(-100, 100, width=32)


@given(st.lists(st.tuples(Numbers, Numbers), min_size=2, max_size=30))
def test_figures_are_scikit_learns_in_the_targets_unit(pairs: list[tuple[float, float]]) -> None:
    outputs, targets = (list(values) for values in zip(*pairs, strict=True))
    targets[0] += 1.0 if len(set(targets)) == 1 else 0.0
    evaluation = evaluated(outputs, targets)
    targets = torch.tensor(targets).double().numpy()
    predicted = torch.tensor(outputs).double().numpy() * 5 + 20
    mse = mean_squared_error(targets, predicted)
    expected = {"loss": mse / 25, "mse": mse, "mae": mean_absolute_error(targets, predicted)}
    assert evaluation.values == pytest.approx({**expected, "r2": r2_score(targets, predicted)}, rel=1e-6)
    assert evaluation.predicted.tolist() == pytest.approx(predicted.tolist(), rel=1e-6)
    assert evaluation.confidence is None


@pytest.mark.parametrize(("output", "r2"), [(0.5, 1.0), (0.75, 0.0)])
def test_r2_of_equal_targets_is_scikit_learns(output: float, r2: float) -> None:
    assert evaluated([output] * 3, [22.5] * 3).values["r2"] == r2
    assert r2_score([22.5] * 3, [output * 5 + 20] * 3) == r2
