"""What a trial is trained on."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nas.config.fields import Side
from nas.space.config import Component, Rule

OpenShare = Annotated[float, Field(gt=0, lt=1)]
Task = Literal["classification", "regression"]


class Data(Component, kind="data"):
    """A data set.

    val_share, test_share: what is set aside where the data has no such part of its own; stratified by class. The test
    part is the same under every seed.
    limit: use only so many items, drawn by seed from each part in proportion, but at least one of every class in each;
    for trying things out.
    """

    task: ClassVar[Task] = "classification"

    val_share: OpenShare = 0.15
    test_share: OpenShare = 0.15
    limit: Annotated[int, Field(ge=10)] | None = None

    def rules(self) -> Iterator[Rule]:
        """The parts must leave something to train on."""
        if self.val_share + self.test_share >= 1:
            both = f"{self.val_share} + {self.test_share}"
            yield "val_share", f"val_share + test_share must stay below 1, got {both}; lower one"


class ImageData(Data, kind="image_data"):
    """Labelled images. `channels` 3 repeats a grey image; 1 makes a coloured one grey.

    image_size: height and width in pixels; None keeps the data set's own.
    upright: whether a turned or mirrored image would mean something else (a 6 turned is a 9).
    """

    upright: ClassVar[bool] = False

    image_size: Side | None = None
    channels: Literal[1, 3] | None = None


class Digits(ImageData, kind="digits"):
    """scikit-learn's handwritten digits: 1,797 grey images of 8 x 8 pixels, 10 classes; comes with its wheel."""

    upright: ClassVar[bool] = True


class Cifar10(ImageData, kind="cifar10"):
    """CIFAR-10: 60,000 coloured images of 32 x 32 pixels, 10 classes, its own test part of 10,000."""

    val_share: OpenShare = 0.2


class Mnist(ImageData, kind="mnist"):
    """MNIST: 70,000 grey images of 28 x 28 pixels, 10 classes, its own test part of 10,000."""

    upright: ClassVar[bool] = True

    val_share: OpenShare = 0.2


class FashionMnist(ImageData, kind="fashion_mnist"):
    """Fashion-MNIST: 70,000 grey images of 28 x 28 pixels, 10 classes, its own test part of 10,000."""

    val_share: OpenShare = 0.2


class ImageFolder(ImageData, kind="image_folder"):
    """A folder of class folders, or of `train/` and `test/` (and `val/`) with class folders in each.

    Images are resized so that their shorter side fits, and cut to the square in the middle.
    """

    place_fields: ClassVar[frozenset[str]] = frozenset({"path"})

    path: str
    val_share: OpenShare = 0.2
    image_size: Side | None = 64


class Tabular(Data, kind="tabular"):
    """Rows of numbers with a number to predict. Columns are standardised by the train part's mean and deviation."""

    task: ClassVar[Task] = "regression"


class Diabetes(Tabular, kind="diabetes"):
    """scikit-learn's diabetes table: 442 patients, 10 columns, disease progression after a year; in its wheel."""


class Table(Tabular, kind="table"):
    """A CSV file with a header; `target` is the column to predict, all others are inputs.

    Lines above the header are skipped. Columns of text become one column for each of their values.
    """

    place_fields: ClassVar[frozenset[str]] = frozenset({"path"})

    path: str
    target: str
