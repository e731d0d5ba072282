"""From a `Backbone` config to a network."""

from nas.config import NETWORKS, Backbone
from nas.cost import DoesNotFit
from nas.models.backbones.layers import trace_backbone
from nas.models.backbones.net import BackboneNet
from nas.models.backbones.published import cut_classifier, library_network, take_channels
from nas.models.head import build_head
from nas.models.layers import Resize
from nas.records import Shape


def build_backbone(model: Backbone, shape: Shape, classes: int) -> BackboneNet:
    """The network of `model` with its library's random weights, for images of `shape` (channels, height, width).

    Its layers are frozen as `model.unfreeze` says; `nas.models.pretrained.load_pretrained` brings the weights.

    Raises:
        DoesNotFit: the images, resized or not, are too small for the network.
    """
    channels, *own = shape
    height, width = (model.resize_to, model.resize_to) if model.resize_to else own
    smallest = NETWORKS[model.name].smallest
    if min(height, width) < smallest:
        needed = f"{model.name} needs {smallest}x{smallest} pixels"
        raise DoesNotFit(f"{needed}, got {height}x{width}; set resize_to={smallest}")
    resize = Resize((height, width)) if [height, width] != own else None
    network = library_network(model.name, classes, model.dropout)
    take_channels(network, channels)
    head = None
    if model.head is not None:
        cut_classifier(network, model.name)
        head = build_head(model.head, trace_backbone(model.name, (channels, height, width)).maps, classes)
    net = BackboneNet(model.name, network, resize, head)
    net.set_trained(model.unfreeze)
    return net
