"""How each published network is built by its library, and where its backbone ends. Loads without torch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

Moments = tuple[tuple[float, float, float], tuple[float, float, float]]
"""Mean and deviation of red, green and blue, for pixels in [0, 1]."""

IMAGENET: Moments = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
HALVES: Moments = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
"""Pixels from -1 to 1, as the networks that were first trained in TensorFlow want them."""


@dataclass(frozen=True)
class Recipe:
    """builder: the function of torchvision.models, or with `timm` the name in timm. classifier: the children of the
    network that turn its last map into logits; all others are its backbone. options: for the builder. final_relu: the
    last map passes a ReLU that is no layer. dropout: of the published classifier, where the library leaves it out.
    moments: what the published weights expect. pools: it averages the last map to one pixel itself, not in a layer.
    """

    builder: str
    classifier: tuple[str, ...]
    timm: bool = False
    options: Mapping[str, object] = field(default_factory=dict)
    final_relu: bool = False
    dropout: float | None = None
    moments: Moments = IMAGENET
    pools: bool = False


_POOL_FC = ("avgpool", "fc")
_POOL_DROP_FC = ("avgpool", "dropout", "fc")
_POOL_CLASSIFIER = ("avgpool", "classifier")
_PLAIN = {"aux_logits": False, "init_weights": True}

RECIPES: dict[str, Recipe] = {
    "alexnet": Recipe("alexnet", _POOL_CLASSIFIER),
    "vgg16": Recipe("vgg16", _POOL_CLASSIFIER),
    "vgg19": Recipe("vgg19", _POOL_CLASSIFIER),
    "googlenet": Recipe("googlenet", _POOL_DROP_FC, options=_PLAIN, moments=HALVES),
    "resnet18": Recipe("resnet18", _POOL_FC),
    "resnet34": Recipe("resnet34", _POOL_FC),
    "resnet50": Recipe("resnet50", _POOL_FC),
    "resnet50_v2": Recipe("resnetv2_50", ("head",), timm=True, moments=HALVES),
    "inception_v3": Recipe("inception_v3", _POOL_DROP_FC, options=_PLAIN, moments=HALVES),
    "inception_v4": Recipe(
        "inception_v4", ("global_pool", "head_drop", "last_linear"), timm=True, dropout=0.2, moments=HALVES
    ),
    "inception_resnet_v2": Recipe(
        "inception_resnet_v2", ("global_pool", "head_drop", "classif"), timm=True, dropout=0.2, moments=HALVES
    ),
    "xception": Recipe("legacy_xception", ("global_pool", "fc"), timm=True, dropout=0.5, moments=HALVES),
    "resnext50": Recipe("resnext50_32x4d", _POOL_FC),
    "squeezenet1_1": Recipe("squeezenet1_1", ("classifier",)),
    "densenet169": Recipe("densenet169", ("classifier",), final_relu=True, pools=True),
    "mobilenet_v2": Recipe("mobilenet_v2", ("classifier",), pools=True),
    "mobilenet_v3_small": Recipe("mobilenet_v3_small", _POOL_CLASSIFIER),
    "nasnet": Recipe(
        "nasnetalarge", ("global_pool", "head_drop", "last_linear"), timm=True, dropout=0.5, moments=HALVES
    ),
    "efficientnet_b0": Recipe("efficientnet_b0", _POOL_CLASSIFIER),
    "efficientnet_v2_b0": Recipe("tf_efficientnetv2_b0", ("global_pool", "classifier"), timm=True, dropout=0.2),
    "convnext_tiny": Recipe("convnext_tiny", _POOL_CLASSIFIER),
}
"""By the names of `nas.config.NETWORKS`."""
