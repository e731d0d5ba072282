"""Convolutions of small maps with large kernels, where they take fewer operations: in the frequency domain."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from nas.models.spectral_choice import Sizes, pays
from nas.models.spectral_transform import Transform, met_sides, transform

_FORMATS = (torch.bfloat16, torch.float32, torch.float64)


class SpectralConv2d(nn.Conv2d):
    """A `Conv2d` that takes the shorter way: the direct one, or in the frequency domain, see `spectral_transform`.

    Same parameters, same state, same result within rounding. Which way is a matter of shapes, number format and
    whether gradients are kept (`spectral_choice.pays`), never of a timing: the same trial gives the same numbers.
    What it returns by the spectral way lies pixel by pixel in memory (H, W, N, C); layers that go number by number keep
    that, and the next convolution needs no copy.

    `nas.cost` and torch's counters know nothing of it: FLOPs stay those of the direct way, 2 x MACs.
    """

    def forward(self, input: Tensor) -> Tensor:
        """See the class: [N, C, H, W] -> [N, filters, H, W]."""
        dtype = self._spectral_format(input)
        if dtype is None:
            return super().forward(input)
        maps, (height, width) = (input.shape[2], input.shape[3]), self.kernel_size
        met = met_sides(maps, (height, width))
        rows, columns = ((size - kept) // 2 for size, kept in zip((height, width), met, strict=True))
        weight = self.weight[:, :, rows : height - rows, columns : width - columns]
        result: Tensor = _SpectralConvolution.apply(input, weight, self.bias, transform(maps, met, dtype))
        return result

    def _spectral_format(self, maps: Tensor) -> torch.dtype | None:
        """The number format to compute in by the spectral way; none where it is not to be taken."""
        if type(maps) is not Tensor or maps.dim() != 4 or maps.device.type != "cpu" or not self._keeps_sides():
            return None
        if torch.compiler.is_compiling() or torch._C._get_tracing_state() is not None:
            return None
        cast = torch.is_autocast_enabled("cpu")
        dtype = torch.get_autocast_dtype("cpu") if cast else maps.dtype
        if dtype not in _FORMATS or not (cast or dtype == self.weight.dtype):
            return None
        learns = torch.is_grad_enabled() and (maps.requires_grad or self.weight.requires_grad)
        images, channels, height, width = maps.shape
        sizes = Sizes(
            images, channels, self.out_channels, (height, width), (self.weight.shape[2], self.weight.shape[3])
        )
        return dtype if pays(sizes, dtype, learns=learns) else None

    def _keeps_sides(self) -> bool:
        """Whether it is a convolution of the kind that the transform is made for."""
        return (
            self.stride == (1, 1)
            and self.dilation == (1, 1)
            and self.groups == 1
            and self.padding_mode == "zeros"
            and all(size % 2 for size in self.kernel_size)
            and self.padding == tuple(size // 2 for size in self.kernel_size)
        )


class _SpectralConvolution(torch.autograd.Function):
    """P: products. Maps as [H x W, N x C], their transform as [P, N, C]; that of the weights as [P, filters, C]."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, bias: Tensor | None, matrices: Transform) -> Tensor:
        images, channels, height, width = maps.shape
        filters = len(weight)
        spectra = (matrices.maps @ _pixel_major(maps, matrices.maps.dtype)).view(-1, images, channels)
        weights = (matrices.kernel @ _pixel_major(weight, matrices.kernel.dtype)).view(-1, filters, channels)
        multiplied = spectra.new_empty(len(spectra) + 1, images, filters)
        torch.bmm(spectra, weights.transpose(1, 2), out=multiplied[:-1])
        multiplied[-1] = 0 if bias is None else bias  # added in the product with `back`, before the result is rounded
        ctx.save_for_backward(spectra, weights, weight)
        ctx.matrices, ctx.sides, ctx.biased = matrices, (height, width), bias is not None
        ctx.taken = maps.dtype
        sizes, steps = (images, filters, height, width), (filters, 1, width * images * filters, images * filters)
        result = spectra.new_empty_strided(sizes, steps)  # not a view of something else: an in-place ReLU may follow
        flat = result.permute(2, 3, 0, 1).view(height * width, -1)
        torch.mm(matrices.back, multiplied.view(-1, images * filters), out=flat)
        return result

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        spectra, weights, weight = ctx.saved_tensors
        matrices: Transform = ctx.matrices
        _, images, channels = spectra.shape
        filters = len(weight)
        multiplied = matrices.back.T @ _pixel_major(gradient, matrices.back.dtype)
        multiplied = multiplied.view(-1, images, filters)
        of_maps = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            of_spectra = torch.bmm(multiplied[:-1], weights).view(-1, images * channels)
            of_maps = (matrices.maps.T @ of_spectra).view(*ctx.sides, images, channels).permute(2, 3, 0, 1)
            of_maps = of_maps.to(ctx.taken)
        if ctx.needs_input_grad[1]:
            of_weights = torch.bmm(multiplied[:-1].transpose(1, 2), spectra).view(-1, filters * channels)
            of_taps = (matrices.kernel.T @ of_weights).view(*weight.shape[2:], filters, channels)
            of_weight = torch.empty_like(weight).copy_(of_taps.permute(2, 3, 0, 1))
        if ctx.biased and ctx.needs_input_grad[2]:
            of_bias = multiplied[-1].sum(0, dtype=weight.dtype)
        return of_maps, of_weight, of_bias, None


def _pixel_major(numbers: Tensor, dtype: torch.dtype) -> Tensor:
    """[A, B, H, W] as [H x W, A x B] in this number format."""
    moved = numbers.permute(2, 3, 0, 1).to(dtype, memory_format=torch.contiguous_format)
    return moved.reshape(moved.shape[0] * moved.shape[1], -1)
