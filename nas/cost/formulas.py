"""Formulas of convolutions: how large the maps are that they return, and what they weigh."""


class DoesNotFit(ValueError):
    """The network cannot take images of this shape."""


def conv_output(n: int, f: int, s: int = 1, p: int = 0) -> int:
    """Output side of a convolution or pooling: floor((n + 2p - f) / s) + 1; below 1 if the kernel does not fit.

    n: input side, f: kernel side, s: stride, p: padding on either side, all in pixels.
    """
    return (n + 2 * p - f) // s + 1


def conv_params(f: int, c_in: int, c_out: int, groups: int = 1) -> int:
    """Weights and biases of a convolution: (f * f * c_in / groups + 1) * c_out."""
    return (f * f * (c_in // groups) + 1) * c_out
