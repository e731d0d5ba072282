import copy

import pytest
import torch
from torch import nn

from nas import All, Backbone, Frozen, Head, Slice, Top
from nas.cost import DoesNotFit, count_params, trace_cost
from nas.models.backbones import build_backbone
from nas.models.backbones.layers import own_params
from nas.models.build import build_model
from nas.models.measure import measure_cost

SIDE = 32


def net_of(name="mobilenet_v3_small", classes=5, shape=(3, SIDE, SIDE), **values):
    torch.manual_seed(0)
    return build_backbone(Backbone(name, **values), shape, classes)


def step(net):
    """One training step, in which weight decay may move all weights."""
    net.train()
    net(torch.randn(4, 3, SIDE, SIDE)).square().sum().backward()
    torch.optim.SGD(net.parameters(), lr=0.1, weight_decay=0.1).step()


def changed(net, before):
    """Own weights and running statistics of which layers of the backbone differ."""
    after = net.state_dict()
    names = {id(layer): path for path, layer in net.named_modules()}
    found = set()
    for index, layer in enumerate(net.layers):
        own = [*layer.named_parameters(recurse=False), *layer.named_buffers(recurse=False)]
        keys = [f"{names[id(layer)]}.{key}" for key, _ in own]
        if any(not torch.equal(before[key], after[key]) for key in keys):
            found.add(index)
    return found


@pytest.mark.parametrize("name", ["mobilenet_v3_small", "efficientnet_v2_b0", "convnext_tiny"])
@pytest.mark.parametrize("unfreeze", [Frozen(), Top(20), Slice(-100, -60), Slice(0, 9)], ids=lambda u: u.label)
def test_one_step_changes_exactly_the_chosen_layers(name, unfreeze):
    net = net_of(name, unfreeze=unfreeze, head=Head())
    before = copy.deepcopy(net.state_dict())
    step(net)
    with_numbers = {index for index, layer in enumerate(net.layers) if own_params(layer)}
    assert changed(net, before) == with_numbers & set(unfreeze.chosen(len(net.layers)))
    assert not torch.equal(before["head.output.weight"], net.head.output.weight)


def test_frozen_layers_stay_in_inference_mode_whatever_is_asked_for():
    net = net_of("efficientnet_b0", unfreeze=Top(30))
    for mode in (True, False, True):
        net.train(mode)
        assert [layer.training for layer in net.layers] == [False] * 190 + [mode] * 30
    assert net.network.classifier.training


def test_frozen_backbones_answer_the_same_in_training():
    net = net_of("efficientnet_b0", unfreeze=Frozen(), head=Head())  # has batch norm and drops blocks at random
    images = torch.randn(4, 3, SIDE, SIDE)
    with torch.no_grad():
        torch.testing.assert_close(net.train()(images), net.eval()(images))
        net.set_trained(All())
        assert not torch.allclose(net.train()(images), net.eval()(images))


def test_layers_can_be_chosen_anew():
    net = net_of(unfreeze=Frozen())
    own = set(net.network.classifier.parameters())
    assert {weights for weights in net.parameters() if weights.requires_grad} == own
    net.set_trained(All())
    assert all(weights.requires_grad for weights in net.parameters())
    assert all(layer.training for layer in net.train().modules())


def test_a_wrong_choice_says_how_many_layers_there_are():
    with pytest.raises(ValueError, match=r"^Top\(137\) is out of range: there are 136 layers$"):
        net_of().set_trained(Top(137))


@pytest.mark.parametrize("unfreeze", [Frozen(), Top(36), Slice(-73, -36), All()], ids=lambda u: u.label)
def test_trainable_params_are_the_exact_sum(unfreeze):
    model = Backbone("mobilenet_v2", unfreeze=unfreeze, head=Head())
    with torch.device("meta"):
        net = build_backbone(model, (3, SIDE, SIDE), 5)
    layers = [net.layers[index] for index in unfreeze.chosen(139)]
    chosen = sum(weights.numel() for layer in layers for weights in layer.parameters(recurse=False))
    cost = measure_cost(model, (3, SIDE, SIDE), 5)
    assert cost.trainable_params == chosen + 1280 * 5 + 5
    assert cost == trace_cost(net, (3, SIDE, SIDE))
    assert cost.params == 3_538_984 - 1000 * 1281 + 5 * 1281


def test_own_classifier_or_a_head():
    own = net_of("alexnet", shape=(3, 64, 64), dropout=0.3)
    assert own.network.classifier[-1].out_features == 5
    headed = net_of("alexnet", shape=(3, 64, 64), head=Head(pool="flatten"))
    assert not hasattr(headed.network, "classifier")
    assert count_params(headed) == count_params(own.network.features) + 256 * 5 + 5
    for net in (own, headed):
        assert net(torch.randn(2, 3, 64, 64)).shape == (2, 5)


def test_images_are_resized_on_the_way():
    torch.manual_seed(0)
    images = torch.randn(2, 1, 8, 12)
    resized = net_of("squeezenet1_1", shape=(1, 8, 12), resize_to=20).eval()
    plain = net_of("squeezenet1_1", shape=(1, 20, 20)).eval()
    enlarged = nn.functional.interpolate(images, (20, 20), mode="bilinear")
    torch.testing.assert_close(resized(images), plain(enlarged))
    assert net_of("squeezenet1_1", resize_to=SIDE).resize is None


def test_images_that_shrink_are_averaged_over_all_their_pixels():
    stripes = torch.tensor([0.0, 0.0, 0.0, 1.0]).repeat(16).expand(1, 3, 64, 64)
    shrunk = net_of("squeezenet1_1", shape=(3, 64, 64), resize_to=20).resize(stripes)
    assert float(shrunk.std()) < 0.1


@pytest.mark.parametrize(
    ("values", "got"), [({}, "8x8"), ({"resize_to": 74}, "74x74"), ({"head": Head(), "resize_to": 20}, "20x20")]
)
def test_too_small_images_are_refused_with_the_smallest_that_works(values, got):
    with pytest.raises(DoesNotFit, match=rf"^inception_v3 needs 75x75 pixels, got {got}; set resize_to=75$"):
        measure_cost(Backbone("inception_v3", **values), (3, 8, 8), 10)


@pytest.mark.parametrize("name", ["googlenet", "xception", "vgg16"])
@pytest.mark.parametrize("head", [None, Head()])
def test_networks_of_every_kind_build_and_run_on_the_meta_device(name, head):
    with torch.device("meta"):
        net = build_model(Backbone(name, head=head), (1, SIDE, SIDE + 3), 7)
    assert net.train()(torch.zeros(2, 1, SIDE, SIDE + 3, device="meta")).shape == (2, 7)


def test_the_global_seed_fixes_the_weights():
    first, second = net_of().state_dict(), net_of().state_dict()
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_a_copy_keeps_its_own_frozen_layers():
    net = net_of(unfreeze=Frozen())
    twin = copy.deepcopy(net).train()
    assert not any(layer.training for layer in twin.layers)
    assert twin.layers[0] is not net.layers[0]
    assert twin.layers[0] is twin.network.features[0][0]
