import pytest
import torch

from nas.config import (
    MLP,
    SGD,
    Augmentation,
    ConvNet,
    Dense,
    Diabetes,
    Digits,
    OneCycle,
    Phase,
    TrialConfig,
)
from nas.cost import DoesNotFit, convnet_chain
from nas.training.speed import seconds_per_image

SHAPE = (1, 8, 8)


def config(**model):
    return TrialConfig(data=Digits(), model=ConvNet(**model), batch_size=64, precision="fp32")


def measured(**model):
    flops = convnet_chain(ConvNet(**model), SHAPE, 10).cost().flops
    return seconds_per_image(config(**model), SHAPE, 10, flops, seconds=0.02)


def test_a_network_with_a_thousand_times_the_work_takes_longer():
    small = measured(conv_layers=1, filters=1, dense_layers=0)
    large = measured(conv_layers=3, filters=64, dense_layers=0)
    assert 0 < 2 * small < large < 1


def test_threads_are_as_before():
    before = torch.get_num_threads()
    measured(conv_layers=1, filters=1, dense_layers=0, batch_norm=True)
    assert torch.get_num_threads() == before


def test_a_network_that_does_not_fit_is_refused():
    with pytest.raises(DoesNotFit):
        seconds_per_image(config(kernel_size=9, padding="valid"), SHAPE, 10, flops=1)


@pytest.mark.parametrize(
    "changes",
    [
        {"augmentation": Augmentation(rotation=20, mixup=0.5)},
        {"class_balanced": True, "images_per_epoch": 7},
        {"model": MLP(layers=(Dense(width=8),)), "data": Diabetes()},
        {"phases": (Phase(begins=0.5, optimizer=SGD(), schedule=OneCycle()),)},
    ],
)
def test_every_kind_of_training_can_be_measured(changes):
    shape, outputs = ((10, 1, 1), 1) if "data" in changes else (SHAPE, 10)
    measured = config(conv_layers=1, filters=1, dense_layers=0).replace(**changes)
    assert 0 < seconds_per_image(measured, shape, outputs, flops=1000, seconds=0.01) < 1


def test_augmentation_counts():
    plain = config(conv_layers=1, filters=1, dense_layers=0)
    varied = plain.replace(augmentation=Augmentation(rotation=20, brightness=0.2, saturation=0.3, erase=0.5))
    first, second = (seconds_per_image(each, (3, 32, 32), 10, flops=1000, seconds=0.05) for each in (plain, varied))
    assert second > 1.3 * first
