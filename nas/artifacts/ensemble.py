"""Several trained networks as one: the mean of their predictions."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import NamedTuple

import torch
from torch import Tensor, nn

from nas.artifacts.members import EnsembleError, Member
from nas.config import TrialConfig
from nas.cost import count_params
from nas.data.batches import batches
from nas.data.splits import Images, Splits, load_splits
from nas.records import DataPlace
from nas.training.evaluate import MOST_IMAGES
from nas.training.precision import Forward, choose_precision, prepare_forward
from nas.training.scaling import Scaling
from nas.training.tasks import Task, task_of
from nas.training.weights import load_model

Figures = dict[str, float]


@dataclass(frozen=True)
class Measured:
    """val, test: `accuracy` and `loss`, or `r2`, `mse`, `mae` and `loss`; val is empty where the members were validated
    on different images.
    """

    name: str
    params: int
    val: Figures
    test: Figures


class MeanNetwork(nn.Module):
    """Several networks as one: from raw images to logarithms of their mean probabilities (float32 [N, classes]), or to
    the mean of their numbers (float32 [N, 1]).
    """

    def __init__(self, members: Sequence[Forward], classes: bool) -> None:
        super().__init__()
        self.members, self.classes = tuple(members), classes
        self.networks = nn.ModuleList(member.model for member in members)

    def forward(self, pixels: Tensor) -> Tensor:
        """See the class."""
        outputs = torch.stack([member(pixels) for member in self.members])
        if not self.classes:
            return outputs.mean(0)
        return outputs.log_softmax(2).logsumexp(0) - log(len(self.members))


class Loaded(NamedTuple):
    """A member, ready to predict. digest: of the data that it was trained on."""

    forward: Forward
    config: TrialConfig
    digest: str


def measure(members: Sequence[Member], place: DataPlace) -> list[Measured]:
    """What each member reaches, and last what all of them reach together, on the same images.

    Raises:
        EnsembleError: they were trained on different data, or it has changed since.
        DataError: the data is not there any more.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    place = replace(place, skip_bad=True)  # as they may have been trained; the digest tells
    loaded = [_load(member, device) for member in members]
    splits = [load_splits(known.config.data, place, known.config.seed, device) for known in loaded]
    _check(members, loaded, splits)
    same_val = all(_same(splits[0].val, other.val) for other in splits[1:])
    task = task_of(loaded[0].config, splits[0])
    forwards = [known.forward for known in loaded]
    together = Forward(MeanNetwork(forwards, splits[0].target is None), lambda pixels: pixels, "fp32")
    names = [*(member.name for member in members), f"ensemble of {len(members)}"]
    return [
        _measure(name, forward, task, splits[0], same_val)
        for name, forward in zip(names, [*forwards, together], strict=True)
    ]


def _load(member: Member, device: torch.device) -> Loaded:
    model, config, data = load_model(member.folder)
    scaling, precision = Scaling.from_data(data, device), choose_precision(config.precision, device)
    return Loaded(prepare_forward(model.to(device), scaling, precision), config, data["digest"])


def _same(first: Images, second: Images) -> bool:
    """Whether they are the same images in the same order."""
    if len(first) != len(second):
        return False
    pairs = zip(batches(first, MOST_IMAGES), batches(second, MOST_IMAGES), strict=True)
    return all(torch.equal(pixels, others) for (pixels, _), (others, _) in pairs)


def _measure(name: str, forward: Forward, task: Task, splits: Splits, with_val: bool) -> Measured:
    params = count_params(forward.model)
    val = task.evaluate(forward, splits.val).values if with_val else {}
    return Measured(name, params, dict(val), dict(task.evaluate(forward, splits.test).values))


def _check(members: Sequence[Member], loaded: Sequence[Loaded], splits: Sequence[Splits]) -> None:
    """The test part depends on the data alone, so that with the same data no member has seen it."""
    for member, known, part in zip(members, loaded, splits, strict=True):
        if known.config.data != loaded[0].config.data:
            raise EnsembleError(
                f"ensemble: {member.name} was trained on other data than {members[0].name}; "
                "name studies of one data set"
            )
        if known.digest != part.info.digest:
            raise EnsembleError(
                f"ensemble: the data has changed since {member.name} was trained; search the study again with --fresh"
            )
