"""How training images are varied, each on its own and anew in every epoch."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from nas.config.fields import NonNegative, Share
from nas.space.config import Component

if TYPE_CHECKING:
    from torch import Generator, Tensor

Degrees = Annotated[float, Field(ge=0, le=180)]


class Augmentation(Component, kind="augmentation"):
    """Random changes of training images; validation and test images stay as they are. 0 (or "none") leaves one out.

    rotation: up to so many degrees either way. shift: up to this share of height and width. shear: up to so many
    degrees. zoom: by a factor from 1 - zoom to 1 + zoom. flip: mirrored with probability 1/2 in each direction named.
    fill: what comes in from outside: the nearest pixel, the mirrored image, or zero.
    crop: as many pixels are added (by `fill`) on each side, and an image of the old size is cut out at random.
    perspective: corners move inwards by up to this share of half the side.
    brightness, contrast, saturation: by a factor from 1 - x to 1 + x. hue: turned by up to this share of the circle.
    temperature: red up and blue down (or the reverse) by up to this share.
    erase: probability that a rectangle of 2 to 33 % of the area is set to noise (Zhong et al. 2017).
    mixup, cutmix: alpha of the Beta distribution of the share (Zhang et al. 2017, Yun et al. 2019); with both, one of
    them at random.

    For changes of your own, subclass it with typed fields and a `transform`.
    """

    rotation: Degrees = 0.0
    shift: Share = 0.0
    shear: Annotated[float, Field(ge=0, lt=90)] = 0.0
    zoom: Share = 0.0
    flip: Literal["none", "horizontal", "vertical", "both"] = "none"
    fill: Literal["nearest", "reflect", "zero"] = "nearest"
    crop: Annotated[int, Field(ge=0)] = 0
    perspective: Share = 0.0
    brightness: Share = 0.0
    contrast: Share = 0.0
    saturation: Share = 0.0
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    temperature: Share = 0.0
    erase: Annotated[float, Field(ge=0, le=1)] = 0.0
    mixup: NonNegative = 0.0
    cutmix: NonNegative = 0.0

    def transform(self, images: "Tensor", generator: "Generator") -> "Tensor":
        """A change of one's own, after the geometric and colour changes and before images are mixed.

        images: float [N, C, H, W] in [0, 1], on the training device; the same shape is returned. All randomness must
        come from `generator`, which lives on that device.
        """
        return images
