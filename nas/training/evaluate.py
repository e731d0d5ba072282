"""What a network says of a part of the data, and samples to ask it about."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from nas.data.batches import batches
from nas.data.splits import Images
from nas.models.layers import Resize
from nas.training.out_of_memory import first_line, free_memory, is_out_of_memory
from nas.training.precision import Forward

BATCH_PIXELS = 2**18
"""Pixels of one evaluation batch: enough to keep a device busy, small beside what a training step keeps in memory.
Where a network enlarges its images, they count at that size."""
MOST_IMAGES = 1024
_CARD_PIXELS, _CARD_IMAGES = 2, 8
"""A card takes so many times as many at once, and is not kept waiting for the next of many short batches."""


def outputs_of(forward: Forward, images: Images) -> Iterator[tuple[Tensor, Tensor]]:
    """Outputs (float32 [n, outputs]) and labels [n], batch by batch in the images' order.

    The model is put into evaluation mode and left in it. Call it in inference mode. Where memory runs out, fewer images
    go through the network together.

    Raises:
        MemoryError: not even one image does.
    """
    forward.model.eval()
    parts = 1
    for pixels, labels in batches(images, batch_size(forward.model, images)):
        while (outputs := _try(forward, pixels, parts)) is None:
            parts *= 2
            free_memory(pixels.device)
        yield outputs, labels


def batch_size(model: nn.Module, images: Images) -> int:
    """How many of the images are evaluated together."""
    on_card = images.device.type == "cuda"
    pixels = BATCH_PIXELS * (_CARD_PIXELS if on_card else 1)
    most = MOST_IMAGES * (_CARD_IMAGES if on_card else 1)
    return max(1, min(most, pixels // _pixels_inside(model, images)))


def _try(forward: Forward, pixels: Tensor, parts: int) -> Tensor | None:
    """The outputs of a batch that goes through the network in so many parts; None where memory does not do for that."""
    try:
        return torch.cat([forward(some) for some in pixels.tensor_split(min(parts, len(pixels)))])
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        if parts >= len(pixels):
            raise MemoryError(f"not even one image fits when it is measured: {first_line(error)}") from error
    return None


def _pixels_inside(model: nn.Module, images: Images) -> int:
    """Height x width of an image where the network has it largest."""
    resized = (layer.size for layer in model.modules() if isinstance(layer, Resize))
    return max(height * width for height, width in (images.shape[-2:], *resized))


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
    return images.take(chosen.sort().values)
