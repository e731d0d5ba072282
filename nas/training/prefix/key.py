"""What decides the features of images, as the name of a file."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from nas.models.backbones import BackboneNet
from nas.training.prefix.cut import Cut, prefix_modules

FORMAT = 1
"""Raised when the way from images to features changes: what was computed before is computed again."""


def key_of(net: BackboneNet, cut: Cut, rows: Tensor, others: Mapping[str, Any]) -> str:
    """A name for the features of these rows of the data (int64): 32 hexadecimal digits over the prefix with its
    weights, the rows and all `others` (JSON data).
    """
    modules = prefix_modules(net, cut)
    described = {path: repr(module) for path, module in modules.items()}
    head = [FORMAT, net.name, cut.units, cut.shape, cut.pooled, described, torch.__version__, dict(others)]
    digest = hashlib.sha256(json.dumps(head, sort_keys=True).encode())
    digest.update(as_bytes(rows))
    for tensor in _state(modules.values()):
        digest.update(as_bytes(tensor))
    return digest.hexdigest()[:32]


def hash_of(tensor: Tensor) -> str:
    """16 hexadecimal digits over the values of a tensor."""
    return hashlib.sha256(as_bytes(tensor)).hexdigest()[:16]


def as_bytes(tensor: Tensor) -> memoryview:
    """The values of a tensor, in the order of its dimensions."""
    return tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data


def _state(modules: Any) -> list[Tensor]:
    return [tensor for module in modules for tensor in (*module.parameters(), *module.buffers())]
