"""`TrialConfig` and its parts: all that one trial needs, as typed, frozen data. Loads without torch."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nas.space.config import Component, Config, Rule

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]


class Data(Component, kind="data"):
    """A data set of labelled images. `channels` 3 repeats a grey image; 1 makes a coloured one grey.

    image_size: height and width in pixels; None keeps the data set's own.
    val_share, test_share: what is set aside where the data has no such part of its own, stratified by class.
    """

    image_size: Positive | None = None
    channels: Literal[1, 3] | None = None
    val_share: Annotated[float, Field(gt=0, lt=1)] = 0.15
    test_share: Annotated[float, Field(gt=0, lt=1)] = 0.15

    def rules(self) -> Iterator[Rule]:
        """The parts must leave something to train on."""
        if self.val_share + self.test_share >= 1:
            yield "val_share", f"val_share + test_share must stay below 1, got {self.val_share} + {self.test_share}"


class Digits(Data, kind="digits"):
    """scikit-learn's handwritten digits: 1,797 grey images of 8 x 8 pixels, 10 classes; comes with its wheel."""


class Cifar10(Data, kind="cifar10"):
    """CIFAR-10: 60,000 coloured images of 32 x 32 pixels, 10 classes, its own test part of 10,000."""

    val_share: Annotated[float, Field(gt=0, lt=1)] = 0.2


class Mnist(Data, kind="mnist"):
    """MNIST: 70,000 grey images of 28 x 28 pixels, 10 classes, its own test part of 10,000."""

    val_share: Annotated[float, Field(gt=0, lt=1)] = 0.2


class FashionMnist(Data, kind="fashion_mnist"):
    """Fashion-MNIST: 70,000 grey images of 28 x 28 pixels, 10 classes, its own test part of 10,000."""

    val_share: Annotated[float, Field(gt=0, lt=1)] = 0.2


class ImageFolder(Data, kind="image_folder"):
    """A folder of class folders, or of `train/` and `test/` (and `val/`) with class folders in each.

    Images are resized so that their shorter side fits, and cut to the square in the middle.
    """

    place_fields: ClassVar[frozenset[str]] = frozenset({"path"})

    path: str
    image_size: Positive | None = 64


class Model(Component, kind="model"):
    """A network. For one of your own, subclass it with typed fields and a `build`:

    class Mine(Model, kind="mine"):
        width: int = 8

        def build(self, shape, classes):
            return torch.nn.Sequential(...)
    """

    def build(self, shape: tuple[int, int, int], classes: int) -> object:
        """The network as a `torch.nn.Module` for normalised images of `shape` (channels, height, width)."""
        raise NotImplementedError(f"{type(self).__name__} has no build method")


class ConvNet(Model, kind="convnet"):
    """Convolutions with ReLU, global average pooling, dense layers with ReLU, a linear output.

    Batch norm follows each convolution and each dense layer (before the ReLU), dropout each dense layer, 2 x 2 max
    pooling each convolution as long as the map is larger than one pixel.
    """

    conv_layers: Annotated[int, Field(ge=1, le=1000)] = 4
    filters: Positive = 64
    kernel_size: Positive = 3
    padding: Literal["same", "valid"] = "same"
    dense_layers: Annotated[int, Field(ge=0, le=1000)] = 1
    dense_width: Positive = 1024
    batch_norm: bool = False
    max_pool: bool = False
    dropout: Share = 0.0

    def rules(self) -> Iterator[Rule]:
        """`same` padding is defined for odd kernels only."""
        if self.padding == "same" and self.kernel_size % 2 == 0:
            yield "kernel_size", f'must be odd with padding="same", got {self.kernel_size}'

    def inactive(self) -> frozenset[str]:
        """Without dense layers their width and dropout mean nothing."""
        return frozenset() if self.dense_layers else frozenset({"dense_width", "dropout"})


class VGG19(Model, kind="vgg19"):
    """VGG19's 16 convolutions (Simonyan & Zisserman 2014), then a head of `head_width` on the pooled map.

    The head: the last map is average-pooled to 2 x 2, flattened (2,048 numbers), one dense ReLU layer of `head_width`,
    a linear output. Images smaller than `upscale_to` are enlarged to it (bilinear); the network needs 32 pixels.
    """

    head_width: Positive = 2048
    dropout: Share = 0.0
    upscale_to: Positive | None = None


class Optimizer(Component, kind="optimizer"):
    """What updates the weights."""


class Adam(Optimizer, kind="adam"):
    """Adam (Kingma & Ba 2014) with its published defaults."""

    lr: Annotated[float, Field(gt=0)] = 1e-3
    beta1: Share = 0.9
    beta2: Share = 0.999
    eps: Annotated[float, Field(gt=0)] = 1e-8
    weight_decay: Annotated[float, Field(ge=0)] = 0.0


class SGD(Optimizer, kind="sgd"):
    """Stochastic gradient descent with momentum."""

    lr: Annotated[float, Field(gt=0)] = 0.1
    momentum: Share = 0.9
    nesterov: bool = False
    weight_decay: Annotated[float, Field(ge=0)] = 0.0

    def rules(self) -> Iterator[Rule]:
        """Nesterov's method looks ahead along the momentum."""
        if self.nesterov and self.momentum == 0:
            yield "nesterov", "needs momentum above 0, got momentum=0.0"


class Schedule(Component, kind="schedule"):
    """How the learning rate moves over the epochs."""


class Constant(Schedule, kind="constant"):
    """The same learning rate throughout."""


class ReduceOnPlateau(Schedule, kind="reduce_on_plateau"):
    """Multiplies the learning rate by `factor` when `metric` has not improved for `patience` epochs."""

    metric: Literal["val_accuracy", "val_loss"] = "val_accuracy"
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    patience: Annotated[int, Field(ge=0)] = 5
    min_lr: Annotated[float, Field(ge=0)] = 0.0


class Cosine(Schedule, kind="cosine"):
    """Half a cosine from the first learning rate to `min_lr` after the last epoch (Loshchilov & Hutter 2016)."""

    min_lr: Annotated[float, Field(ge=0)] = 0.0


class EarlyStopping(Config):
    """Ends a trial when `metric` has not improved for `patience` epochs, and keeps the best epoch's weights."""

    metric: Literal["val_accuracy", "val_loss"] = "val_accuracy"
    patience: Positive = 5


class TrialConfig(Config):
    """One network trained on one data set, with everything that decides the outcome.

    seed: fixes split, weights and order of the images. precision: `auto` trains in bf16 where the processor is made
    for it and in fp32 elsewhere.
    """

    data: Data
    model: Model
    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    early_stopping: EarlyStopping | None = None
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 10
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 128
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
