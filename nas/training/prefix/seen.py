"""What the trained part of a network sees: the images, or what the frozen layers before it make of them."""

import logging
from dataclasses import dataclass

from nas.config import Backbone, TrialConfig
from nas.data.splits import Images, Splits
from nas.job import FEATURES
from nas.models.backbones import BackboneNet
from nas.records import DataPlace
from nas.training.evaluate import stratified_sample
from nas.training.phases import Part
from nas.training.precision import Forward
from nas.training.prefix.cut import cuts_of
from nas.training.prefix.features import Prefix, prefix_at, rows_of
from nas.training.prefix.store import GIGABYTE, FeatureStore
from nas.training.prefix.work import Work

log = logging.getLogger(__name__)


class NoRoom(RuntimeError):
    """Augmented passes shall be cached, and cannot be."""


@dataclass(frozen=True)
class Seen:
    """forward: runs the network, or what comes after its frozen layers. train, val, test: what it is run on, as plain
    images are. sample: of the train part, as large as the validation part. passes: the train part as it was augmented,
    once for each pass; empty where it is augmented anew in every epoch, or not at all.
    """

    forward: Forward
    train: Images
    val: Images
    test: Images
    sample: Images
    passes: tuple[Images, ...] = ()

    def train_in(self, epoch: int) -> Images:
        """What an epoch (from 0) trains on."""
        return self.passes[epoch % len(self.passes)] if self.passes else self.train


def see(whole: Forward, splits: Splits, config: TrialConfig, part: Part, place: DataPlace | None) -> Seen:
    """What a part of a training is run on: features, computed now if they are not in the cache, as far as the layers of
    a backbone are frozen; else the images.

    Images they stay where there is no cache, where the features do not fit there, where images are augmented anew in
    every epoch, and where fewer images are trained on than the data has. Which of them changes the time, and results
    within rounding only.

    Raises:
        NoRoom: the features of `cached_passes` do not fit into the cache, or cannot be written there.
    """
    net, rows = whole.model, rows_of(splits)
    fresh = config.augmentation is not None and not config.cached_passes
    if place is None or rows is None or fresh or not isinstance(net, BackboneNet) or not _pays(config, part, splits):
        return see_images(whole, splits, config)
    assert isinstance(config.model, Backbone)
    cuts = cuts_of(config.model, part.unfreeze or config.model.unfreeze, splits.info.shape)
    work = Work(splits, config, rows, FeatureStore(place.cache / FEATURES))
    try:
        for prefix in (prefix_at(whole, net, cut, splits.train) for cut in cuts):
            if work.size(prefix) <= work.store.room():
                return _seen(prefix.rest, work.parts(prefix), config, work.passes(prefix))
    except OSError as error:
        why = f"{work.store.folder}: cannot be written ({error.strerror or error})"
    else:
        why = _too_large(work, prefix_at(whole, net, cuts[0], splits.train)) if cuts else ""
    if why and config.cached_passes:
        raise NoRoom(f"cached_passes={config.cached_passes}: {why}; set 0, or use another cache")
    if why:
        log.warning("%s; frozen layers run in every epoch", why)
    return see_images(whole, splits, config)


def see_images(whole: Forward, splits: Splits, config: TrialConfig) -> Seen:
    """The whole network and the images themselves."""
    return _seen(whole, (splits.train, splits.val, splits.test), config)


def _seen(forward: Forward, parts: tuple[Images, ...], config: TrialConfig, passes: tuple[Images, ...] = ()) -> Seen:
    train, val, test = parts
    return Seen(forward, train, val, test, stratified_sample(train, len(val), config.seed), passes)


def _pays(config: TrialConfig, part: Part, splits: Splits) -> bool:
    """Whether at least as many images would run through the frozen layers as the data has."""
    epoch = (config.images_per_epoch or len(splits.train)) + 2 * len(splits.val)
    return part.epochs * epoch >= sum(map(len, (splits.train, splits.val, splits.test)))


def _too_large(work: Work, prefix: Prefix) -> str:
    needed, room = (f"{size / GIGABYTE:.1f} GB" for size in (work.size(prefix), work.store.room()))
    return f"{work.store.folder}: features take {needed}, and {room} may be taken"
