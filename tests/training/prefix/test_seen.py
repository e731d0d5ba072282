"""Trainings with and without the features of frozen layers kept."""

import logging
from pathlib import Path

import pytest
import torch
from torch import nn

from nas import Adam, Augmentation, Backbone, Digits, EarlyStopping, Frozen, Head, SpaceError, Top, TrialConfig
from nas.config import All, Dense, Phase
from nas.data.splits import Splits, load_splits
from nas.job import FEATURES
from nas.models.build import build_model
from nas.records import DataPlace
from nas.training.checkpoint import CheckpointFolder
from nas.training.fit import fit
from nas.training.prefix import seen as seen_module
from nas.training.prefix.seen import NoRoom
from nas.training.prefix.store import FeatureStore
from nas.training.training import Training

TIMES = ("seconds", "images_per_second")
MOBILE = Backbone("mobilenet_v2", unfreeze=Frozen(), resize_to=32, head=Head(dense=(Dense(width=8, dropout=0.3),)))
SQUEEZE = Backbone("squeezenet1_1", unfreeze=Top(20), resize_to=48)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> DataPlace:
    folder = tmp_path_factory.mktemp("home")
    return DataPlace(folder / "data", folder / "cache")


@pytest.fixture
def own(place: DataPlace, tmp_path: Path) -> DataPlace:
    """With features of its own."""
    return DataPlace(place.data_dir, tmp_path / "cache")


def config_of(model: Backbone, **values) -> TrialConfig:
    given = {"data": Digits(limit=80), "epochs": 3, "batch_size": 16, "precision": "fp32", "seed": 3}
    return TrialConfig(model=model, optimizer=Adam(lr=0.003), **{**given, **values})


def begin(config: TrialConfig, place: DataPlace, cached: bool = True) -> Training:
    splits = load_splits(config.data, place, config.seed)
    torch.manual_seed(config.seed)
    return Training(warmed(config, splits), splits, config, place=place if cached else None)


def warmed(config: TrialConfig, splits: Splits) -> nn.Module:
    """A network whose batch norm fits the data, so that no features vanish."""
    model = build_model(config.model, splits.info.shape, 10)
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    for norm in norms:
        norm.training, norm.momentum = True, 1.0
    with torch.no_grad():
        model(splits.normalise(splits.train.pixels[:32]))
    for norm in norms:
        norm.momentum = 0.1
    return model.train()


def files(place: DataPlace) -> set[str]:
    return {path.name for path in (place.cache / FEATURES).glob("*.npy")}


def curve(training: Training) -> list[dict[str, float]]:
    while not training.ended:
        training.advance()
    return [{key: value for key, value in point.values.items() if key not in TIMES} for point in training.history]


def is_cached(training: Training) -> bool:
    return training.seen.forward.model is not training.model


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize("model", [MOBILE, SQUEEZE, MOBILE.replace(head=None)], ids=["head", "top", "own"])
def test_results_are_those_of_the_whole_network(own, model, precision):
    config = config_of(model, precision=precision)
    plain, cached, again = begin(config, own, cached=False), begin(config, own), begin(config, own)
    assert [is_cached(each) for each in (plain, cached, again)] == [False, True, True]
    assert len(files(own)) == 1
    curves = [curve(each) for each in (plain, cached, again)]
    assert curves[1] == curves[2]
    for expected, got in zip(curves[0], curves[1], strict=True):
        assert got == pytest.approx(expected, rel=1e-5 if precision == "fp32" else 2e-2)
    for part in ("train", "val", "test"):
        results = [each.task.evaluate(each.forward, getattr(each.seen, part)) for each in (plain, cached)]
        assert torch.equal(results[0].true, results[1].true)
        if precision == "fp32":
            assert results[1].values == pytest.approx(results[0].values, rel=1e-5)


def test_features_are_small(own):
    training = begin(config_of(MOBILE.replace(resize_to=64), precision="bf16"), own)
    assert training.seen.train.stored.shape == (80, 1280, 1, 1)
    assert training.seen.train.stored.dtype == torch.bfloat16


def test_heads_optimizers_and_dropout_share_them(own):
    base = config_of(MOBILE)
    begin(base, own)
    known = files(own)
    others = [
        config_of(MOBILE.replace(head=Head(dropout=0.5))),
        base.replace(optimizer=Adam(lr=0.1), batch_size=7, epochs=9),
    ]
    for other in others:
        assert is_cached(begin(other, own))
    assert files(own) == known


