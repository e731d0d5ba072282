import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from nas.data.splits import Images
from nas.training import evaluate as module
from nas.training.evaluate import Evaluation, evaluate, stratified_sample
from nas.training.precision import Forward


def identity(pixels: Tensor) -> Tensor:
    return pixels.float()


def numbered(labels: Tensor) -> Images:
    """One-pixel images that hold their own number."""
    return Images(torch.arange(len(labels), dtype=torch.uint8).reshape(-1, 1, 1, 1), labels)


@pytest.mark.parametrize("batch_pixels", [1, 2**18, 36 * 7])
def test_loss_and_confusion(batch_pixels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH_PIXELS", batch_pixels)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(36), nn.Dropout(0.5), nn.Linear(36, 4))
    images = Images(torch.randint(0, 256, (50, 1, 6, 6), dtype=torch.uint8), torch.randint(0, 4, (50,)))
    evaluation = evaluate(Forward(model, identity, "fp32"), images)
    with torch.no_grad():
        logits = model.eval()(images.pixels.float())
    assert evaluation.loss == pytest.approx(cross_entropy(logits, images.labels).item(), rel=1e-5)
    predicted = logits.argmax(1)
    assert evaluation.confusion.tolist() == confusion_matrix(images.labels, predicted, labels=range(4)).tolist()
    assert evaluation.accuracy == pytest.approx((predicted == images.labels).float().mean().item())


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=40))
def test_macro_figures_are_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    true, predicted = zip(*pairs, strict=True)
    confusion = torch.from_numpy(confusion_matrix(true, predicted, labels=range(4)))
    expected = precision_recall_fscore_support(true, predicted, labels=range(4), average="macro", zero_division=0)
    macro = Evaluation(0.0, confusion).macro()
    assert list(macro.values()) == pytest.approx(list(expected[:3]))
    assert list(macro) == ["macro_precision", "macro_recall", "macro_f1"]


@given(labels=st.lists(st.integers(0, 4), min_size=1, max_size=200), size=st.integers(1, 210), seed=st.integers(0, 9))
def test_a_sample_has_its_size_and_every_class_its_share(labels: list[int], size: int, seed: int) -> None:
    images = numbered(torch.tensor(labels))
    sample = stratified_sample(images, size, seed)
    taken = sample.pixels.flatten().tolist()
    assert len(taken) == min(size, len(labels))
    assert len(set(taken)) == len(taken)
    assert sample.labels.tolist() == [labels[number] for number in taken]
    for label in range(5):
        quota = min(size / len(labels), 1) * labels.count(label)
        assert abs(sample.labels.tolist().count(label) - quota) < 1


def test_a_sample_is_fixed_by_its_seed() -> None:
    images = numbered(torch.arange(200) % 3)
    drawn = [stratified_sample(images, 60, seed).pixels.flatten().tolist() for seed in (1, 1, 2)]
    assert drawn[0] == drawn[1] != drawn[2]
