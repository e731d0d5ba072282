"""What is known of the published networks, without building them."""

from typing import NamedTuple


class NetworkFacts(NamedTuple):
    """One network. Figures are of its published input (height = width = `input`) with 3 channels and 1,000 classes.

    title: as in the literature. source: the library that it comes from. layers: leaf layers of the backbone, without
    the classifier, in forward order. params, flops: built by us (`Cost`). smallest: side of the smallest image that it
    takes. published_params: None where none is known. top1: published ImageNet accuracy of the pretrained weights, in
    [0, 1]. advice: when to use it.
    """

    title: str
    year: int
    source: str
    layers: int
    params: int
    flops: int
    input: int
    smallest: int
    published_params: int | None
    top1: float | None
    advice: str


NETWORKS: dict[str, NetworkFacts] = {
    "mobilenet_v2": NetworkFacts(
        "MobileNetV2", 2018, "torchvision", 141, 3_538_984, 601_617_664, 224, 32, None, 0.72154, "small and fast"
    ),
}
