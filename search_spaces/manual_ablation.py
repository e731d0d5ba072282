"""How deep, how wide and how regularised must a small CNN be?

Eighteen networks were once tried by hand on photographs of eight kinds of outdoor scene, two of them twice, with VGG19
beside them. They are the baselines here; the search asks whether the space around them holds one that earns its
parameters better.
"""

from nas import VGG19, Adam, ConvNet, Digits, ReduceOnPlateau, SearchSpace, TrialConfig
from nas import choice, max_params, maximize, minimize

template = TrialConfig(
    data=Digits(channels=3),
    model=ConvNet(
        conv_layers=choice(1, 2, 4, 8),
        filters=choice(32, 64, 128, 256),
        kernel_size=choice(3, 5, 7, 9),
        dense_layers=choice(1, 2, 4),
        dense_width=choice(256, 512, 1024),
        batch_norm=choice(False, True),
        max_pool=choice(False, True),
        dropout=choice(0.0, 0.2),
    ),
    optimizer=Adam(),
    schedule=ReduceOnPlateau(),
    epochs=8,  # the published protocol: --epochs 100
    seed=0,
)


def cnn(  # noqa: PLR0913
    conv: int, filters: int, dense: int, kernel: int = 5, *, bn: bool = False, pool: bool = False, drop: float = 0.0
) -> TrialConfig:
    """A network of the published study, in the order of its table."""
    model = ConvNet(
        conv_layers=conv, filters=filters, kernel_size=kernel, dense_layers=dense, dense_width=1024,
        batch_norm=bn, max_pool=pool, dropout=drop,
    )  # fmt: skip
    return template.replace(model=model)


def published(train: float, test: float, params: float, ratio: float | None = None) -> dict[str, float]:
    """What was reported of a network; the ratio is train accuracy / (10 x parameters)."""
    figures = {"train_accuracy": train, "test_accuracy": test, "params": params}
    return figures if ratio is None else {**figures, "published_ratio": ratio}


by_hand = {
    "0": (cnn(1, 64, 1), published(0.613503, 0.655514, 79_624, 7.705007e-07)),
    "1": (cnn(2, 64, 1), published(0.73631, 0.774473, 182_088, 4.043707e-07)),
    "2": (cnn(4, 64, 1), published(0.856991, 0.850062, 387_016, 2.214355e-07)),
    "3": (cnn(8, 64, 1), published(0.867092, 0.842627, 796_872, 1.088119e-07)),
    "4": (cnn(4, 64, 2), published(0.897395, 0.853779, 1_436_616, 6.246589e-08)),
    "5": (cnn(4, 64, 4), published(0.897927, 0.868649, 3_535_816, 2.539517e-08)),
    "6": (cnn(4, 32, 2), published(0.862307, 0.843866, 1_170_920, 7.364357e-08)),
    "7": (cnn(4, 128, 2), published(0.883041, 0.862454, 2_428_808, 3.635697e-08)),
    "8": (cnn(4, 256, 2), published(0.870282, 0.846344, 6_256_392, 1.391028e-08)),
    "9": (cnn(4, 256, 2, pool=True), published(0.920255, 0.863693, 6_256_392, 1.470904e-08)),
    "10": (cnn(4, 256, 2, drop=0.2), published(0.886231, 0.861214, 6_256_392, 1.41652e-08)),
    "11": (cnn(4, 256, 2, bn=True), published(0.987241, 0.878563, 6_268_680, 1.574878e-08)),
    "12": (cnn(4, 256, 2, pool=True, drop=0.2), published(0.926635, 0.86741, 6_256_392, 1.481101e-08)),
    "13": (cnn(4, 256, 2, bn=True, pool=True), published(0.970229, 0.887237, 6_268_680, 1.54774e-08)),
    "14": (cnn(4, 256, 2, pool=True, drop=0.2), published(0.922382, 0.864932, 6_256_392, 1.474303e-08)),
    "15": (cnn(4, 256, 2, bn=True, pool=True, drop=0.2), published(0.960128, 0.889715, 6_268_680, 1.531626e-08)),
    "kernel_3": (cnn(4, 256, 2, 3, drop=0.2), published(0.9, 0.844, 3_098_376)),
    "kernel_5": (cnn(4, 256, 2, 5, drop=0.2), published(0.886, 0.861, 6_256_392)),
    "kernel_7": (cnn(4, 256, 2, 7, drop=0.2), published(0.83, 0.829, 10_993_416)),
    "kernel_9": (cnn(4, 256, 2, 9, drop=0.2), published(0.758, 0.763, 17_309_448)),
}

# VGG19's published ratio implies 24.2 to 24.3 million parameters: 20.02 million in its convolutions, the rest in a head
# that was not named. Ours: the last map pooled to 2 x 2, a dense layer of 2,048, the output; 24.24 million in all.
# At Adam's default rate of 1e-3 it stays at chance level, so it trains at a tenth of it.
vgg19 = template.replace(model=VGG19(head_width=2048, upscale_to=32), optimizer=Adam(lr=1e-4))

space = SearchSpace(
    name="manual_ablation",
    template=template,
    objectives=(maximize("val_accuracy"), minimize("params")),
    constraints=(max_params(20_000_000),),
    baselines={name: config for name, (config, _) in by_hand.items()},
    references={"VGG19": vgg19},
    published={name: figures for name, (_, figures) in by_hand.items()}
    | {"VGG19": published(0.952, 0.879, 24e6, 3.92e-09)},
)
