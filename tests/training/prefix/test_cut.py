from math import prod

import pytest
import torch
from torch import nn

from nas import All, Backbone, Frozen, Head, Slice, Top
from nas.config import NETWORKS, Dense
from nas.models.backbones import build_backbone
from nas.models.backbones.net import BackboneNet
from nas.models.backbones.recipes import RECIPES
from nas.training.prefix.cut import cuts_of, find_cuts, prefix_modules, run_prefix
from nas.training.prefix.rest import Rest

CLASSES = 5
LARGE = 60_000_000
"""Parameters from which on a network is only built on the meta device."""


def side_of(name: str) -> int:
    return max(64 if RECIPES[name].pools else 40, NETWORKS[name].smallest)


def net_of(name: str, **values) -> BackboneNet:
    torch.manual_seed(0)
    model = Backbone(name, **values)
    return build_backbone(model, (3, side_of(name), side_of(name)), CLASSES)


def warm(net: nn.Module, images: torch.Tensor) -> None:
    """Give batch norm the statistics of these images, so that nothing vanishes on the way."""
    norms = [layer for layer in net.modules() if isinstance(layer, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.training, norm.momentum = True, 1.0
    with torch.no_grad():
        net(images)
    for norm in norms:
        norm.training, norm.momentum = False, 0.1


HEADED = ("densenet169", "mobilenet_v2", "resnet18", "efficientnet_v2_b0", "squeezenet1_1")
CASES = [(name, None) for name in NETWORKS] + [(name, Head(dense=(Dense(width=8),))) for name in HEADED]
SMALL = [case for case in CASES if NETWORKS[case[0]].params < LARGE]


@pytest.mark.parametrize(("name", "head"), SMALL, ids=[f"{name}-{'head' if head else 'own'}" for name, head in SMALL])
def test_prefix_and_rest_are_the_whole(name, head):
    """Any prefix: frozen layers, and no others."""
    side = side_of(name)
    net = net_of(name, head=head).eval()
    images = torch.randn(4, 3, side, side)
    warm(net, images)
    with torch.inference_mode():
        whole = net(images)
        for unfreeze in (Frozen(), Top(NETWORKS[name].layers // 4)):
            net.set_trained(unfreeze)
            for cut in find_cuts(net, (3, side, side))[:2]:
                features = run_prefix(net, cut, images)
                assert features.shape[1:] == cut.shape
                torch.testing.assert_close(Rest(net, cut)(features.clone()), whole, rtol=1e-4, atol=1e-5)
                assert not torch.allclose(Rest(net, cut)(features.flip(0)), whole, rtol=1e-2, atol=1e-4)
                for module in prefix_modules(net.train(), cut).values():
                    assert not any(weights.requires_grad for weights in module.parameters())
                    norms = [inner for inner in module.modules() if isinstance(inner, nn.modules.batchnorm._BatchNorm)]
                    assert not any(norm.training for norm in norms)
                net.eval()


@pytest.mark.parametrize("head", [None, Head()], ids=["own", "head"])
@pytest.mark.parametrize("name", [name for name, facts in NETWORKS.items() if facts.params >= LARGE])
def test_large_networks_are_cut_behind_their_pooling(name, head):
    side = side_of(name)
    with torch.device("meta"):
        net = net_of(name, head=head, unfreeze=Frozen()).eval()
        images = torch.randn(2, 3, side, side)
        cut = find_cuts(net, (3, side, side))[0]
        features = run_prefix(net, cut, images)
    assert features.shape[1:] == cut.shape
    assert Rest(net, cut)(features).shape == (2, CLASSES)


@pytest.mark.parametrize("name", ["mobilenet_v2", "densenet169", "resnet18", "efficientnet_v2_b0", "alexnet"])
def test_a_frozen_backbone_is_cut_where_least_is_to_be_kept(name):
    headed = cuts_of(Backbone(name, head=Head(dropout=0.5)), Frozen(), (3, 96, 96))[0]
    assert headed.units[-1] == "head.pool"
    assert len(headed.shape) == 1
    own = cuts_of(Backbone(name), Frozen(), (3, 96, 96))[0]
    assert prod(own.shape[1:]) == (4 if name == "alexnet" else 1)  # it has dense layers on its map
    flat = cuts_of(Backbone(name, head=Head(pool="flatten")), Frozen(), (3, 96, 96))[0]
    assert flat.units[-1] == "head.flatten"


def test_a_prefix_reaches_to_the_first_trained_layer():
    found = [cuts_of(Backbone("mobilenet_v2"), Top(count), (3, 96, 96))[0] for count in (8, 20, 60, 100)]
    sides = [cut.shape[1] for cut in found]
    assert sides == [3, 3, 6, 12]
    between = cuts_of(Backbone("mobilenet_v2"), Slice(-60, -20), (3, 96, 96))[0]
    assert between == found[2]


@pytest.mark.parametrize("unfreeze", [All(), Slice(0, 3)])
def test_without_frozen_first_layers_there_is_no_cut(unfreeze):
    assert cuts_of(Backbone("mobilenet_v2"), unfreeze, (3, 32, 32)) == ()


def test_known_cuts():
    assert cuts_of(Backbone("resnet18"), Top(20), (3, 64, 64))[0].units[-1] == "network.layer2.1"
    assert cuts_of(Backbone("mobilenet_v2"), Frozen(), (3, 64, 64))[0].shape == (1280, 1, 1)
    assert cuts_of(Backbone("mobilenet_v2"), Frozen(), (3, 64, 64))[0].pooled
    assert cuts_of(Backbone("nasnet"), Top(20), (3, 64, 64)) == ()  # each cell takes what two before it gave
    resized = cuts_of(Backbone("resnet18", resize_to=64), Frozen(), (3, 8, 8))[0]
    assert resized.units[0] == "resize"


def test_blocks_are_not_cut_inside():
    found = cuts_of(Backbone("resnet18"), Frozen(), (3, 64, 64))
    assert not any("conv2" in cut.units[-1] or "layer1.0." in cut.units[-1] for cut in found)


def test_the_rest_trains_what_the_whole_would():
    net = net_of("mobilenet_v3_small", unfreeze=Top(20), dropout=0.0)
    images = torch.randn(4, 3, 40, 40)
    cut = find_cuts(net, (3, 40, 40))[0]
    rest = Rest(net, cut)
    trained = [weights for weights in net.parameters() if weights.requires_grad]
    state = {name: tensor.clone() for name, tensor in net.state_dict().items()}

    def gradients(run):
        net.load_state_dict(state)
        net.train()
        torch.manual_seed(3)
        return torch.autograd.grad(run().square().sum(), trained)

    with torch.no_grad():
        features = run_prefix(net, cut, images)
    for own, others in zip(gradients(lambda: rest(features.clone())), gradients(lambda: net(images)), strict=True):
        torch.testing.assert_close(own, others, rtol=1e-4, atol=1e-5)


def test_the_rest_shares_the_mode_of_the_whole():
    net = net_of("xception", unfreeze=Frozen(), dropout=0.9)  # drops in its forward pass, not in a layer
    rest = Rest(net, find_cuts(net, (3, 40, 40))[0])
    features = torch.randn(8, 2048)
    for module in (net, rest):
        module.train()
        assert not torch.equal(rest(features), rest(features))
        assert net.training
        module.eval()
        assert torch.equal(rest(features), rest(features))
        assert not net.training
    assert not any(layer.training for layer in net.train().layers)
