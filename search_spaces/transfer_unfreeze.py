"""Which layers of a pretrained backbone are worth training, and at which size of images?

Published on CIFAR-10: MobileNetV2 and ResNet50V2 with parts of them unfrozen; ConvNeXt-Tiny and MobileNetV2 frozen.
A slice in the middle of MobileNetV2 won at 64 pixels; at 96 its authors could not afford it, though they expected it to
win: it is a baseline here. "Better, or better optimised?" stayed open: here every backbone gets equally many trials,
each under the same two seeds.

    nas search search_spaces/transfer_unfreeze.py --data cifar10 --epochs 20

Weights are downloaded once; without a network, --weights none. Names count layers as the authors did, in Keras, and
docs/networks.md maps that to our count. Not told, so taken to be: a linear head, Adam at 1e-3, what the augmentation
did; batches of 64 and no augmentation in the runs with test figures; frozen layers in the others.
"""

from nas import Augmentation, Backbone, Digits, Frozen, Head, SearchSpace, Slice, Top, TrialConfig, Unfreeze, choice

KERAS_80_40, KERAS_120_80, KERAS_0_40 = Slice(-73, -36), Slice(-109, -73), Slice(0, 36)  # of MobileNetV2
pixels = choice(32, 64, 96, 224)
moved = Augmentation(flip="horizontal", shift=0.1)


def backbone(name: str, unfreeze: Unfreeze, resize_to: int) -> Backbone:
    return Backbone(name, weights="imagenet", unfreeze=unfreeze, head=Head(), resize_to=resize_to)


template = TrialConfig(
    data=Digits(channels=3, limit=300),
    model=choice(
        backbone("mobilenet_v2", choice(Frozen(), Top(36), Top(19), KERAS_80_40, KERAS_120_80, KERAS_0_40), pixels),
        backbone("resnet50_v2", choice(Frozen(), Top(20), Top(39)), pixels),
        backbone("convnext_tiny", choice(Frozen(), Top(20), Top(40)), pixels),
        backbone("densenet169", choice(Frozen(), Top(20), Top(40)), pixels),
        backbone("nasnet", choice(Frozen(), Top(20), Top(40)), pixels),
    ),
    augmentation=choice(None, moved),
    epochs=3,  # the published protocol: --epochs 20
    batch_size=choice(64, 124, 128),
    replicates=2,
)


def unfrozen(name: str, unfreeze: Unfreeze, resize_to: int) -> TrialConfig:
    return template.replace(model=backbone(name, unfreeze, resize_to), augmentation=None, batch_size=64)


def frozen(name: str, resize_to: int, batch_size: int) -> TrialConfig:
    return template.replace(model=backbone(name, Frozen(), resize_to), augmentation=moved, batch_size=batch_size)


def tested(accuracy: float, precision: float, recall: float, f1: float) -> dict[str, float]:
    return {"test_accuracy": accuracy, "precision": precision, "recall": recall, "f1": f1}


def validated(accuracy: float, loss: float) -> dict[str, float]:
    return {"val_accuracy": accuracy, "val_loss": loss}


table = {
    "MobileNetV2 frozen 64": (unfrozen("mobilenet_v2", Frozen(), 64), tested(0.6799, 0.678568, 0.6799, 0.678798)),
    "MobileNetV2 top 40 64": (unfrozen("mobilenet_v2", Top(36), 64), tested(0.7069, 0.77001, 0.7069, 0.698364)),
    "MobileNetV2 top 20 64": (unfrozen("mobilenet_v2", Top(19), 64), tested(0.8424, 0.856747, 0.8424, 0.84268)),
    "MobileNetV2 -80:-40 64": (unfrozen("mobilenet_v2", KERAS_80_40, 64), tested(0.8608, 0.863642, 0.8608, 0.859554)),
    "MobileNetV2 -120:-80 64": (unfrozen("mobilenet_v2", KERAS_120_80, 64), tested(0.8318, 0.838674, 0.8318, 0.825733)),
    "MobileNetV2 0:40 64": (unfrozen("mobilenet_v2", KERAS_0_40, 64), tested(0.8162, 0.830133, 0.8162, 0.812254)),
    "MobileNetV2 top 40 96": (unfrozen("mobilenet_v2", Top(36), 96), tested(0.9005, 0.904373, 0.9005, 0.90054)),
    "MobileNetV2 -80:-40 96": (unfrozen("mobilenet_v2", KERAS_80_40, 96), {}),
    "ResNet50V2 frozen 64": (unfrozen("resnet50_v2", Frozen(), 64), tested(0.6748, 0.672565, 0.6748, 0.672547)),
    "ResNet50V2 top 49 64": (unfrozen("resnet50_v2", Top(39), 64), tested(0.8191, 0.828033, 0.8191, 0.817325)),
    "ResNet50V2 top 49 96": (unfrozen("resnet50_v2", Top(39), 96), tested(0.8496, 0.85081, 0.8496, 0.849108)),
    "ConvNeXt-Tiny 224": (frozen("convnext_tiny", 224, 124), validated(0.9263, 0.22109)),  # the best run of each
    "ConvNeXt-Tiny 96": (frozen("convnext_tiny", 96, 128), validated(0.8921, 0.32865)),
    "MobileNetV2 224": (frozen("mobilenet_v2", 224, 128), validated(0.857, 0.4182)),
    "MobileNetV2 96": (frozen("mobilenet_v2", 96, 128), validated(0.8587, 0.41476)),
}

space = SearchSpace(
    name="transfer_unfreeze",
    template=template,
    baselines={name: config for name, (config, _) in table.items()},
    published={name: figures for name, (_, figures) in table.items()},
    balanced="model",
)
