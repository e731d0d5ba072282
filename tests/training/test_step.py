"""Steps whose batches do not fit into memory: a model that refuses more than so many images stands for a small card."""

import copy
import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from nas.config import SGD, Augmentation, ConvNet, Regularisation, TrialConfig
from nas.data.splits import Splits
from nas.models.build import build_model
from nas.training.checkpoint import CheckpointFolder
from nas.training.evaluate import outputs_of
from nas.training.fit import fit
from nas.training.out_of_memory import is_out_of_memory
from nas.training.training import Training

PLAIN = ConvNet(conv_layers=1, filters=4, dense_layers=1, dense_width=8, l1=1e-3, l2=1e-2)
NORMED = ConvNet(conv_layers=1, filters=4, dense_layers=1, dense_width=8, batch_norm=True)


class Small(nn.Module):
    """A network on a device where only `room` images fit; it notices too late, as a real one does. tried: the sizes of
    the batches that it was given in training mode.
    """

    def __init__(self, network: nn.Module, room: float, error: Exception | None = None) -> None:
        super().__init__()
        self.network, self.room = network, room
        self.error = error or torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.\nsee the docs")
        self.tried: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        if self.training:
            self.tried.append(len(images))
        outputs: Tensor = self.network(images)
        if len(images) > self.room:
            raise type(self.error)(*self.error.args)  # a new one, whose traceback nobody keeps
        return outputs


def training(config: TrialConfig, splits: Splits, room: float, error: Exception | None = None) -> Training:
    torch.manual_seed(config.seed)
    return Training(Small(build_model(config.model, (1, 6, 6), 3), room, error), splits, config)


def tried(training: Training) -> list[int]:
    found: Any = training.model.tried
    return list(found)


def parameters(training: Training) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in training.model.parameters()])


@pytest.mark.parametrize("room", [8, 5, 1])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"augmentation": Augmentation(rotation=20, brightness=0.2, mixup=0.5)},
        {"regularisation": Regularisation(label_smoothing=0.1, clip_gradients=0.1, clip_weights=0.3)},
    ],
    ids=["penalties", "augmentation", "clipping"],
)
def test_micro_batches_add_up_to_the_whole_batch(
    config: TrialConfig, splits: Splits, room: int, changes: dict[str, Any]
) -> None:
    config = config.replace(model=PLAIN, optimizer=SGD(lr=0.1), epochs=2, **changes)
    whole, cut = training(config, splits, 10**6), training(config, splits, room)
    for each in (whole, cut):
        each.advance()
        each.advance()
    assert torch.allclose(parameters(whole), parameters(cut), atol=1e-5)
    for name in ("train_loss", "val_loss"):
        values = [each.history[-1].values[name] for each in (whole, cut)]
        assert values[0] == pytest.approx(values[1], rel=1e-3)
    assert whole.step.micro_batch is None
    assert cut.step.micro_batch == {8: 8, 5: 4, 1: 1}[room]


