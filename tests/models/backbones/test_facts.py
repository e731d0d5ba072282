"""The table of networks against the networks themselves, built on the meta device."""

import pytest
import torch
from torchvision.models import get_model_weights

from nas.config import NETWORKS, Backbone
from nas.cost import count_params, trace_cost
from nas.models.backbones.layers import leaf_layers, own_params, trace_backbone
from nas.models.backbones.published import cut_classifier, library_network, stem
from nas.models.backbones.recipes import RECIPES

LARGE = ("nasnet", "inception_resnet_v2", "densenet169", "inception_v4")
EACH = [pytest.param(name, marks=pytest.mark.slow) if name in LARGE else name for name in NETWORKS]


def on_meta(name, classes=1000):
    with torch.device("meta"):
        return library_network(name, classes)


def test_every_network_has_a_recipe():
    assert set(NETWORKS) == set(RECIPES)


@pytest.mark.parametrize("name", EACH)
def test_the_facts_are_those_of_the_network(name):
    facts, network = NETWORKS[name], on_meta(name)
    cost = trace_cost(network, (3, facts.input, facts.input))
    assert (cost.params, cost.flops) == (facts.params, facts.flops)
    layers = trace_backbone(name, (3, facts.input, facts.input)).layers
    assert len(layers) == facts.layers
    cut_classifier(network, name)
    assert sum(layer.params for layer in layers) == count_params(network)
    assert {path for path, layer in leaf_layers(network) if own_params(layer)} <= {layer.name for layer in layers}


@pytest.mark.parametrize("name", EACH)
def test_the_smallest_input_is_the_smallest_that_it_can_be_trained_on(name):
    def trains(side):
        network = on_meta(name, 5).train()
        network(torch.zeros(2, 3, side, side, device="meta")).sum().backward()
        return all(weights.grad is not None for weights in network.parameters())

    smallest = NETWORKS[name].smallest
    assert trains(smallest)
    if smallest > 1:
        with pytest.raises((RuntimeError, ValueError)):
            trains(smallest - 1)


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if not recipe.timm])
def test_top1_and_weights_are_torchvisions(name):
    weights = get_model_weights(RECIPES[name].builder).DEFAULT
    assert NETWORKS[name].top1 == round(weights.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100, 5)
    assert NETWORKS[name].weights == weights.url.rsplit("/", 1)[-1]
    if "transform_input" not in on_meta(name).__dict__:  # the two that were first trained in TensorFlow
        transforms = weights.transforms()
        assert RECIPES[name].moments == (tuple(transforms.mean), tuple(transforms.std))


@pytest.mark.parametrize("name", [name for name, recipe in RECIPES.items() if recipe.timm])
def test_weights_and_moments_are_timms(name):
    import timm

    builder, moments = RECIPES[name].builder, RECIPES[name].moments
    published = timm.get_pretrained_cfg(builder)
    assert moments == (published.mean, published.std)
    by_url = (published.url or "").rsplit("/", 1)[-1]
    assert NETWORKS[name].weights in (by_url, f"{builder}.{published.tag}.safetensors")
    network = on_meta(name)
    assert stem(network)[0] == published.first_conv
    assert published.classifier.split(".")[0] in RECIPES[name].classifier


@pytest.mark.parametrize("name", ["googlenet", "inception_v3"])
def test_torchvision_turns_imagenets_moments_into_ours_for_weights_from_tensorflow(name):
    mean, std = (torch.tensor(moments).view(1, 3, 1, 1) for moments in get_moments("resnet50"))
    pixels = torch.rand(1, 3, 4, 4)
    network = on_meta(name)
    network.transform_input = True
    ours, width = (torch.tensor(moments).view(1, 3, 1, 1) for moments in get_moments(name))
    torch.testing.assert_close(network._transform_input((pixels - mean) / std), (pixels - ours) / width)


def get_moments(name):
    return RECIPES[name].moments


def test_backbones_are_named_by_the_table():
    for name in NETWORKS:
        assert Backbone(name).label == name
