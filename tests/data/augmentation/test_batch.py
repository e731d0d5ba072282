"""All changes together."""

import re
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor

import nas.data.augmentation
from nas import Augmentation
from nas.data.augmentation import augment
from tests.data.augmentation.conftest import Draw

EVERYTHING = Augmentation(
    rotation=30.0, shift=0.2, shear=20.0, zoom=0.3, flip="both", fill="reflect", crop=2, perspective=0.4,
    brightness=0.3, contrast=0.3, saturation=0.3, hue=0.1, temperature=0.2, erase=0.5, mixup=0.5, cutmix=1.0,
)  # fmt: skip


class Inverted(Augmentation, kind="test_inverted"):
    def transform(self, images: Tensor, generator: Generator) -> Tensor:
        assert images.min() >= 0
        assert images.max() <= 1
        return 1 - images


class Brighter(Augmentation, kind="test_brighter"):
    def transform(self, images: Tensor, generator: Generator) -> Tensor:
        return images + torch.rand((len(images), 1, 1, 1), generator=generator) + 1


class Doubled(Augmentation, kind="test_doubled"):
    def transform(self, images: Tensor, generator: Generator) -> Tensor:
        return images.double()


class Smaller(Augmentation, kind="test_smaller"):
    def transform(self, images: Tensor, generator: Generator) -> Tensor:
        return images[:, :, 1:]


class Forgotten(Augmentation, kind="test_forgotten"):
    def transform(self, images: Tensor, generator: Generator) -> Tensor:
        return None  # type: ignore[return-value]


def run(config: Augmentation, images: Tensor, seed: int = 0) -> tuple[Tensor, Tensor]:
    labels = torch.arange(len(images)) % 10
    return augment(config, images, labels, 10, Generator().manual_seed(seed))


def test_nothing_asked_for_changes_nothing(noise: Draw) -> None:
    images = noise(4, 3, 6, 5)
    labels = torch.tensor([3, 1, 2, 0])
    same, same_labels = augment(Augmentation(), images, labels, 4, Generator())
    assert torch.equal(same, images.float())
    assert same.dtype == torch.float32
    assert same_labels is labels


def test_the_same_generator_gives_the_same_images_and_no_other_is_touched(noise: Draw) -> None:
    images = noise(16, 3, 8, 8)
    before, state = images.clone(), torch.get_rng_state()
    first, second, other = run(EVERYTHING, images), run(EVERYTHING, images), run(EVERYTHING, images, seed=1)
    assert torch.equal(first[0], second[0])
    assert torch.equal(first[1], second[1])
    assert not torch.equal(first[0], other[0])
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(images, before)


@pytest.mark.parametrize(
    "name",
    ["rotation", "shift", "shear", "zoom", "flip", "crop", "perspective", "brightness", "contrast", "saturation", "hue",
     "temperature", "erase"],
)  # fmt: skip
def test_every_change_happens_and_differs_from_image_to_image(name: str, noise: Draw) -> None:
    images = noise(1, 3, 12, 12).expand(64, 3, 12, 12)
    config = Augmentation(**{name: getattr(EVERYTHING, name)})
    changed, labels = run(config, images)
    different = {tuple(image.tolist()) for image in changed.flatten(1)}
    assert len(different) >= (4 if name == "flip" else 20)
    assert labels.dtype == torch.int64


def test_a_users_own_change(noise: Draw) -> None:
    images = noise(3, 1, 4, 4)
    torch.testing.assert_close(run(Inverted(), images)[0], 255 - images.float(), atol=1e-3, rtol=0)
    assert torch.all(run(Brighter(), images)[0] == 255)


def test_the_users_own_change_comes_before_images_are_erased_and_mixed(noise: Draw) -> None:
    images = noise(200, 1, 8, 8) // 4
    erased = run(Brighter(erase=1.0), images)[0]
    assert torch.all((erased < 255).flatten(1).any(dim=1))


@pytest.mark.parametrize(
    ("config", "got"),
    [
        (Doubled(), "got float64 images of shape (2, 1, 4, 5) on cpu"),
        (Smaller(), "got float32 images of shape (2, 1, 3, 5) on cpu"),
        (Forgotten(), "got a NoneType"),
    ],
)
def test_a_users_own_change_that_returns_something_else(config: Augmentation, got: str, noise: Draw) -> None:
    wanted = "float32 images of shape (2, 1, 4, 5) on cpu"
    line = f"augmentation: {type(config).__name__}.transform must return {wanted}, as it was given, {got}; mend it"
    with pytest.raises(ValueError, match=f"^{re.escape(line)}$"):
        run(config, noise(2, 1, 4, 5))


def test_nothing_waits_for_the_device() -> None:
    """On the meta device values cannot be read, shapes cannot depend on them, and nothing comes from elsewhere."""
    images = torch.zeros((4, 3, 8, 9), dtype=torch.uint8, device="meta")
    labels = torch.zeros(4, dtype=torch.int64, device="meta")
    for config in (EVERYTHING, EVERYTHING.replace(mixup=0.0), Augmentation(crop=2, flip="both", fill="zero")):
        changed, _ = augment(config, images, labels, 10, Generator())
        assert changed.device.type == "meta"
        assert changed.shape == images.shape


strengths = st.one_of(st.just(0.0), st.floats(0, 0.99))
configs = st.builds(
    Augmentation,
    rotation=st.floats(0, 180),
    shift=strengths,
    shear=st.floats(0, 89.9),
    zoom=strengths,
    flip=st.sampled_from(["none", "horizontal", "vertical", "both"]),
    fill=st.sampled_from(["nearest", "reflect", "zero"]),
    crop=st.integers(0, 9),
    perspective=strengths,
    brightness=strengths,
    contrast=strengths,
    saturation=strengths,
    hue=st.floats(0, 0.5),
    temperature=strengths,
    erase=st.floats(0, 1),
    mixup=st.floats(0, 10),
    cutmix=st.floats(0, 10),
)


@settings(max_examples=100, deadline=None)
@given(
    config=configs,
    count=st.integers(1, 4),
    channels=st.sampled_from([1, 3]),
    size=st.tuples(st.integers(1, 12), st.integers(1, 12)),
    seed=st.integers(0, 2**31),
)
def test_whatever_is_asked_for(
    config: Augmentation, count: int, channels: int, size: tuple[int, int], seed: int
) -> None:
    random = Generator().manual_seed(seed)
    images = torch.randint(0, 256, (count, channels, *size), generator=random, dtype=torch.uint8)
    labels = torch.randint(0, 5, (count,), generator=random)
    changed, shares = augment(config, images, labels, 5, random)
    assert changed.shape == images.shape
    assert changed.dtype == torch.float32
    assert changed.isfinite().all()
    assert changed.min() >= 0
    assert changed.max() <= 255
    if config.mixup or config.cutmix:
        assert shares.shape == (count, 5)
        assert shares.min() >= 0
        torch.testing.assert_close(shares.sum(dim=1), torch.ones(count))
    else:
        assert torch.equal(shares, labels)


def test_the_package_has_augment_alone() -> None:
    if not TYPE_CHECKING:
        with pytest.raises(AttributeError, match=r"module 'nas.data.augmentation' has no attribute 'augmentt'"):
            nas.data.augmentation.augmentt  # noqa: B018
