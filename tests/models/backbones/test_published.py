import pytest
import torch
from torch import nn
from torch.nn.functional import relu

from nas.models.backbones.published import adapt_channels, last_map, library_network, stem, take_channels


def test_grey_images_get_the_answer_that_they_got_repeated():
    torch.manual_seed(0)
    network = library_network("squeezenet1_1", 3).eval()
    grey = torch.randn(2, 1, 32, 32)
    before = network(grey.expand(2, 3, 32, 32))
    take_channels(network, 1)
    torch.testing.assert_close(network(grey), before, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("channels", [1, 2, 3, 4, 6])
def test_any_number_of_channels_gives_the_answer_to_grey(channels):
    weight = torch.randn(5, 3, 3, 3, dtype=torch.float64)
    adapted = adapt_channels(weight, channels)
    assert adapted.shape == (5, channels, 3, 3)
    if channels % 3 == 0 or channels == 1:
        torch.testing.assert_close(adapted.sum(1), weight.sum(1))
    colours = torch.stack([weight[:, channel % 3] for channel in range(channels)], 1)
    if channels > 1:
        torch.testing.assert_close(adapted, colours * 3 / channels)


@pytest.mark.parametrize("name", ["resnet18", "efficientnet_v2_b0", "resnet50_v2", "inception_v3"])
def test_the_first_convolution_takes_the_channels(name):
    with torch.device("meta"):
        network = library_network(name, 4)
        take_channels(network, 2)
    _, conv = stem(network)
    assert (conv.in_channels, conv.weight.shape[1]) == (2, 2)
    assert network.eval()(torch.zeros(2, 2, 80, 80, device="meta")).shape == (2, 4)


def rates(network):
    return [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)]


def test_all_dropout_of_the_classifier_takes_the_rate():
    with torch.device("meta"):
        assert rates(library_network("alexnet", 4)) == [0.5, 0.5]
        assert rates(library_network("alexnet", 4, 0.1)) == [0.1, 0.1]
        assert rates(library_network("mobilenet_v2", 4, 0.0)) == [0.0]


@pytest.mark.parametrize("name", ["resnet18", "squeezenet1_1", "efficientnet_v2_b0"])
def test_a_rate_holds_in_training_alone_also_where_the_library_has_no_dropout_layer(name):
    torch.manual_seed(0)
    network = library_network(name, 50, 0.9).eval()
    keys = list(network.state_dict())
    images = torch.randn(1, 3, 64, 64)
    torch.testing.assert_close(network(images), network(images))
    for layer in network.modules():
        layer.training = not isinstance(layer, nn.BatchNorm2d)
    assert not torch.allclose(network(images), network(images))
    assert keys == list(library_network(name, 50).state_dict())


@pytest.mark.parametrize(("name", "rate"), [("xception", 0.5), ("inception_v4", 0.2), ("efficientnet_v2_b0", 0.2)])
def test_published_dropout_that_the_library_leaves_out(name, rate):
    with torch.device("meta"):
        network = library_network(name, 4)
    assert rate in (getattr(network, "drop_rate", None), *rates(network))


def test_the_last_map_of_densenet_is_rectified():
    torch.manual_seed(0)
    network = library_network("densenet169", 4).eval()
    images = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        maps = last_map(network, "densenet169", images)
        torch.testing.assert_close(maps, relu(network.features(images)))
        torch.testing.assert_close(network.classifier(maps.mean((2, 3))), network(images))


@pytest.mark.parametrize("name", ["resnet18", "googlenet", "mobilenet_v3_small"])
def test_the_last_map_is_what_the_classifier_gets(name):
    torch.manual_seed(0)
    network = library_network(name, 4).eval()
    seen = []
    network.avgpool.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    with torch.no_grad():
        images = torch.randn(1, 3, 32, 32)
        network(images)
        torch.testing.assert_close(last_map(network, name, images), seen[0])
