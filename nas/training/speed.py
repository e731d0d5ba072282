"""How fast one trial trains on this machine, measured by a few real steps on random images."""

import time

import torch

from nas.config import TrialConfig
from nas.data.splits import Images, Splits
from nas.models.build import build_model
from nas.records import DataInfo, Shape
from nas.training.memory import freed_memory_kept
from nas.training.training import Training

STEP_FLOPS = 250e9
"""A measured step takes at most so many FLOPs (but two images): a second or three of one thread. Smaller batches than
the config's make a network look slower than it is."""
MEASURABLE_FLOPS = int(STEP_FLOPS / (3 * 8))
"""FLOPs of a forward pass of one image above which a step would have fewer than 8 images."""


def seconds_per_image(config: TrialConfig, shape: Shape, classes: int, flops: int, seconds: float = 0.3) -> float:
    """Seconds that training takes for each image, with one thread or on the card.

    On a processor these are seconds of its own, as if nothing else ran there. Pretrained weights are not loaded; of
    several phases the last is measured. flops: of one forward pass of one image. seconds: how long to measure, at
    least one step, after a small one to warm up.

    Raises:
        DoesNotFit: the network cannot take images of this shape.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    config = config.replace(model=config.trained_model, phases=())
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with freed_memory_kept():
            count = max(2, min(config.batch_size, int(STEP_FLOPS / (3 * max(flops, 1)))))
            return _measure(config, random_splits(config, shape, classes, count, device), shape, classes, seconds)
    finally:
        torch.set_num_threads(threads)


def random_splits(config: TrialConfig, shape: Shape, classes: int, count: int, device: torch.device) -> Splits:
    """So many images of noise as every part of the data."""
    pixels = torch.randint(0, 256, (count, *shape), dtype=torch.uint8, device=device)
    labels = torch.randint(0, classes, (count,), device=device)
    info = DataInfo(shape, tuple(map(str, range(classes))), {}, digest="")
    mean, std = torch.full((2, shape[0]), 0.5, device=device)
    if config.data.task == "regression":
        numbers = Images(pixels.float(), labels.float())
        return Splits(numbers, numbers, numbers, info, mean, std, target=(0.0, 1.0))
    images = Images(pixels, labels)
    return Splits(images, images, images, info, mean, std)


def _measure(config: TrialConfig, splits: Splits, shape: Shape, classes: int, seconds: float) -> float:
    device = splits.train.device
    model = build_model(config.model, shape, classes).to(device)
    training = Training(model, splits, config)
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    order = torch.arange(len(splits.train), device=device)

    training.train(order[:2]).item()  # .item() waits for the device
    steps, started = 0, clock()
    while (elapsed := clock() - started) < seconds or steps == 0:
        training.train(order).item()
        steps += 1
    return elapsed / (steps * len(order))
