"""`--gpus-per-trial auto`: the largest of a space's networks is trained for a moment, and cards are shared by that."""

from math import prod

import ray

from nas.config import TrialConfig
from nas.data.shape import shape_of
from nas.records import DataInfo, DataPlace
from nas.search.drawing import Measure
from nas.search.executors.card_memory import CardMemory, measure_steps
from nas.search.executors.cards import CardShare, Need, share_of_card
from nas.search.executors.cluster import alive_nodes
from nas.search.largest import largest_config
from nas.search.preparation import seed_of
from nas.space.search_space import SearchSpace

SECONDS_TO_MEASURE = 180.0
"""After so long without an answer nothing is known; importing torch and the first CUDA call take most of the time."""


def share_by_memory(space: SearchSpace, measure: Measure, place: DataPlace, data: DataInfo | None) -> CardShare | None:
    """The part of a card for each trial of the space; None where no node has a card. Waits for the measurement.

    Where nothing is known of the memory each trial has a card to itself.
    """
    nodes = alive_nodes()
    if not any(node.get("GPU") for node in nodes):
        return None
    largest = largest_config(space, measure, seed_of(space))
    if largest is None:
        return CardShare(1.0, "what the trials need of a card cannot be known beforehand")
    memory = _measured(largest.config, place, data)
    if memory is None:
        return CardShare(1.0, "what the trials need could not be measured on a card")
    step, how = (memory.step, "measured") if memory.step is not None else (largest.estimate, "estimated")
    share = share_of_card(Need(step, memory.data, memory.free), nodes)
    return CardShare(share.gpus, f"the largest of {largest.among} networks {share.why} ({how})")


def _measured(config: TrialConfig, place: DataPlace, data: DataInfo | None) -> CardMemory | None:
    """What the config takes of a card, in a worker that has one to itself; None where that did not come about."""
    shape, outputs = shape_of(config.data, place)
    images = sum(data.counts.values()) if data else 0
    task = ray.remote(measure_steps).options(num_cpus=1, num_gpus=1, max_retries=0)
    try:
        found: CardMemory = ray.get(
            task.remote(config, shape, outputs, images * prod(shape)), timeout=SECONDS_TO_MEASURE
        )
    except ray.exceptions.RayError:  # no answer in time, or the worker died
        return None
    return found
