"""How fast one trial trains on this machine, measured by a few real steps on random images."""

import time

import torch

from nas.config import TrialConfig
from nas.data.splits import Images
from nas.models.build import build_model
from nas.records import Shape
from nas.training.fit import train_epoch
from nas.training.memory import freed_memory_kept
from nas.training.optimizers import build_optimizer
from nas.training.precision import choose_precision, prepare_forward

STEP_FLOPS = 250e9
"""A measured step takes at most so many FLOPs (but two images): a second or three of one thread. Smaller batches than
the config's make a network look slower than it is."""
MEASURABLE_FLOPS = int(STEP_FLOPS / (3 * 8))
"""FLOPs of a forward pass of one image above which a step would have fewer than 8 images."""


def seconds_per_image(config: TrialConfig, shape: Shape, classes: int, flops: int, seconds: float = 0.3) -> float:
    """Seconds that training takes for each image, with one thread or on the card.

    On a processor these are seconds of its own, as if nothing else ran there. flops: of one forward pass of one image.
    seconds: how long to measure, at least one step, after a small one to warm up.

    Raises:
        DoesNotFit: the network cannot take images of this shape.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with freed_memory_kept():
            return _measure(config, _random_images(config, shape, classes, flops, device), shape, classes, seconds)
    finally:
        torch.set_num_threads(threads)


def _random_images(config: TrialConfig, shape: Shape, classes: int, flops: int, device: torch.device) -> Images:
    count = max(2, min(config.batch_size, int(STEP_FLOPS / (3 * max(flops, 1)))))
    pixels = torch.randint(0, 256, (count, *shape), dtype=torch.uint8, device=device)
    return Images(pixels, torch.randint(0, classes, (count,), device=device))


def _measure(config: TrialConfig, images: Images, shape: Shape, classes: int, seconds: float) -> float:
    device = images.pixels.device
    model = build_model(config.model, shape, classes).to(device)
    forward = prepare_forward(model, lambda pixels: pixels.float() / 255, choose_precision(config.precision, device))
    optimizer = build_optimizer(config.optimizer, model)
    clock = time.perf_counter if device.type == "cuda" else time.process_time
    order = torch.arange(len(images), device=device)

    def step(count: int) -> None:
        train_epoch(forward, optimizer, images, len(images), order[:count]).item()  # waits for the device

    step(2)
    steps, started = 0, clock()
    while (elapsed := clock() - started) < seconds or steps == 0:
        step(len(images))
        steps += 1
    return elapsed / (steps * len(images))
