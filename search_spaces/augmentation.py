"""Which augmentation helps a small MLP most when all are given the same number of images?

Published on CIFAR-10: six augmentations after 20,000 iterations in one epoch, one run each, without a control. Here the
control is a baseline, the other kinds are tried at up to three strengths, and each runs under three seeds.

    nas search search_spaces/augmentation.py --data cifar10

What an iteration was is not told: it is taken to be one image. 8 epochs of 2,500 images each are the 20,000; a longer
training (--epochs 80) shows whether the order holds. Turned or mirrored digits change their meaning: nas says so.
"""

from nas import MLP, Augmentation, Dense, Digits, SearchSpace, TrialConfig, choice

template = TrialConfig(
    data=Digits(channels=3),
    model=MLP(input_dropout=0.5, layers=(Dense(width=32), Dense(width=224), Dense(width=64), Dense(width=32))),
    augmentation=choice(
        None,
        Augmentation(rotation=choice(10.0, 30.0, 60.0)),
        Augmentation(shift=choice(0.1, 0.3, 0.5)),
        Augmentation(shear=choice(10.0, 40.0, 60.0)),
        Augmentation(flip=choice("horizontal", "vertical", "both")),
        Augmentation(zoom=choice(0.1, 0.3, 0.5)),
        Augmentation(mixup=choice(0.2, 0.5, 1.0), rotation=10),
        labels=("none", "rotation", "shift", "shear", "flip", "zoom", "mixup"),
    ),
    images_per_epoch=2500,
    epochs=8,
    batch_size=32,
    replicates=3,
)

published = {  # test accuracy
    "rotation 30 degrees": (Augmentation(rotation=30), 0.2184),
    "translation 30 %": (Augmentation(shift=0.3), 0.209),
    "shear 40 degrees": (Augmentation(shear=40), 0.2137),
    "flip both ways": (Augmentation(flip="both"), 0.1977),
    "zoom 30 %": (Augmentation(zoom=0.3), 0.2151),
    "mixup, rotation 10 degrees": (Augmentation(mixup=0.5, rotation=10), 0.2186),
}
compared = {name: template.replace(augmentation=augmentation) for name, (augmentation, _) in published.items()}

space = SearchSpace(
    name="augmentation",
    template=template,
    baselines={"none": template.replace(augmentation=None), **compared},
    published={name: {"test_accuracy": accuracy} for name, (_, accuracy) in published.items()},
    sampler="grid",
    balanced="augmentation",
)
