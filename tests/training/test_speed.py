import pytest
import torch

from nas import ConvNet, Digits, TrialConfig
from nas.cost import DoesNotFit, convnet_cost
from nas.training.speed import seconds_per_image

SHAPE = (1, 8, 8)


def config(**model):
    return TrialConfig(data=Digits(), model=ConvNet(**model), batch_size=64, precision="fp32")


def measured(**model):
    flops = convnet_cost(ConvNet(**model), SHAPE, 10).flops
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
