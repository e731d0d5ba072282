"""Two small CNNs on CIFAR-10: what do the size of images, the batches and the scaling of inputs decide?

Published: the raccoon CNN (16 to 128 filters with dropout and little pooling) and a deeper one (four blocks with batch
norm), one run a setting. The first stayed below 0.26 in five of nine, the second always passed 0.73. Was it the batch
norm, the pooling, the size of images or the scaled inputs? Each is a dimension of its own here.

    nas search search_spaces/raccoon_cnn.py --data cifar10 --epochs 30

Not told, so taken to be: which stages pool, the rates of dropout, what the augmentation did, 1/255 as the scaling.
"""

from typing import Literal

from nas import Augmentation, AveragePool, Digits, Head, MaxPool, Pool, SearchSpace, Stage, StagedNet, TrialConfig
from nas import choice

Norm = Literal["none", "before"]
Scaling = Literal["none", "unit"]


def raccoon(norm: Norm, dropout: float, late: Pool | None, head: Head, pixels: int) -> StagedNet:
    early = [Stage(filters=width, batch_norm=norm, dropout=dropout) for width in (16, 32)]
    last = [Stage(filters=width, batch_norm=norm, dropout=dropout, pool=late) for width in (64, 128)]
    return StagedNet(stages=(*early, *last), head=head, resize_to=pixels)


def deeper(blocks: int, padding: Literal["same", "valid"], pool: Pool, head: Head, pixels: int) -> StagedNet:
    first = Stage(filters=32, blocks=blocks, batch_norm="before", padding=padding, pool=pool)
    others = [Stage(filters=width, blocks=blocks, batch_norm="before", pool=pool) for width in (64, 128, 256)]
    return StagedNet(stages=(first, *others), head=head, resize_to=pixels)


any_dropout, any_size, any_head = choice(0.1, 0.2, 0.4), choice(32, 64), Head(pool=choice("flatten", "average"))
any_pool, no_or_any_pool = choice(MaxPool(), AveragePool()), choice(None, MaxPool(), AveragePool())
template = TrialConfig(
    data=Digits(channels=3),
    model=choice(
        raccoon("none", any_dropout, no_or_any_pool, any_head, any_size),
        raccoon("before", any_dropout, no_or_any_pool, any_head, any_size),
        deeper(choice(1, 2), choice("same", "valid"), any_pool, any_head, any_size),
        labels=("raccoon", "raccoon_norm", "deeper"),
    ),
    augmentation=Augmentation(flip="horizontal", shift=0.1),
    input_scaling=choice("none", "unit", "standardise"),
    epochs=4,  # the published protocol: --epochs 30
    batch_size=choice(32, 64, 128),
)

flat = Head(pool="flatten")
TABLE: dict[tuple[int, int, Scaling], tuple[tuple[float, ...], tuple[float, ...]]] = {
    # pixels, batch size, scaling: validation accuracy and loss of the raccoon CNN and of the deeper one
    (32, 32, "none"): ((0.7632, 0.71233), ()),
    (32, 64, "none"): ((0.7115, 0.87548), ()),
    (32, 128, "none"): ((0.2514, 1.84612), (0.7548, 0.73076)),
    (32, 32, "unit"): ((0.6314, 1.16058), (0.7404, 0.77271)),
    (32, 64, "unit"): ((0.2365, 2.1278), (0.7587, 0.73761)),
    (32, 128, "unit"): ((0.23, 2.0492), (0.7499, 0.74118)),
    (64, 32, "none"): ((0.1, 2.30261), (0.7745, 0.68709)),
    (64, 64, "none"): ((0.6843, 0.97136), (0.7682, 0.71935)),
    (64, 128, "none"): ((0.1, 2.3026), (0.7372, 0.76484)),
    (64, 32, "unit"): ((), (0.7627, 0.72995)),
    (64, 64, "unit"): ((), (0.7565, 0.72698)),
    (64, 128, "unit"): ((), (0.7696, 0.72646)),
}
baselines, published = {}, {}
for (pixels, batch_size, scaling), figures in TABLE.items():
    models = raccoon("none", 0.2, MaxPool(), flat, pixels), deeper(1, "same", MaxPool(), flat, pixels)
    for label, model, row in zip(("raccoon", "deeper"), models, figures, strict=True):
        if row:
            name = f"{label} {pixels} batch {batch_size} {scaling}"
            baselines[name] = template.replace(model=model, batch_size=batch_size, input_scaling=scaling)
            published[name] = {"val_accuracy": row[0], "val_loss": row[1]}

space = SearchSpace(name="raccoon_cnn", template=template, baselines=baselines, published=published, balanced="model")
