"""A pretrained network, first frozen under a new head, then trained as a whole at a hundredth of the rate: what helps?

Published on CIFAR-10: EfficientNetV2-B0 and ResNet50V2 with one dense layer of 256; unfreezing added 1 to 2 points, the
ensemble of both reached 0.9302. Flips, shifts and contrast were reported best, rotations of 72 degrees not to converge
(0.30 to 0.50 after 30 epochs). Open here: when to unfreeze, at which rate, and whether ReLU follows the dense layer.

    nas search search_spaces/finetune_two_phase.py --data cifar10 --epochs 24
    nas ensemble finetune_two_phase --top 2

Each run was published with epochs of its own: 24, 4 and 18. The size of the images was not told; it is taken to be 224.
Weights are downloaded once; without a network, --weights none.
"""

from typing import Literal

from nas import Adam, All, Augmentation, Backbone, Dense, Digits, Frozen, Head, Phase, SearchSpace, TrialConfig
from nas import choice, log_uniform, uniform

moved = Augmentation(flip="horizontal", shift=0.1, contrast=0.1)
turned = Augmentation(rotation=72)


def backbone(name: str, activation: Literal["relu", "linear"], resize_to: int) -> Backbone:
    head = Head(dense=(Dense(width=256, activation=activation, dropout=0.5),))
    return Backbone(name, weights="imagenet", unfreeze=Frozen(), head=head, resize_to=resize_to)


def second(begins: float, lr: float) -> tuple[Phase, ...]:
    return (Phase(begins=begins, unfreeze=All(), optimizer=Adam(lr=lr)),)


pixels = choice(64, 128, 224)
template = TrialConfig(
    data=Digits(channels=3, limit=300),
    model=choice(
        backbone("efficientnet_v2_b0", choice("relu", "linear"), pixels),
        backbone("resnet50_v2", choice("relu", "linear"), pixels),
    ),
    phases=second(uniform(0.2, 0.9), log_uniform(1e-6, 1e-4)),
    augmentation=choice(None, moved, turned, labels=("none", "moved", "turned")),
    epochs=4,
    batch_size=32,
)


def run(model: Backbone, augmentation: Augmentation | None, begins: float) -> TrialConfig:
    return template.replace(model=model, augmentation=augmentation, phases=second(begins, 1e-5))


efficientnet, efficientnet_relu = (backbone("efficientnet_v2_b0", activation, 224) for activation in ("linear", "relu"))
resnet = backbone("resnet50_v2", "relu", 224)
space = SearchSpace(
    name="finetune_two_phase",
    template=template,
    baselines={
        "EfficientNetV2-B0": run(efficientnet, None, 10 / 24),
        "EfficientNetV2-B0 ReLU, moved": run(efficientnet_relu, moved, 0.5),  # when it was unfrozen was not told
        "ResNet50V2 ReLU, moved": run(resnet, moved, 15 / 18),
        "EfficientNetV2-B0, turned": run(efficientnet_relu, turned, 0.5),
        "ResNet50V2, turned": run(resnet, turned, 0.5),
    },
    published={
        "EfficientNetV2-B0": {"test_accuracy": 0.8421, "frozen_accuracy": 0.8259, "external_accuracy": 0.7717},
        "EfficientNetV2-B0 ReLU, moved": {"test_accuracy": 0.90019},
        "ResNet50V2 ReLU, moved": {"test_accuracy": 0.9053, "frozen_accuracy": 0.8963},
    },
    balanced="model",
)
