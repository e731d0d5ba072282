"""Slices of layers that were published for Keras networks, in our count of layers.

Keras counts inputs, paddings and sums as layers, which here are none. So its list is written down, from the block
structure of keras.applications, with a note for each of its layers whether it is one here too.
"""

from dataclasses import dataclass

from nas.config import Slice, Top, Unfreeze
from nas.models.backbones.layers import trace_backbone

KerasLayer = tuple[str, bool]
"""Its name, and whether it is a layer here."""

STRIDED, SUMMED = {1, 3, 6, 13}, {2, 4, 5, 7, 8, 9, 11, 12, 14, 15}
"""Blocks of MobileNetV2 with stride 2, and with a sum at their end."""


def keras_mobilenet_v2(first_padding: bool = False) -> list[KerasLayer]:
    """154 layers without the top; older versions pad before the first convolution too: 155."""
    layers = [("input", False), *([("Conv1_pad", False)] if first_padding else [])]
    layers += [(name, True) for name in ("Conv1", "bn_Conv1", "Conv1_relu")]
    for block in range(17):
        name = f"block_{block}" if block else "expanded_conv"
        expansion = ("expand", "expand_BN", "expand_relu") if block else ()
        layers += [(f"{name}_{part}", True) for part in expansion]
        layers += [(f"{name}_pad", False)] if block in STRIDED else []
        parts = ("depthwise", "depthwise_BN", "depthwise_relu", "project", "project_BN")
        layers += [(f"{name}_{part}", True) for part in parts]
        layers += [(f"{name}_add", False)] if block in SUMMED else []
    return layers + [(name, True) for name in ("Conv_1", "Conv_1_bn", "out_relu")]


def keras_resnet50_v2() -> list[KerasLayer]:
    """190 layers without the top. The last block of each stage but the last has the stride."""
    layers = [("input", False), ("conv1_pad", False), ("conv1_conv", True), ("pool1_pad", False), ("pool1_pool", True)]
    for stage, blocks in ((2, 3), (3, 4), (4, 6), (5, 3)):
        for block in range(1, blocks + 1):
            name = f"conv{stage}_block{block}"
            layers += [(f"{name}_{part}", True) for part in ("preact_bn", "preact_relu", "1_conv", "1_bn", "1_relu")]
            layers += [(f"{name}_2_pad", False)]
            layers += [(f"{name}_{part}", True) for part in ("2_conv", "2_bn", "2_relu")]
            layers += [(f"{name}_0_conv", True)] if block == 1 else []
            layers += [(f"{name}_max_pooling2d", False)] if block == blocks and stage < 5 else []
            layers += [(f"{name}_3_conv", True), (f"{name}_out", False)]
    return [*layers, ("post_bn", True), ("post_relu", True)]


@dataclass(frozen=True)
class Mapped:
    """A published slice of `network`. keras: its first and last layer there. ours: what it is here."""

    network: str
    published: str
    keras: tuple[str, str]
    ours: Unfreeze


def mapped(network: str, published: str, keras: list[KerasLayer]) -> Mapped:
    """What a slice (`top 40`, `-80:-40`) of Keras's layers means here: all layers that lie within it."""
    start, stop = _ends(published, len(keras))
    before, until = (sum(ours for _, ours in keras[:end]) for end in (start, stop))
    layers = sum(ours for _, ours in keras)
    ours: Unfreeze
    if stop == len(keras):
        ours = Top(until - before)
    else:
        ours = Slice(before, until) if start == 0 else Slice(before - layers, until - layers)
    return Mapped(network, published, (keras[start][0], keras[stop - 1][0]), ours)


def _ends(published: str, layers: int) -> tuple[int, int]:
    if published.startswith("top "):
        return layers - int(published.removeprefix("top ")), layers
    start, stop = (int(end) for end in published.split(":"))
    return start % layers, stop % layers


MAPPED = [
    *(mapped("mobilenet_v2", of, keras_mobilenet_v2()) for of in ("top 20", "top 40", "-80:-40", "-120:-80", "0:40")),
    mapped("resnet50_v2", "top 49", keras_resnet50_v2()),
]


def table() -> list[str]:
    """The mapping as lines of Markdown."""
    lines = ["| network | published | Keras layers | here | our layers |", "| --- | --- | --- | --- | --- |"]
    for row in MAPPED:
        layers = trace_backbone(row.network, (3, 224, 224)).layers
        chosen = row.ours.chosen(len(layers))
        first, last = layers[chosen[0]].name, layers[chosen[-1]].name
        there = f"`{row.keras[0]}` to `{row.keras[1]}`"
        here = f"{chosen.start} to {chosen.stop - 1}: `{first}` to `{last}`"
        said = f"Top({len(chosen)})" if isinstance(row.ours, Top) else row.ours.label
        if isinstance(row.ours, Slice):
            said = f"Slice({row.ours.start}, {row.ours.stop})"
        lines.append(f"| {row.network} | {row.published} | {there} | `{said}` | {here} |")
    return lines