def test_seeds_share_them_where_weights_and_scaling_do(own):
    """Without a limit all seeds have the same images; where the weights come from a file, one array does for all."""
    splits = [load_splits(Digits(), own, seed) for seed in (0, 1)]
    config = config_of(MOBILE, data=Digits(), input_scaling="unit", precision="bf16")
    model = warmed(config, splits[0])
    for seed, each in enumerate(splits):
        training = Training(model, each, config.replace(seed=seed), place=own)
        assert is_cached(training)
    assert len(files(own)) == 1
    expected = training.whole.normalise(each.val.pixels)
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        features = model.eval().head.pool(model.last_map(model.resize(expected)))
    got = training.seen.val.pixels.flatten(1)
    assert features.std() > 0.1
    torch.testing.assert_close(got, features, rtol=2e-2, atol=2e-2)


def test_everything_that_decides_features_makes_new_ones(own):
    base = config_of(MOBILE)
    variants = [
        base,
        base.replace(seed=4),  # other random weights
        base.replace(data=Digits(limit=90)),
        base.replace(model=MOBILE.replace(resize_to=40)),
        base.replace(model=MOBILE.replace(unfreeze=Top(30))),
        base.replace(input_scaling="unit"),
        base.replace(precision="bf16"),
        base.replace(model=MOBILE.replace(head=Head(pool="max"))),
    ]
    for number, variant in enumerate(variants, start=1):
        begin(variant, own)
        assert len(files(own)) == number, variant


def test_one_weight_or_statistic_of_the_prefix_makes_new_ones(own):
    config = config_of(MOBILE)
    splits = load_splits(config.data, own, config.seed)
    model = build_model(config.model, splits.info.shape, 10)
    count = 0
    for name in ("network.features.1.conv.0.0.weight", "network.features.18.1.running_var"):
        for _ in range(2):
            count += 1
            model.state_dict()[name].view(-1)[0] += 0.5
            Training(model, splits, config, place=own)
            assert len(files(own)) == count
    model.state_dict()["head.output.weight"].zero_()
    Training(model, splits, config, place=own)
    assert len(files(own)) == count


@pytest.mark.parametrize(
    "config",
    [
        config_of(MOBILE.replace(unfreeze=All())),
        config_of(MOBILE, augmentation=Augmentation(flip="horizontal")),
        config_of(MOBILE, images_per_epoch=1, epochs=1),
    ],
    ids=["all trained", "augmented anew", "few images"],
)
def test_where_it_does_not_pay_images_stay(own, config):
    assert not is_cached(begin(config, own))
    assert not files(own)


def test_the_best_cut_that_fits_is_taken(own, monkeypatch):
    config = config_of(SQUEEZE.replace(unfreeze=Frozen()))
    sizes = {}
    for most in (10**9, 100_000, 1000):
        monkeypatch.setattr(seen_module, "FeatureStore", lambda folder, most=most: FeatureStore(folder, most))
        training = begin(config, own)
        sizes[most] = training.seen.train.stored[0].nbytes if is_cached(training) else None
    assert sizes == {10**9: 512 * 2 * 2 * 4, 100_000: 64 * 2 * 2 * 4, 1000: None}


