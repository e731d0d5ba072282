"""Pretrained weights of backbones: found or downloaded, checked, and loaded."""

import pickle
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from nas.config import NETWORKS, Backbone, Head, Model
from nas.models.backbones import BackboneNet, build_backbone
from nas.models.backbones.published import adapt_channels, stem
from nas.models.backbones.recipes import RECIPES
from nas.models.weight_files import PUBLISHED, WeightsError, absent, download_weights, weights_file, weights_present
from nas.records import DataPlace

__all__ = ["WeightsError", "input_moments", "load_pretrained", "prepare_weights", "weights_present"]

State = dict[str, Tensor]

_NAMED = 3
_GIVE_TENSORS = "give one of tensors by name, as safetensors or a state dict"
_AUXILIARY = ("aux1.", "aux2.", "AuxLogits.")
"""Classifiers that the two oldest Inception networks have for training from scratch; they are not built."""
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|conv))\.([12])\.")


def input_moments(model: Model) -> tuple[tuple[float, ...], tuple[float, ...]] | None:
    """Mean and deviation of red, green and blue, for pixels in [0, 1], that the pretrained weights of `model` expect.

    None: it has no pretrained weights.
    """
    if not isinstance(model, Backbone) or model.weights is None:
        return None
    return RECIPES[model.name].moments


def prepare_weights(model: Model, place: DataPlace) -> None:
    """Find the weights that `model` names, or download them, and check that they fit its backbone.

    For the driver, before any trial starts.

    Raises:
        WeightsError: one line that says which file to put where, or to say weights=None, or what does not fit.
    """
    if not isinstance(model, Backbone) or model.weights is None:
        return
    file = weights_file(model, place)
    if file is None:
        if model.weights != PUBLISHED:
            raise absent(model, place)
        file = download_weights(model, place)
    side = NETWORKS[model.name].input
    with torch.device("meta"):
        backbone = build_backbone(Backbone(model.name, head=Head()), (3, side, side), classes=1)
    fitting_weights(backbone, read_weights(file), file)


def load_pretrained(module: nn.Module, model: Model, place: DataPlace) -> None:
    """Load the weights that `model` names into its network; nothing for a model without any.

    All of the backbone must be in the file, in its shapes. Of the network's own classifier, layers that the file lacks
    and an output for other classes keep their random weights.

    Raises:
        WeightsError: the file is absent, is none, or holds other weights.
    """
    if not isinstance(model, Backbone) or model.weights is None:
        return
    assert isinstance(module, BackboneNet)
    file = weights_file(model, place)
    if file is None:
        raise absent(model, place)
    module.network.load_state_dict(fitting_weights(module, read_weights(file), file), strict=False)


def fitting_weights(net: BackboneNet, state: State, file: Path) -> State:
    """What of `state` belongs into the library's network of `net`, its first convolution for the channels there.

    Raises:
        WeightsError: names what is missing, unknown or of another shape.
    """
    wanted = net.network.state_dict()
    classifier = tuple(f"{child}." for child in RECIPES[net.name].classifier)
    state = {_OLD_DENSENET.sub(r"\1\2.", key): weights for key, weights in state.items()}
    state = {key: weights for key, weights in state.items() if not key.startswith(_AUXILIARY)}
    first = f"{stem(net.network)[0]}.weight"
    if first in state and state[first].ndim == 4 and state[first].shape[1] == 3:
        state[first] = adapt_channels(state[first], wanted[first].shape[1])
    output = _output_layer(net.network, classifier)
    if output and state.get(f"{output}.weight", wanted[f"{output}.weight"]).shape != wanted[f"{output}.weight"].shape:
        state = {key: weights for key, weights in state.items() if not key.startswith(f"{output}.")}
    missing = [key for key in wanted if key not in state and not key.startswith(classifier)]
    missing = [key for key in missing if not key.endswith("num_batches_tracked")]  # older files have none
    unknown = [key for key in state if key not in wanted and not key.startswith(classifier)]
    shared = [key for key in state if key in wanted]
    others = [_both(key, state, wanted) for key in shared if state[key].shape != wanted[key].shape]
    told = [*_told(missing, "missing"), *_told(unknown, "unknown"), *_told(others, "of another shape")]
    if told:
        todo = f"give weights of {net.name}, or a folder that holds some as {net.name}.pth"
        raise WeightsError(f"{file}: does not fit {net.name}: {'; '.join(told)}; {todo}")
    return {key: state[key] for key in shared}


def _output_layer(network: nn.Module, classifier: tuple[str, ...]) -> str | None:
    """Path of the layer that makes the logits; None where the network's own classifier is cut off."""
    layers = (path for path, layer in network.named_modules() if isinstance(layer, nn.Linear | nn.Conv2d))
    return next(reversed([path for path in layers if f"{path}.".startswith(classifier)]), None)


def _both(key: str, state: State, wanted: State) -> str:
    there, here = (" x ".join(map(str, kept[key].shape)) or "one number" for kept in (state, wanted))
    return f"{key}: {there} instead of {here}"


def _told(keys: Iterable[str], what: str) -> Iterator[str]:
    """How many there are, and the first few."""
    named = list(keys)
    if named:
        yield f"{len(named)} {what} ({', '.join(named[:_NAMED])}{', ...' if len(named) > _NAMED else ''})"


def read_weights(file: Path) -> State:
    """The tensors of a file, by name.

    Raises:
        WeightsError: it holds no such thing.
    """
    try:
        if file.suffix == ".safetensors":
            from safetensors.torch import load_file

            return load_file(file)
        state = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # each reader has errors of its own for what is no file of weights
        raise WeightsError(f"{file}: is no file of weights ({_why_unread(error)}); {_GIVE_TENSORS}") from None
    if not isinstance(state, dict) or not all(isinstance(weights, Tensor) for weights in state.values()):
        raise WeightsError(f"{file}: is no file of weights (no tensors by name); {_GIVE_TENSORS}")
    return state


def _why_unread(error: Exception) -> str:
    if isinstance(error, pickle.UnpicklingError):  # torch's own words go on for a page
        return "a pickle of more than tensors, which is not run, or damaged"
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:100]