def test_the_loss_of_a_step_is_that_of_the_whole_batch(config: TrialConfig, splits: Splits) -> None:
    config = config.replace(model=PLAIN, optimizer=SGD(lr=1e-9))
    order = torch.arange(48)
    losses = [training(config, splits, room).train(order).item() for room in (48, 3)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_a_batch_is_halved_until_it_fits_and_later_ones_start_there(config: TrialConfig, splits: Splits) -> None:
    small = training(config.replace(model=PLAIN, batch_size=20), splits, 6)
    small.train(torch.arange(43))  # two batches of 20 and one of 3
    assert tried(small) == [20, 10, 5, 5, 5, 5, 5, 5, 5, 5, 3]
    assert small.step.micro_batch == 5


def test_batch_norm_never_gets_a_single_image(config: TrialConfig, splits: Splits) -> None:
    small = training(config.replace(model=NORMED, batch_size=15), splits, 3)
    small.train(torch.arange(30))
    assert tried(small) == [15, 5, *[3, 2, 2, 2, 2, 2, 2] * 2]
    assert small.step.micro_batch == 2


@pytest.mark.parametrize(
    ("model", "room", "named"),
    [(PLAIN, 0, 1), (NORMED, 1, 2)],
    ids=["one image", "two for batch norm"],
)
def test_when_nothing_fits_the_cause_names_the_micro_batch(
    config: TrialConfig, splits: Splits, model: ConvNet, room: int, named: int
) -> None:
    small = training(config.replace(model=model, batch_size=16), splits, room)
    with pytest.raises(MemoryError) as caught:
        small.advance()
    words = "CUDA out of memory. Tried to allocate 2.00 GiB."
    assert str(caught.value) == f"not even a micro-batch of {named} fits: {words}"
    assert tried(small) == [16, 8, 4, 2, 1][: 5 if named == 1 else 4]


def test_three_images_that_batch_norm_cannot_part_are_told_at_once(config: TrialConfig, splits: Splits) -> None:
    small = training(config.replace(model=NORMED), splits, 2)
    with pytest.raises(MemoryError, match="not even a micro-batch of 3 fits"):
        small.train(torch.arange(3))


def test_what_a_failed_try_has_changed_is_undone(config: TrialConfig, splits: Splits) -> None:
    """A network with dropout and statistics that does not fit once: nothing of that is seen afterwards."""
    dropping = NORMED.replace(dropout=0.5)
    whole, once = (training(config.replace(model=dropping), splits, 10**6) for _ in range(2))
    pixels, labels = splits.train.pixels[:16], splits.train.labels[:16]
    for each in (whole, once):
        each.model.train()
    model: Any = once.model
    model.room = 0

    def make_room(*given: object) -> None:
        model.room = 10**6
        once.step.micro_batch = None

    once.step._halve = make_room  # type: ignore[method-assign, assignment]
    losses = []
    for each in (whole, once):
        each.random.restore()
        losses.append(each.step(pixels, labels).item())
    assert losses[0] == losses[1]
    assert tried(once) == [16, 16]
    ours, others = once.model.state_dict(), whole.model.state_dict()
    assert all(torch.equal(ours[name], others[name]) for name in others)


def test_a_failed_try_holds_no_memory_while_the_next_one_runs(config: TrialConfig, splits: Splits) -> None:
    small = training(config.replace(model=PLAIN), splits, 8)
    alive: list[weakref.ref[Tensor]] = []
    left: list[int] = []

    def watch(module: nn.Module, given: tuple[Tensor, ...], output: Tensor) -> None:
        left.append(sum(reference() is not None for reference in alive))
        alive.append(weakref.ref(output))

    network: Any = small.model.network
    network.register_forward_hook(watch)
    gc.disable()
    try:
        small.train(torch.arange(16))
    finally:
        gc.enable()
    assert left == [0, 0, 0]


def test_a_resumed_training_keeps_its_micro_batch(config: TrialConfig, splits: Splits, tmp_path: Path) -> None:
    config = config.replace(model=NORMED, epochs=4)
    straight, first, second = (training(config, splits, room) for room in (5, 5, 10**6))
    fit([straight], lambda metrics: True, CheckpointFolder(tmp_path / "none", least_seconds=1e9))
    fit([first], lambda metrics: metrics.epoch < 2, CheckpointFolder(tmp_path, least_seconds=0))
    fit([second], lambda metrics: True, CheckpointFolder(tmp_path, least_seconds=0))
    assert second.step.micro_batch == straight.step.micro_batch == 4
    assert torch.equal(parameters(second), parameters(straight))


def test_other_errors_are_left_alone(config: TrialConfig, splits: Splits) -> None:
    small = training(config.replace(model=PLAIN), splits, 0, RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    with pytest.raises(RuntimeError, match=r"^mat1 and mat2 shapes"):
        small.advance()
    assert tried(small) == [16]


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (RuntimeError("CUDA error: out of memory"), True),
        (RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory: you tried"), True),
        (RuntimeError("cuDNN error: CUDNN_STATUS_ALLOC_FAILED"), True),
        (RuntimeError("std::bad_alloc"), True),
        (RuntimeError("shapes differ"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_running_out_of_memory_looks_like(error: Exception, is_one: bool) -> None:
    assert is_out_of_memory(error) == is_one


def test_torch_says_so_when_the_processor_has_no_memory_left() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_batch_norm_on_one_number_is_told_in_our_words(config: TrialConfig, splits: Splits) -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(36, 3), nn.BatchNorm1d(3))
    with pytest.raises(ValueError, match=r"^batch_size: batch norm cannot be trained on one image at a time") as caught:
        Training(network, splits, config.replace(model=PLAIN, batch_size=1)).advance()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("room", [100, 11, 1])
def test_a_part_is_measured_in_smaller_batches(
    config: TrialConfig, splits: Splits, build: Callable[[TrialConfig], nn.Module], room: int
) -> None:
    network = build(config)
    whole = Training(copy.deepcopy(network), splits, config)
    cut = Training(Small(network, room), splits, config)
    found = [training.task.evaluate(training.forward, splits.val) for training in (whole, cut)]
    assert found[0].values == pytest.approx(found[1].values)
    assert torch.equal(found[0].predicted, found[1].predicted)


def test_an_image_that_cannot_be_measured_is_told(config: TrialConfig, splits: Splits) -> None:
    small = training(config.replace(model=PLAIN), splits, 0)
    with torch.inference_mode(), pytest.raises(MemoryError, match="not even one image fits when it is measured: CUDA"):
        list(outputs_of(small.forward, splits.val))
