import pytest
import torch
from torch import nn

from docs.keras_slices import MAPPED, keras_mobilenet_v2, keras_resnet50_v2, mapped
from docs.networks import LENET5, PAGE, PUBLISHED, page
from nas import Slice, Top
from nas.config import NETWORKS
from nas.models.backbones.layers import trace_backbone
from nas.models.backbones.published import library_network


def test_the_page_says_what_the_table_of_networks_says():
    assert PAGE.read_text(encoding="utf-8") == page(), "write it anew: python -m docs.networks"


@pytest.mark.parametrize("name", [name for name, published in PUBLISHED.items() if published.params])
def test_every_published_size_is_built_or_explained(name):
    published = PUBLISHED[name]
    built = NETWORKS[name].params if name in NETWORKS else LENET5
    off = abs(built + published.added - published.params)
    if name == "googlenet":
        assert (built + published.added, off) == (6_998_552, 1_998_552)
    else:
        assert off <= published.within
    assert bool(published.why) == (built != published.params)


@pytest.mark.parametrize("name", ["vgg16", "resnext50", "xception"])
def test_these_are_exact(name):
    assert NETWORKS[name].params == PUBLISHED[name].params == NETWORKS[name].published_params
    assert not PUBLISHED[name].added


def layers_of(name, kind):
    with torch.device("meta"):
        return [layer for layer in library_network(name, 1000).modules() if isinstance(layer, kind)]


def test_the_explanations_count_what_they_say():
    assert sum(conv.out_channels for conv in layers_of("resnet50", nn.Conv2d)) == PUBLISHED["resnet50"].added
    for name in ("inception_v3", "inception_resnet_v2"):
        assert sum(norm.num_features for norm in layers_of(name, nn.BatchNorm2d)) == -PUBLISHED[name].added
    with torch.device("meta"):
        network = library_network("googlenet", 1000)
    fives = [child.branch3[1].conv for child in network.children() if hasattr(child, "branch3")]
    assert {conv.kernel_size for conv in fives} == {(3, 3)}
    wider = sum((25 - 9) * conv.in_channels * conv.out_channels for conv in fives)
    norms = sum(norm.num_features for norm in layers_of("googlenet", nn.BatchNorm2d))
    assert (wider, norms - 4 * norms) == (380_928, -21_840)
    assert wider - 3 * norms == PUBLISHED["googlenet"].added


def test_published_params_stand_in_the_table_of_networks():
    for name, published in PUBLISHED.items():
        if name in NETWORKS:
            assert NETWORKS[name].published_params == published.params


def test_kerass_layers_are_as_many_as_it_says():
    assert [len(keras_mobilenet_v2()), len(keras_mobilenet_v2(first_padding=True))] == [154, 155]
    assert len(keras_resnet50_v2()) == 190


@pytest.mark.parametrize(
    ("network", "keras"), [("mobilenet_v2", keras_mobilenet_v2), ("resnet50_v2", keras_resnet50_v2)]
)
def test_both_lists_have_the_same_kinds_of_layers_block_by_block(network, keras):
    """Convolutions, norms and activations; the shortcut's place in a block of ResNet50V2 is the one difference."""

    def kind(name):
        name = name.lower()
        if "bn" in name or "norm" in name:
            return "norm"
        return "activation" if "relu" in name else "pool" if "pool" in name else "convolution"

    theirs = [(name.split("_")[:2], kind(name)) for name, ours in keras() if ours]
    here = [kind(layer.kind) for layer in trace_backbone(network, (3, 64, 64)).layers]
    assert len(theirs) == len(here) == NETWORKS[network].layers
    if network == "mobilenet_v2":
        assert [found for _, found in theirs] == here
    else:
        blocks = [found for name, found in theirs if name[0] in ("conv2", "conv3", "conv4", "conv5")]
        for kinds in ("norm", "activation", "convolution"):
            assert blocks.count(kinds) == here[2:-2].count(kinds)


def test_the_published_slices_in_our_count():
    assert [(row.network, row.published, row.ours) for row in MAPPED] == [
        ("mobilenet_v2", "top 20", Top(19)),
        ("mobilenet_v2", "top 40", Top(36)),
        ("mobilenet_v2", "-80:-40", Slice(-73, -36)),
        ("mobilenet_v2", "-120:-80", Slice(-109, -73)),
        ("mobilenet_v2", "0:40", Slice(0, 36)),
        ("resnet50_v2", "top 49", Top(39)),
    ]
    assert mapped("mobilenet_v2", "0:40", keras_mobilenet_v2(first_padding=True)).ours == Slice(0, 35)


def test_top_49_of_resnet50v2_is_whole_blocks():
    layers = trace_backbone("resnet50_v2", (3, 64, 64)).layers
    first, *_ = Top(39).chosen(len(layers))
    assert layers[first].name == "stages.2.blocks.5.norm1"
    assert layers[first - 1].name == "stages.2.blocks.4.conv3"
