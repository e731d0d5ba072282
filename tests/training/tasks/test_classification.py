import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix as sklearn_confusion
from sklearn.metrics import precision_recall_fscore_support
from torch import nn

from nas.data.splits import Images
from nas.training.precision import Forward
from nas.training.tasks import Classification, Evaluation
from nas.training.tasks.scores import class_scores, confusion_matrix

LOGITS = torch.tensor([[2.0, 0.0, -1.0], [0.0, 1.0, 3.0], [1.0, 1.5, 0.0], [0.0, 0.0, 0.5]])
LABELS = torch.tensor([0, 1, 1, 2])
LOG_SHARES = [[value - math.log(sum(map(math.exp, row))) for value in row] for row in LOGITS.tolist()]


def evaluated(task: Classification) -> Evaluation:
    """What the task says of a network that gives LOGITS."""
    return task.evaluate(Forward(nn.Flatten(), lambda pixels: pixels, "fp32"), Images(LOGITS[:, :, None, None], LABELS))


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_training_loss_is_cross_entropy_with_a_share_of_each_label_spread(smoothing: float) -> None:
    expected = 0.0
    for row, label in zip(LOG_SHARES, LABELS.tolist(), strict=True):
        expected -= ((1 - smoothing) * row[label] + smoothing * sum(row) / 3) / 4
    assert Classification(3, smoothing).loss(LOGITS, LABELS).item() == pytest.approx(expected, rel=1e-6)


def test_training_loss_of_mixed_labels() -> None:
    shares = torch.tensor([[1.0, 0, 0], [0.3, 0.7, 0], [0, 0.5, 0.5], [0.2, 0.2, 0.6]])
    expected = -float((shares * torch.tensor(LOG_SHARES)).sum()) / 4
    assert Classification(3).loss(LOGITS, shares).item() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
def test_evaluation_does_not_smooth(smoothing: float) -> None:
    evaluation = evaluated(Classification(3, smoothing))
    entropy = -sum(row[label] for row, label in zip(LOG_SHARES, LABELS.tolist(), strict=True)) / 4
    assert evaluation.values == pytest.approx({"loss": entropy, "accuracy": 0.75}, rel=1e-6)
    assert evaluation.predicted.tolist() == [0, 2, 1, 2]
    assert evaluation.confidence is not None
    assert evaluation.confidence.tolist() == pytest.approx([math.exp(max(row)) for row in LOG_SHARES])


def test_accuracy_is_not_rounded_to_single_precision() -> None:
    images = Images(torch.eye(10)[:, :, None, None], torch.zeros(10, dtype=torch.int64))
    values = Classification(10).evaluate(Forward(nn.Flatten(), lambda pixels: pixels, "fp32"), images).values
    assert values["accuracy"] == 0.1


Pairs = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=40)


@given(Pairs)
def test_averages_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    true, predicted = np.array(pairs).T
    evaluation = Evaluation({}, torch.from_numpy(true), torch.from_numpy(predicted), torch.ones(len(pairs)))
    expected = {}
    for average in ("macro", "weighted"):
        scores = precision_recall_fscore_support(true, predicted, labels=range(5), average=average, zero_division=0)
        expected |= dict(zip([f"{average}_{name}" for name in ("precision", "recall", "f1")], scores[:3], strict=True))
    assert Classification(5).final(evaluation) == pytest.approx(expected)


@given(Pairs)
def test_scores_of_each_class_and_confusion_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    true, predicted = np.array(pairs).T
    expected = precision_recall_fscore_support(true, predicted, labels=range(5), zero_division=0)
    given = torch.from_numpy(true), torch.from_numpy(predicted), 5
    scores = class_scores(*given)
    for ours, theirs in zip([*scores.scores.values(), scores.support], expected, strict=True):
        assert ours.tolist() == pytest.approx(theirs.tolist())
    assert confusion_matrix(*given).tolist() == sklearn_confusion(true, predicted, labels=range(5)).tolist()