def test_a_cache_that_cannot_be_written_is_done_without(own, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.posix_fallocate", full)
    with caplog.at_level(logging.WARNING):
        training = begin(config_of(MOBILE), own)
    assert not is_cached(training)
    assert "cannot be written (No space left on device); frozen layers run in every epoch" in caplog.text
    augmented = config_of(MOBILE, augmentation=Augmentation(flip="horizontal"), cached_passes=2)
    with pytest.raises(NoRoom, match=r"^cached_passes=2: .*cannot be written \(No space left on device\); set 0, or"):
        begin(augmented, own)


def phases(*parts) -> TrialConfig:
    return config_of(SQUEEZE.replace(unfreeze=parts[0]), epochs=4, phases=(Phase(begins=0.5, unfreeze=parts[1]),))


@pytest.mark.parametrize("parts", [(Frozen(), Top(30)), (All(), Frozen()), (Frozen(), All())])
def test_phases_have_cuts_of_their_own(own, parts):
    config = phases(*parts)
    plain, cached = begin(config, own, cached=False), begin(config, own)
    assert is_cached(cached) == (parts[0] != All())
    curves = [curve(plain), curve(cached)]
    assert is_cached(cached) == (parts[1] != All())
    for expected, got in zip(*curves, strict=True):
        assert got == pytest.approx(expected, rel=1e-4)


def test_the_best_weights_of_an_earlier_phase_are_measured_whole(own):
    config = phases(All(), Frozen()).replace(early_stopping=EarlyStopping(metric="val_loss"), epochs=4)
    training = begin(config, own)
    curve(training)
    training.stopping.best_epoch = 1  # as if it was best then
    training.stopping._weights = {name: tensor * 0.9 for name, tensor in training.model.state_dict().items()}
    training.restore_best()
    expected = begin(config, own, cached=False)
    expected.model.load_state_dict(training.model.state_dict())
    results = [each.task.evaluate(each.forward, each.seen.test).values for each in (training, expected)]
    assert results[0] == pytest.approx(results[1])


class Killed(BaseException):
    """Stands for a process that ends in the middle."""


@pytest.mark.parametrize(
    "config",
    [
        config_of(MOBILE, epochs=4),
        phases(Frozen(), Top(30)),
        phases(All(), Frozen()),
        config_of(MOBILE, epochs=4, augmentation=Augmentation(flip="horizontal"), cached_passes=3),
    ],
    ids=["frozen", "thaws", "freezes", "passes"],
)
@pytest.mark.parametrize("after", [1, 3])
def test_a_training_that_was_broken_off_goes_on_bit_for_bit(own, tmp_path, config, after):
    def killing(metrics):
        if metrics.epoch == after:
            raise Killed
        return True

    whole = begin(config, own)
    fit([whole], lambda _: True, CheckpointFolder(tmp_path / "none", 1e9))
    with pytest.raises(Killed):
        fit([begin(config, own)], killing, CheckpointFolder(tmp_path / "broken", 0))
    training = begin(config, own)
    fit([training], lambda _: True, CheckpointFolder(tmp_path / "broken", 0))
    assert curve(training) == curve(whole)
    states = [each.model.state_dict() for each in (whole, training)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_cached_passes_take_turns(own):
    augmentation = Augmentation(rotation=20.0, flip="horizontal")
    training = begin(config_of(MOBILE, augmentation=augmentation, cached_passes=2), own)
    passes = [training.seen.train_in(epoch).pixels for epoch in range(4)]
    assert torch.equal(passes[0], passes[2])
    assert torch.equal(passes[1], passes[3])
    assert not torch.allclose(passes[0], passes[1])
    assert not torch.allclose(passes[0], training.seen.train.pixels)
    assert torch.equal(training.seen.train_in(0).labels, training.splits.train.labels)
    assert len(files(own)) == 2
    assert all(0 <= point["train_accuracy"] <= 1 for point in curve(training))


def test_passes_that_change_nothing_are_the_plain_images(own):
    class Same(Augmentation, kind="same_for_passes"):
        def transform(self, images, generator):
            return images

    plain = curve(begin(config_of(MOBILE), own))
    cached = curve(begin(config_of(MOBILE, augmentation=Same(), cached_passes=2), own))
    for expected, got in zip(plain, cached, strict=True):
        assert got == pytest.approx(expected, rel=1e-4)


def test_other_augmentations_make_other_passes(own):
    class Darker(Augmentation, kind="darker_for_passes"):
        def transform(self, images, generator):
            return images * factor

    factor = 0.5
    config = config_of(MOBILE, augmentation=Darker(), cached_passes=1)
    begin(config, own)
    begin(config, own)
    assert len(files(own)) == 2
    factor = 0.4  # the user's code, which no config tells
    begin(config, own)
    assert len(files(own)) == 3


def test_passes_that_do_not_fit_are_refused(own, monkeypatch):
    monkeypatch.setattr(seen_module, "FeatureStore", lambda folder: FeatureStore(folder, 1000))
    config = config_of(MOBILE, augmentation=Augmentation(flip="horizontal"), cached_passes=2)
    with pytest.raises(NoRoom, match=r"^cached_passes=2: .* and 0\.0 GB may be taken; set 0, or use another cache$"):
        begin(config, own)


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"augmentation": None}, "is for augmented images, and augmentation is None; leave it out"),
        ({"augmentation": Augmentation(mixup=0.2)}, "leave out mixup and cutmix, or set 0"),
        ({"augmentation": Augmentation(cutmix=0.2)}, "leave out mixup and cutmix, or set 0"),
    ],
)
def test_passes_that_make_no_sense_are_refused(values, what):
    with pytest.raises(SpaceError, match=what):
        config_of(MOBILE, cached_passes=2, **values)
