"""What the speed of a search is measured on: fixed lists of configs for fixed numbers of epochs, as plain data.

Both sides read the same JSON file: nas through `benchmarks.spaces`, the peers by themselves.
"""

from dataclasses import asdict, dataclass, replace
from itertools import product
from typing import Any

Config = dict[str, Any]
"""One network and how it is trained: the names are those of `nas.ConvNet`, with `lr`; a frozen backbone has
`head_width`, `dropout` and `lr`."""

BATCH_SIZE = 128


@dataclass(frozen=True)
class Workload:
    """images: of the data in all, None for scikit-learn's digits. folder: where they lie, in train/, val/ and test/.

    side: height and width that the network sees. weights: file of the frozen MobileNetV2, None for convolutional
    networks trained from scratch.
    """

    name: str
    configs: tuple[Config, ...]
    epochs: int
    images: int | None = None
    folder: str | None = None
    side: int = 32
    augmented: bool = False
    weights: str | None = None
    batch_size: int = BATCH_SIZE

    def to_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Workload":
        """The inverse of `to_dict`."""
        return cls(**{**data, "configs": tuple(data["configs"])})


def convnet(conv_layers: int, filters: int, kernel_size: int, **others: Any) -> Config:
    """A small convolutional network; see `nas.ConvNet`."""
    usual = {"dense_layers": 1, "dense_width": 256, "batch_norm": False, "max_pool": False, "dropout": 0.0, "lr": 1e-3}
    return {"conv_layers": conv_layers, "filters": filters, "kernel_size": kernel_size, **usual, **others}


def _digits(filters: tuple[int, ...]) -> tuple[Config, ...]:
    """Each depth with each kernel once for each of these numbers of filters, all else in turns."""
    return tuple(
        convnet(
            (1, 2, 4)[number % 3],
            filters[number // 12],
            (3, 5, 7, 9)[number % 4],
            dense_width=(256, 512)[number // 3 % 2],
            batch_norm=number // 2 % 2 == 1,
            max_pool=number // 4 % 2 == 1,
            dropout=(0.0, 0.2)[number // 6 % 2],
        )
        for number in range(12 * len(filters))
    )


_LARGE = tuple(
    convnet(4, 64, 3, batch_norm=True, lr=lr, dropout=dropout)
    for lr, dropout in ((1e-3, 0.0), (2e-3, 0.2), (5e-4, 0.0), (1e-3, 0.2))
)
_HEADS = tuple(
    {"head_width": width, "lr": lr, "dropout": dropout}
    for width, lr, dropout in product((64, 128, 256), (1e-3, 3e-3), (0.0, 0.2))
)

WORKLOADS = {
    "digits": Workload("digits", _digits((16, 32, 64)), epochs=8, side=8),
    "wide": Workload("wide", _digits((128,)), epochs=8, side=8),
    "cifar": Workload("cifar", _LARGE, epochs=5, images=10_000),
    "augmented": Workload("augmented", _LARGE, epochs=5, images=10_000, augmented=True),
    "frozen": Workload("frozen", _HEADS, epochs=5, images=600, side=96, weights=""),
}


def chosen(name: str, trials: int | None = None, scale: float = 1.0) -> Workload:
    """The workload of this name, cut to its first `trials` configs and to a share `scale` of its images (of digits: of
    its epochs, at least one).
    """
    workload = WORKLOADS[name]
    if workload.images is None:
        workload = replace(workload, epochs=max(1, round(scale * workload.epochs)))
    else:
        workload = replace(workload, images=max(200, round(scale * workload.images)))
    return replace(workload, configs=workload.configs[:trials])
