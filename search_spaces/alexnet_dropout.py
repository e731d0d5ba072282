"""How much dropout does a pretrained AlexNet want, and which classes does it help?

Published on CIFAR-10: four rates, SGD with momentum, 10 epochs, the mean of three runs, and the accuracy of each class.
The best two were no dropout and the most of it: is that difference more than the seeds? And is it the same where images
are enlarged less?

    nas search search_spaces/alexnet_dropout.py --data cifar10 --epochs 10

Size of images and batches were not told; they are taken to be 224 and 32. Weights are downloaded once; without a
network, --weights none.
"""

from nas import SGD, Backbone, Digits, SearchSpace, TrialConfig, choice

template = TrialConfig(
    data=Digits(channels=3, limit=600),
    model=Backbone("alexnet", weights="imagenet", dropout=choice(0.0, 0.1, 0.3, 0.5), resize_to=choice(96, 224)),
    optimizer=SGD(lr=1e-3, momentum=0.9),
    epochs=3,  # the published protocol: --epochs 10
    batch_size=32,
    replicates=3,
)

CLASSES = ("plane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
TABLE = {  # dropout: accuracy, loss, accuracy of each class
    0.0: (0.84, 0.098, (0.85, 0.90, 0.79, 0.69, 0.85, 0.77, 0.83, 0.88, 0.91, 0.90)),
    0.1: (0.82, 0.143, (0.84, 0.89, 0.80, 0.66, 0.82, 0.78, 0.88, 0.87, 0.86, 0.88)),
    0.3: (0.813, 0.213, (0.85, 0.90, 0.74, 0.75, 0.81, 0.72, 0.86, 0.83, 0.83, 0.84)),
    0.5: (0.84, 0.106, (0.87, 0.91, 0.75, 0.78, 0.84, 0.75, 0.81, 0.87, 0.88, 0.91)),
}


def alexnet(dropout: float) -> TrialConfig:
    return template.replace(model=Backbone("alexnet", weights="imagenet", dropout=dropout, resize_to=224))


def published(accuracy: float, loss: float, of_classes: tuple[float, ...]) -> dict[str, float]:
    by_class = {f"accuracy_{name}": share for name, share in zip(CLASSES, of_classes, strict=True)}
    return {"test_accuracy": accuracy, "loss": loss, **by_class}


space = SearchSpace(
    name="alexnet_dropout",
    template=template,
    baselines={f"dropout {rate}": alexnet(rate) for rate in TABLE},
    published={f"dropout {rate}": published(*row) for rate, row in TABLE.items()},
    sampler="grid",
)
