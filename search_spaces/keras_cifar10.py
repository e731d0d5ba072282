"""The course notes' CNN for CIFAR-10, layer by layer: is there "still a margin for tuning", as its author says?

Published: 0.8385 on the test images after 50 epochs with Adadelta, a plateau schedule and augmentation; 0.2071 after 3.
Filters, every dropout, optimizer and batches are open around it.

    nas search search_spaces/keras_cifar10.py --data cifar10 --epochs 50

Confusion matrix, figures of each class and misclassified images lie in MLflow for every trial.
"""

from collections.abc import Sequence

from nas import Adadelta, Adam, Augmentation, Dense, Digits, Head, MaxPool, ReduceOnPlateau, SearchSpace, Stage
from nas import StagedNet, TrialConfig, choice, log_uniform, uniform


def network(filters: Sequence[int], drop: Sequence[float]) -> StagedNet:
    return StagedNet(
        stages=(
            Stage(filters=filters[0], blocks=2, padding="valid", pool=MaxPool(), dropout=drop[0]),
            Stage(filters=filters[1], blocks=2, pool=MaxPool(), dropout=drop[1]),
            Stage(filters=filters[2], blocks=2, pool=MaxPool(), dropout=drop[2]),
        ),
        head=Head(pool="flatten", dense=(Dense(width=256, dropout=drop[3]), Dense(width=128, dropout=drop[4]))),
        resize_to=32,  # CIFAR-10's own size
    )


FILTERS = (64, 128, 256)
DROPOUT = (0.25, 0.25, 0.35, 0.35, 0.25)
template = TrialConfig(
    data=Digits(channels=3),
    model=network([choice(width // 2, width, width * 2) for width in FILTERS], [uniform(0.0, 0.6) for _ in DROPOUT]),
    optimizer=choice(Adadelta(lr=uniform(0.25, 2.0)), Adam(lr=log_uniform(1e-4, 3e-3))),
    schedule=ReduceOnPlateau(factor=0.5, patience=5, min_lr=0.001),
    augmentation=Augmentation(rotation=10, shift=0.1, flip="horizontal"),
    epochs=10,  # the published protocol: --epochs 50
    batch_size=choice(128, 512),
)

notes = {"test_accuracy": 0.8385, "test_loss": 0.4985, "accuracy_3_epochs": 0.2071, "loss_3_epochs": 2.1507}
space = SearchSpace(
    name="keras_cifar10",
    template=template,
    baselines={
        "notes": template.replace(model=network(FILTERS, DROPOUT), optimizer=Adadelta(lr=1.0), batch_size=512),
    },
    published={"notes": notes},
)
