"""Colours against torchvision's functions on floats, which compute one image at a time with one strength."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor
from torchvision.transforms.v2 import functional as vision

from nas import Augmentation
from nas.data.augmentation.colour import Tones, draw_tones, recolour, tone, turn_hue
from tests.data.augmentation.conftest import Draw

FACTORS = torch.tensor([0.0, 0.3, 0.8, 1.0, 1.3, 2.0])


def tones(count: int, **values: Tensor) -> Tones:
    """Tones that leave all images as they are, but for the values given."""
    one = torch.ones(count)
    return Tones(**{"brightness": one, "contrast": one, "saturation": one, "temperature": one - 1, **values})


def close(actual: Tensor, expected: Tensor, atol: float = 1e-3) -> None:
    torch.testing.assert_close(actual, expected, atol=atol, rtol=0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["brightness", "contrast", "saturation"])
def test_as_torchvision(name: str, channels: int, noise: Draw) -> None:
    images = noise(len(FACTORS), channels, 5, 4).float()
    adjust = getattr(vision, f"adjust_{name}")
    expected = [adjust(image / 255, factor) * 255 for image, factor in zip(images, FACTORS.tolist(), strict=True)]
    changed = tone(images, tones(len(FACTORS), **{name: FACTORS}))
    close(changed, torch.stack(expected), 0.05)  # its weights of grey have four digits and add up to 0.9999


def test_temperature_by_hand() -> None:
    image = torch.tensor([100.0, 150.0, 200.0]).view(1, 3, 1, 1).expand(3, 3, 1, 1)
    changed = tone(image, tones(3, temperature=torch.tensor([0.1, -0.1, 0.9])))
    close(changed.flatten(1), torch.tensor([[110.0, 150, 180], [90, 150, 220], [190, 150, 20]]))


def test_one_after_the_other(noise: Draw) -> None:
    """In the order that is documented, as long as nothing is cut off on the way."""
    images = noise(4, 3, 6, 5).float() * 0.2 + 100
    random = Generator().manual_seed(1)
    values = {name: torch.rand(4, generator=random) * 0.4 + 0.8 for name in ("brightness", "contrast", "saturation")}
    values["temperature"] = torch.rand(4, generator=random) * 0.2 - 0.1
    step = images
    for name, value in values.items():
        step = tone(step, tones(4, **{name: value}))
    close(tone(images, tones(4, **values)), step)


@settings(max_examples=60, deadline=None)
@given(
    turn=st.floats(-0.5, 0.5),
    pixel=st.tuples(st.integers(0, 255), st.integers(0, 255), st.integers(0, 255)),
)
def test_hue_as_torchvision(turn: float, pixel: tuple[int, int, int]) -> None:
    image = torch.tensor(pixel).float().view(1, 3, 1, 1)
    close(turn_hue(image, torch.tensor([turn])), vision.adjust_hue(image / 255, turn) * 255, 0.05)


def test_a_third_of_a_turn_makes_red_green() -> None:
    red = torch.tensor([200.0, 50.0, 50.0]).view(1, 3, 1, 1).expand(2, 3, 1, 1)
    turned = turn_hue(red, torch.tensor([1 / 3, -1 / 3])).flatten(1)
    close(turned, torch.tensor([[50.0, 200, 50], [50, 50, 200]]))


def test_grey_has_no_hue() -> None:
    grey = torch.tensor([0.0, 80.0, 255.0]).view(3, 1, 1, 1).expand(3, 3, 2, 2)
    assert torch.equal(turn_hue(grey, torch.tensor([0.2, -0.4, 0.5])), grey)


def test_one_channel_has_no_colours(noise: Draw, generator: Generator) -> None:
    images = noise(3, 1, 4, 4).float()
    config = Augmentation(saturation=0.9, temperature=0.9, hue=0.5)
    assert torch.equal(recolour(config, images, generator), images)
    both = config.replace(brightness=0.5, contrast=0.5)
    assert not torch.equal(recolour(both, images, generator), images)


def test_draws_are_as_documented(generator: Generator) -> None:
    config = Augmentation(brightness=0.1, contrast=0.2, saturation=0.3, temperature=0.4)
    drawn = draw_tones(config, 20_000, generator, torch.device("cpu"))
    for name, values in vars(drawn).items():
        strength = getattr(config, name)
        change = (values - int(name != "temperature")) / strength
        assert change.abs().max() <= 1.0001, name
        assert change.mean().abs() < 0.021, name  # five standard deviations
        assert change.std().item() == pytest.approx(3**-0.5, abs=0.012), name


def test_hues_are_drawn_for_each_image_within_the_range(generator: Generator) -> None:
    red = torch.tensor([255.0, 0.0, 0.0]).view(1, 3, 1, 1).expand(5000, 3, 1, 1)
    green, blue = recolour(Augmentation(hue=0.1), red, generator)[:, 1:, 0, 0].unbind(dim=1)
    turned = (green - blue) / 255 / 6  # one sixth of the circle further, red has become yellow
    assert turned.abs().max() <= 0.1001
    assert turned.max() > 0.099
    assert turned.min() < -0.099
    assert turned.mean().abs() < 0.0041  # five standard deviations
    assert len(set(turned.tolist())) > 4900


def test_the_images_given_stay_as_they_are(noise: Draw, generator: Generator) -> None:
    images = noise(3, 3, 4, 4).float()
    before = images.clone()
    recolour(Augmentation(brightness=0.5, saturation=0.5, temperature=0.3, hue=0.2), images, generator)
    assert torch.equal(images, before)
