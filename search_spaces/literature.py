"""Which of the networks of the literature earns its parameters on small images, trained from scratch?

Their sizes were published for 1,000 classes of ImageNet, and so were the accuracies (top 1, top 5), which no run here
can be compared with. Sizes can: this shows them as built for that input.

    nas show search_spaces/literature.py --input 3x224x224 --classes 1000 --no-time
    nas search search_spaces/literature.py --data cifar10 --epochs 30

Images are enlarged to what each network needs; the search also tries two other learning rates, of each network
equally often.
"""

from nas import Adam, Backbone, Digits, LeNet5, Model, SearchSpace, TrialConfig, choice, maximize, minimize

NETWORKS: dict[str, tuple[Model, dict[str, float]]] = {
    "LeNet-5": (LeNet5(variant="original"), {"params": 60e3}),
    "LeNet-5, ReLU": (LeNet5(variant="modern"), {}),
    "AlexNet": (Backbone("alexnet", resize_to=64), {"params": 60e6}),
    "VGG-16": (Backbone("vgg16", resize_to=32), {"params": 138_357_544, "top1": 0.713, "top5": 0.901}),
    "VGG-19": (Backbone("vgg19", resize_to=32), {}),
    "Inception-v1": (Backbone("googlenet", resize_to=32), {"params": 5e6}),
    "ResNet-34": (Backbone("resnet34", resize_to=32), {}),
    "ResNet-50": (Backbone("resnet50", resize_to=32), {"params": 25_636_712, "top1": 0.749, "top5": 0.921}),
    "Inception-v3": (Backbone("inception_v3", resize_to=75), {"params": 23_851_784, "top1": 0.779, "top5": 0.937}),
    "Inception-v4": (Backbone("inception_v4", resize_to=75), {"params": 43e6}),
    "Inception-ResNet-v2": (
        Backbone("inception_resnet_v2", resize_to=75),
        {"params": 55_873_736, "top1": 0.803, "top5": 0.953},
    ),
    "Xception": (Backbone("xception", resize_to=71), {"params": 22_910_480, "top1": 0.79, "top5": 0.945}),
    "ResNeXt-50": (Backbone("resnext50", resize_to=32), {"params": 25_097_128, "top1": 0.777, "top5": 0.938}),
}

template = TrialConfig(
    data=Digits(channels=3, limit=700),
    model=choice(*(model for model, _ in NETWORKS.values()), labels=tuple(NETWORKS)),
    optimizer=Adam(lr=choice(1e-4, 3e-4, 1e-3)),
    epochs=5,
    batch_size=32,
)

space = SearchSpace(
    name="literature",
    template=template,
    objectives=(maximize("val_accuracy"), minimize("params")),
    baselines={name: template.replace(model=model, optimizer=Adam(lr=3e-4)) for name, (model, _) in NETWORKS.items()},
    published={name: figures for name, (_, figures) in NETWORKS.items()},
    balanced="model",
)
