import pytest
import torch
from torch import nn

from nas.cost import DoesNotFit, trace_cost, trace_layers
from nas.records import Cost


def test_tracing_counts_what_is_frozen_as_not_trainable_and_a_shared_layer_once():
    shared = nn.Linear(4, 4)
    module = nn.Sequential(nn.Flatten(), shared, shared, nn.Linear(4, 3).requires_grad_(False))
    cost = trace_cost(module, (1, 2, 2))
    assert cost == Cost(params=20 + 15, trainable_params=20, flops=2 * (16 + 16 + 12), activation_bytes=4 * (4 + 4 + 3))


def test_tracing_leaves_the_module_as_it_was():
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2).eval(), nn.Dropout())
    statistics = module[1].running_mean.clone()
    trace_cost(module, (1, 5, 5))
    assert [layer.training for layer in module] == [True, False, True]
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in module)
    assert torch.equal(module[1].running_mean, statistics)


def test_tracing_names_the_layer_that_cannot_take_its_input():
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 9)).to("meta")
    with pytest.raises(DoesNotFit, match=r"\(layer 1\)$"):
        trace_cost(module, (1, 8, 8))
    assert trace_cost(module, (1, 11, 11)).params == 20 + 326


class Attends(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(6, 2, batch_first=True)

    def forward(self, maps):
        tokens = maps.flatten(2).transpose(1, 2)
        return self.attention(tokens, tokens, tokens, need_weights=False)[0]


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_attention_counts_on_every_device(device):
    # four tokens of 6: from 6 to 18, products with keys and values, from 6 to 6
    macs = 4 * 6 * 18 + 2 * 4 * 4 * 6 + 4 * 6 * 6
    assert trace_cost(Attends().to(device), (6, 2, 2)).flops == 2 * macs
    assert torch.backends.mha.get_fastpath_enabled()


def test_a_part_that_holds_only_an_empty_one_is_no_layer():
    module = nn.Sequential(nn.Sequential(nn.Sequential()), nn.Linear(2, 2))
    assert [layer.name for layer in trace_layers(module, (1, 1, 2))] == ["0.0", "1"]
