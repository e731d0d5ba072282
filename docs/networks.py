"""Writes docs/networks.md: what is known of the published networks, and how ours compare with them in size.

`python -m docs.networks`; a test keeps the page equal to what this says.
"""

from pathlib import Path
from typing import NamedTuple

from docs.keras_slices import table as slices
from nas.config import NETWORKS, LeNet5
from nas.models.measure import measure_cost
from nas.report.words import amount

PAGE = Path(__file__).with_suffix(".md")


class Published(NamedTuple):
    """What was published: params (exact, or rounded to so many: `within`), and why ours differ.

    added: what must be added to our count for the published one.
    """

    params: int | None = None
    within: int = 0
    added: int = 0
    why: str = ""


LENET5 = measure_cost(LeNet5(variant="original"), (1, 32, 32), 10).params

PUBLISHED: dict[str, Published] = {
    "LeNet-5": Published(60_000, 5_000, why="rounded; here the second convolution sees all maps of the first"),
    "alexnet": Published(60_000_000, 5_000_000, why="rounded; torchvision's is the network of 2014, in one column"),
    "vgg16": Published(138_357_544),
    "vgg19": Published(),
    "googlenet": Published(
        5_000_000, 500_000, 6_998_552 - 6_639_464,
        "with 5 x 5 kernels where torchvision has 3 x 3 (+380,928) and biases in place of batch norm (-21,840) it is "
        "6,998,552; the paper counts none, but says 12 times fewer than AlexNet's 60 M",
    ),
    "resnet34": Published(),
    "resnet50": Published(25_636_712, added=26_560, why="Keras gives its convolutions biases, which batch norm undoes"),
    "inception_v3": Published(23_851_784, added=-17_216, why="Keras's batch norm has no scale"),
    "inception_v4": Published(43_000_000, 500_000, why="rounded"),
    "inception_resnet_v2": Published(55_873_736, added=-30_272, why="Keras's batch norm has no scale"),
    "xception": Published(22_910_480),
    "resnext50": Published(25_097_128),
    "mobilenet_v2": Published(),
    "densenet169": Published(),
    "nasnet": Published(),
    "convnext_tiny": Published(),
    "efficientnet_v2_b0": Published(),
    "resnet50_v2": Published(),
}  # fmt: skip
"""The networks of the published table; one without a figure had none there."""

_HEAD = """\
# Published networks

This page is written by `python -m docs.networks`; a test keeps it equal to that. `nas list backbones` shows the same
networks with when to use each, `nas show --layers NAME` a network's layers.

Parameters are counted as everywhere in nas: all weights, and batch norm's running statistics. FLOPs are 2 x MACs of
convolutions and dense layers for one image. Both are for 3 channels, 1,000 classes and the input given, in pixels a
side. *Least* is the smallest input that the network can be trained on, found by trying each: below it some map has no
pixel left. 1 means that there is no such limit, not that it is wise: after five strides of two, 32 pixels are one.
*Layers* are the leaf layers without the classifier, as `Slice` and `Top` count them. *Top-1* is the accuracy on
ImageNet that the library publishes for the weights of `weights="imagenet"` at that input.
"""

_BUILT = """
## Built against published

Auxiliary classifiers (Inception-v1, Inception-v3) are never built. Where no figure was published, ours stands alone.
"""

_SLICES = """
## Slices of Keras layers in our count

The published slices of MobileNetV2 and ResNet50V2 count the layers of Keras, in which inputs, paddings and sums are
layers too; here they are none. Keras's lists were written down from the block structure of `keras.applications`
without the top (154 and 190 layers), and each slice became those of our layers that lie within it. No Keras network
was run for this, and three things are assumed: that the layers of a head were not counted; that Keras was recent (the
study has ConvNeXt-Tiny, which came late; older versions pad before MobileNetV2's first convolution: 155 layers, and
0:40 is `Slice(0, 35)`, all others stay); and that Keras lists ResNet50V2's shortcut beside the last convolution of its
block, which matters for none of these slices. MobileNetV2 is the same network layer by layer. ResNet50V2 here is
timm's, where the first block of a stage has the stride and not the last, and whose shortcut comes before the block's
convolutions; top 49 is the last block of the third stage, the fourth stage and the last norm in both, for the one
layer more in Keras is a sum.
"""


def page() -> str:
    """The page as Markdown."""
    return "\n".join([_HEAD, *_facts(), _BUILT, *_built(), _SLICES, *slices(), ""])


def _facts() -> list[str]:
    lines = [
        "| name | network | year | from | params | FLOPs | input | least | layers | top-1 |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, facts in NETWORKS.items():
        sizes = f"{facts.params:,} | {amount(facts.flops)} | {facts.input} | {facts.smallest} | {facts.layers}"
        top1 = "" if facts.top1 is None else f"{facts.top1:.4f}"
        lines.append(f"| `{name}` | {facts.title} | {facts.year} | {facts.source} | {sizes} | {top1} |")
    return lines


def _built() -> list[str]:
    lines = ["| network | built | published | difference | why |", "| --- | ---: | ---: | ---: | --- |"]
    for name, published in PUBLISHED.items():
        title, built = (NETWORKS[name].title, NETWORKS[name].params) if name in NETWORKS else (name, LENET5)
        told, difference = "", ""
        if published.params is not None:
            told = amount(published.params) if published.within else f"{published.params:,}"
            off = built - published.params
            difference = f"{100 * off / published.params:+.1f} %" if published.within else f"{off:+,}" if off else "0"
        lines.append(f"| {title} | {built:,} | {told} | {difference} | {published.why} |")
    return lines


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
