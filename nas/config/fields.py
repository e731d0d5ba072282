"""Kinds of numbers that several configs share."""

from typing import Annotated, Literal

from pydantic import Field

Positive = Annotated[int, Field(ge=1)]
"""A whole number of at least 1."""
Side = Annotated[int, Field(ge=1, le=4096)]
"""Height and width of images in pixels."""
Share = Annotated[float, Field(ge=0, lt=1)]
"""From 0 up to, not including, 1."""
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Above0 = Annotated[float, Field(gt=0, allow_inf_nan=False)]

Activation = Literal["relu", "gelu", "silu", "tanh", "linear"]
"""What follows a layer; `linear` is nothing."""
