"""Layers for maps that lie pixel by pixel in memory (H, W, N, C), as a `SpectralConv2d` returns them.

torch's kernels know two layouts and go slowly or copy with another. But such maps have the memory of other ones with
their channels last, on which the same layer does the same.
"""

from torch import Tensor, nn


def is_pixel_major(maps: Tensor) -> bool:
    """Whether maps [N, C, H, W] lie in memory as (H, W, N, C), and in neither of torch's layouts."""
    return maps.dim() == 4 and min(maps.shape) > 1 and maps.permute(2, 3, 0, 1).is_contiguous()


class BatchNorm2d(nn.BatchNorm2d):
    """torch's, which sees the maps as one image of H x W rows and N columns."""

    def forward(self, input: Tensor) -> Tensor:
        """Maps [N, C, H, W], normalised."""
        if not is_pixel_major(input):
            return super().forward(input)
        images, channels, height, width = input.shape
        rows = input.permute(2, 3, 0, 1).reshape(1, height * width, images, channels)
        normalised: Tensor = super().forward(rows.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        return normalised.reshape(height, width, images, channels).permute(2, 3, 0, 1)


class MaxPool2d(nn.MaxPool2d):
    """torch's, which sees the maps as those of one image with N x C channels."""

    def forward(self, input: Tensor) -> Tensor:
        """Maps [N, C, H, W], the largest of each window."""
        if not is_pixel_major(input):
            plain: Tensor = super().forward(input)
            return plain
        images, channels, height, width = input.shape
        rows = input.permute(2, 3, 0, 1).reshape(1, height, width, images * channels)
        pooled: Tensor = super().forward(rows.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        height, width = pooled.shape[1:3]
        maps: Tensor = pooled.reshape(height, width, images, channels).permute(2, 3, 0, 1)
        return maps
