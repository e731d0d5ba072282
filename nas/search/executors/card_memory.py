"""What a trial takes of a card's memory, measured by two training steps in a worker that has the card to itself."""

from typing import NamedTuple

from nas.config import TrialConfig
from nas.records import Shape

DEVICE = "cuda"


class CardMemory(NamedTuple):
    """step: the most bytes that tensors took at once; None if the network could not be trained. data: bytes of images
    that stay on the card. free: bytes that the card had free before.
    """

    step: int | None
    data: int
    free: int


def measure_steps(config: TrialConfig, shape: Shape, classes: int, data_bytes: int) -> CardMemory:
    """Train a network twice on one batch of noise, on the card of this process. data_bytes: of all images."""
    import torch

    from nas.data.residence import RESIDENT_SHARE
    from nas.models.build import build_model
    from nas.training.speed import random_splits
    from nas.training.training import Training

    device = torch.device(DEVICE)
    free, _ = torch.cuda.mem_get_info(device)
    data = data_bytes if data_bytes <= RESIDENT_SHARE * free else 0
    try:
        config = config.replace(model=config.trained_model, phases=())
        splits = random_splits(config, shape, classes, config.batch_size, device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        training = Training(build_model(config.model, shape, classes).to(device), splits, config)
        order = torch.arange(len(splits.train), device=device)
        for _ in range(2):  # the optimizer's moments come with the first
            training.train(order).item()
        return CardMemory(torch.cuda.max_memory_allocated(device) - before, data, free)
    except Exception:  # of a network of the user's own, say, whose trials will tell what is wrong with it
        return CardMemory(None, data, free)
