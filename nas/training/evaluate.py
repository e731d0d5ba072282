"""What a network says of a part of the data, and samples to ask it about."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from nas.data.batches import batches
from nas.data.splits import Images
from nas.models.layers import Resize
from nas.training.precision import Forward

BATCH_PIXELS = 2**18
"""Pixels of one evaluation batch: enough to keep a device busy, small beside what a training step keeps in memory.
Where a network enlarges its images, they count at that size."""
MOST_IMAGES = 1024


def outputs_of(forward: Forward, images: Images) -> Iterator[tuple[Tensor, Tensor]]:
    """Outputs (float32 [n, outputs]) and labels [n], batch by batch in the images' order.

    The model is put into evaluation mode and left in it. Call it in inference mode.
    """
    forward.model.eval()
    size = max(1, min(MOST_IMAGES, BATCH_PIXELS // _pixels_inside(forward.model, images)))
    for pixels, labels in batches(images, size):
        yield forward(pixels), labels


def _pixels_inside(model: nn.Module, images: Images) -> int:
    """Height x width of an image where the network has it largest."""
    resized = (layer.size for layer in model.modules() if isinstance(layer, Resize))
    return max(height * width for height, width in (images.pixels.shape[-2:], *resized))


def stratified_sample(images: Images, size: int, seed: int) -> Images:
    """`size` of the images (all, if there are fewer), drawn by seed, each class with its share rounded up or down.

    Where labels are numbers instead of classes, all items count as one class.
    """
    count = len(images)
    if size >= count:
        return images
    labels = torch.zeros(count, dtype=torch.int64) if images.labels.is_floating_point() else images.labels.cpu()
    generator = torch.Generator().manual_seed(seed)
    shuffled = torch.randperm(count, generator=generator)
    quotas = torch.bincount(labels) * size / count
    taken = quotas.floor().long()
    remainders = (quotas - taken).argsort(descending=True, stable=True)
    taken[remainders[: size - int(taken.sum())]] += 1
    chosen = torch.cat([shuffled[labels[shuffled] == label][:number] for label, number in enumerate(taken.tolist())])
    chosen = chosen.sort().values.to(images.labels.device)
    return Images(images.pixels[chosen], images.labels[chosen])
