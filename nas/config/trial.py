"""`TrialConfig`: all that one trial needs, as typed, frozen data."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from nas.config.augmentation import Augmentation
from nas.config.backbone import Backbone, Frozen, Unfreeze
from nas.config.data import Data
from nas.config.fields import Above0, Positive, Share
from nas.config.models import VGG19, ConvNet, LeNet5, Model, StagedNet
from nas.config.networks import WITHOUT_BATCH_NORM
from nas.config.optimizers import Adam, Optimizer
from nas.config.schedules import Constant, Metric, Schedule
from nas.space.checks import check
from nas.space.config import Config, Rule
from nas.space.holes import Choice, Repeat

IMAGE_NETWORKS = (ConvNet, StagedNet, VGG19, LeNet5, Backbone)
"""What cannot be trained on a table."""


class EarlyStopping(Config):
    """Ends a trial when `metric` has not improved for `patience` epochs, and keeps the best epoch's weights.

    With phases only the last one ends early, and patience begins anew with it.
    """

    metric: Metric = "val_accuracy"
    patience: Positive = 5


class Regularisation(Config):
    """What holds a training back beside dropout, weight decay and the model's own penalties.

    label_smoothing: this share of each label is spread over all classes (Szegedy et al. 2015).
    clip_gradients: the norm of all gradients together is at most this. clip_weights: so is each weight's size, after
    every step.
    """

    label_smoothing: Share = 0.0
    clip_gradients: Above0 | None = None
    clip_weights: Above0 | None = None


class Phase(Config):
    """A part of a training, from `begins` (share of all epochs) on; None goes on as before.

    Where optimizer, schedule or the layers to train change, the optimizer starts anew, and the schedule runs over this
    phase's epochs.
    """

    begins: Annotated[float, Field(gt=0, lt=1)]
    unfreeze: Unfreeze | None = None
    optimizer: Optimizer | None = None
    schedule: Schedule | None = None


class TrialConfig(Config):
    """One network trained on one data set, with everything that decides the outcome.

    phases: what changes on the way, in order.
    input_scaling: what images look like to the network: `standardise` has mean 0 and deviation 1 in each channel of
    the train part, `unit` lies in [0, 1], `none` in [0, 255]; `auto` is what pretrained weights want, else standardise.
    class_balanced: every class is drawn equally often for training.
    images_per_epoch: an epoch is so many training images, going round the train part as often as needed; None is once.
    seed: fixes validation part, weights and order of the images. replicates: the config is trained under so many seeds,
    from `seed` on, in one trial whose figures are their means.
    precision: `auto` trains in bf16 where the processor is made for it, and in fp32 elsewhere and from the epoch in
    which bf16 diverges.
    batch_size: a batch for which memory does not do goes through the network in parts; the weights change once for it.
    cached_passes: 0 augments images anew in every epoch. With N the frozen first layers of a backbone run once over N
    augmented passes through the train part, which the epochs take in turns: far faster, and N views of each image
    instead of one for each epoch. Parts of a training in which no first layers are frozen augment anew.
    """

    later_fields: ClassVar[frozenset[str]] = frozenset({"cached_passes"})

    data: Data
    model: Model
    optimizer: Optimizer = Adam()
    schedule: Schedule = Constant()
    phases: tuple[Phase, ...] = ()
    augmentation: Augmentation | None = None
    regularisation: Regularisation = Regularisation()
    early_stopping: EarlyStopping | None = None
    input_scaling: Literal["auto", "standardise", "unit", "none"] = "auto"
    class_balanced: bool = False
    images_per_epoch: Positive | None = None
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 10
    batch_size: Annotated[int, Field(ge=1, le=1_000_000)] = 128
    precision: Literal["auto", "bf16", "fp32"] = "auto"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    replicates: Annotated[int, Field(ge=1, le=100)] = 1
    cached_passes: Annotated[int, Field(ge=0, le=1000)] = 0

    def rules(self) -> Iterator[Rule]:
        """Batch norm needs several images; phases follow each other; only a backbone has layers to freeze; what is for
        images is not for tables.
        """
        if self.batch_size == 1 and _norms_batches(self.model):
            yield "batch_size", "must be 2 or more with batch norm, which compares images of a batch, got 1; raise it"
        begins = [phase.begins for phase in self.phases]
        if any(later <= earlier for earlier, later in pairwise(begins)):
            yield "phases", f"must begin one after the other, got {', '.join(map(str, begins))}; change them"
        if isinstance(self.model, Backbone):
            for unfreeze in (phase.unfreeze for phase in self.phases if phase.unfreeze is not None):
                mistakes, _ = check(Backbone, {"name": self.model.name, "unfreeze": unfreeze})
                yield from (("phases", mistake.what) for mistake in mistakes if mistake.where == "unfreeze")
        elif any(phase.unfreeze is not None for phase in self.phases):
            yield "phases", f"unfreeze needs a Backbone, got {type(self.model).__name__}; leave it out"
        if self.cached_passes:
            yield from (("cached_passes", wrong) for wrong in self._wrong_with_passes())
        if self.data.task == "regression":
            if isinstance(self.model, IMAGE_NETWORKS):
                yield "model", f"{type(self.model).__name__} is for images, and the data is a table; use an MLP"
            if self.augmentation is not None:
                yield "augmentation", "is for images, not for a table; leave it out"
            if self.class_balanced:
                yield "class_balanced", "is for classes, and a table has none; leave it out"
            if self.regularisation.label_smoothing:
                yield "regularisation", "label_smoothing is for classes, and a table has none; leave it out"

    def _wrong_with_passes(self) -> Iterator[str]:
        if not isinstance(self.model, Backbone):
            yield f"is for the frozen layers of a Backbone, got {type(self.model).__name__}; leave it out"
        if self.augmentation is None:
            yield "is for augmented images, and augmentation is None; leave it out"
        elif self.augmentation.mixup or self.augmentation.cutmix:
            yield "cannot keep images that are mixed anew for each batch; leave out mixup and cutmix, or set 0"

    @property
    def trained_model(self) -> Model:
        """The model with the layers that the last phase trains."""
        model = self.model
        for phase in self.phases:
            if phase.unfreeze is not None and isinstance(model, Backbone):
                model = model.replace(unfreeze=phase.unfreeze)
        return model


def _norms_batches(value: object, field: str = "") -> bool:
    """Whether a network, or a part of one, has batch norm, in any of the options of its holes."""
    match value:
        case Choice():
            return any(_norms_batches(option, field) for option in value.options)
        case Repeat():
            return _norms_batches(value.item)
        case tuple():
            return any(map(_norms_batches, value))
        case Backbone():
            names = value.name.options if isinstance(value.name, Choice) else (value.name,)
            return not isinstance(value.unfreeze, Frozen) and not WITHOUT_BATCH_NORM.issuperset(names)
        case Config():
            return any(_norms_batches(part, name) for name, part in value.fields())
    return field == "batch_norm" and value not in (False, "none")
