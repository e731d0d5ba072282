"""What is known of the published networks, without building them."""

from typing import NamedTuple


class NetworkFacts(NamedTuple):
    """One network. Figures are of its published input (height = width = `input`) with 3 channels and 1,000 classes.

    title: as in the literature. source: the library that it comes from. layers: leaf layers of the backbone, without
    the classifier, in forward order. params, flops: built by us (`Cost`). smallest: side of the smallest image that it
    can be trained on: below, some map has no pixel left. published_params: None where none is known. top1: ImageNet
    accuracy of the pretrained weights at `input`, as their library publishes it, in [0, 1]. advice: when to use it.
    weights: the file of these weights, as their library calls it.
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
    weights: str


_TV = "torchvision"
_TIMM = "timm"

NETWORKS: dict[str, NetworkFacts] = {
    "alexnet": NetworkFacts(
        "AlexNet", 2012, _TV, 13, 61_100_840, 1_428_376_960, 224, 63, 60_000_000, 0.56522,
        "for comparison with history", "alexnet-owt-7be5be79.pth",
    ),
    "vgg16": NetworkFacts(
        "VGG-16", 2014, _TV, 31, 138_357_544, 30_940_528_640, 224, 32, 138_357_544, 0.71592,
        "plain features; large and slow", "vgg16-397923af.pth",
    ),
    "vgg19": NetworkFacts(
        "VGG-19", 2014, _TV, 37, 143_667_240, 39_264_124_928, 224, 32, None, 0.72376,
        "as VGG-16, hardly better", "vgg19-dcbb9e9d.pth",
    ),
    "googlenet": NetworkFacts(
        "Inception-v1", 2014, _TV, 127, 6_639_464, 2_996_752_384, 224, 15, 5_000_000, 0.69778,
        "small; as accurate as ResNet-18", "googlenet-1378be20.pth",
    ),
    "resnet18": NetworkFacts(
        "ResNet-18", 2015, _TV, 50, 11_699_112, 3_628_146_688, 224, 1, None, 0.69758,
        "a quick first try", "resnet18-f37072fd.pth",
    ),
    "resnet34": NetworkFacts(
        "ResNet-34", 2015, _TV, 90, 21_814_696, 7_327_522_816, 224, 1, None, 0.73314,
        "between ResNet-18 and ResNet-50", "resnet34-b627a593.pth",
    ),
    "resnet50": NetworkFacts(
        "ResNet-50", 2015, _TV, 124, 25_610_152, 8_178_368_512, 224, 1, 25_636_712, 0.80858,
        "the usual yardstick", "resnet50-11ad3fa6.pth",
    ),
    "resnet50_v2": NetworkFacts(
        "ResNet50V2", 2016, _TIMM, 152, 25_594_792, 8_178_368_512, 224, 1, None, 0.80410,
        "ResNet-50 with norms before convolutions", "resnetv2_50.a1h_in1k.safetensors",
    ),
    "inception_v3": NetworkFacts(
        "Inception-v3", 2015, _TV, 190, 23_869_000, 11_426_432_192, 299, 75, 23_851_784, 0.77294,
        "large images, at half of v4's FLOPs", "inception_v3_google-0cc3c7bd.pth",
    ),
    "inception_v4": NetworkFacts(
        "Inception-v4", 2016, _TIMM, 465, 42_742_984, 24_507_949_248, 299, 75, 43_000_000, 0.80144,
        "large images, accuracy before time", "inception_v4.tf_in1k.safetensors",
    ),
    "inception_resnet_v2": NetworkFacts(
        "Inception-ResNet-v2", 2016, _TIMM, 696, 55_904_008, 26_311_588_032, 299, 75, 55_873_736, 0.80434,
        "as Inception-v4, deeper", "inception_resnet_v2.tf_in1k.safetensors",
    ),
    "xception": NetworkFacts(
        "Xception", 2016, _TIMM, 153, 22_910_480, 16_714_806_992, 299, 7, 22_910_480, 0.79058,
        "large images, at the size of ResNet-50", "xception-43020ad28.pth",
    ),
    "resnext50": NetworkFacts(
        "ResNeXt-50", 2017, _TV, 124, 25_097_128, 8_460_959_744, 224, 1, 25_097_128, 0.81198,
        "ResNet-50 with grouped convolutions", "resnext50_32x4d-1a0047aa.pth",
    ),
    "squeezenet1_1": NetworkFacts(
        "SqueezeNet 1.1", 2016, _TV, 53, 1_235_496, 698_303_872, 224, 17, None, 0.58178,
        "the fewest parameters; no batch norm", "squeezenet1_1-b8a52dc0.pth",
    ),
    "densenet169": NetworkFacts(
        "DenseNet-169", 2017, _TV, 509, 14_307_880, 6_719_686_656, 224, 29, None, 0.75600,
        "features of all depths, few parameters", "densenet169-b2777c0a.pth",
    ),
    "mobilenet_v2": NetworkFacts(
        "MobileNetV2", 2018, _TV, 139, 3_538_984, 601_548_544, 224, 1, None, 0.72154,
        "transfer on a laptop", "mobilenet_v2-7ebf99e0.pth",
    ),
    "mobilenet_v3_small": NetworkFacts(
        "MobileNetV3-Small", 2019, _TV, 136, 2_554_968, 113_020_800, 224, 1, None, 0.67668,
        "the fewest FLOPs", "mobilenet_v3_small-047dcff4.pth",
    ),
    "nasnet": NetworkFacts(
        "NASNet-A Large", 2018, _TIMM, 1098, 88_949_818, 47_566_829_316, 331, 3, None, 0.82638,
        "a GPU; only the large one is here", "nasnetalarge.tf_in1k.safetensors",
    ),
    "efficientnet_b0": NetworkFacts(
        "EfficientNet-B0", 2019, _TV, 220, 5_330_564, 771_629_504, 224, 1, None, 0.77692,
        "accuracy for few parameters and FLOPs", "efficientnet_b0_rwightman-7f5810bc.pth",
    ),
    "efficientnet_v2_b0": NetworkFacts(
        "EfficientNetV2-B0", 2021, _TIMM, 221, 7_200_312, 1_436_172_352, 224, 1, None, 0.78386,
        "fine-tuning on one GPU", "tf_efficientnetv2_b0.in1k.safetensors",
    ),
    "convnext_tiny": NetworkFacts(
        "ConvNeXt-Tiny", 2022, _TV, 170, 28_589_128, 8_911_062_528, 224, 32, None, 0.82520,
        "the best at ResNet-50's cost; no batch norm", "convnext_tiny-983f1562.pth",
    ),
}  # fmt: skip

WITHOUT_BATCH_NORM = frozenset({"alexnet", "vgg16", "vgg19", "squeezenet1_1", "convnext_tiny"})
"""All others compare the images of a batch."""
