"""Where the files of pretrained weights lie, and how they come there. Loads without torch."""

import re
import textwrap
from pathlib import Path

from nas.config import NETWORKS, Backbone, Model
from nas.data.download import short_wait
from nas.records import DataPlace

PUBLISHED = "imagenet"
"""What `Backbone.weights` says for the published ones."""
SUFFIXES = (".safetensors", ".pth", ".pt")
_LINE = 200


class WeightsError(ValueError):
    """Pretrained weights are absent, or do not fit the network."""


def weights_present(model: Model, place: DataPlace) -> bool:
    """Whether the weights that `model` names lie on this machine; True where it names none."""
    if not isinstance(model, Backbone) or model.weights is None:
        return True
    try:
        return weights_file(model, place) is not None
    except WeightsError:
        return False


def weights_file(model: Backbone, place: DataPlace) -> Path | None:
    """The file that `model.weights` names; None where there is none.

    Raises:
        WeightsError: a folder holds several that may be meant.
    """
    assert model.weights is not None
    if model.weights == PUBLISHED:
        folder = _folder(place)
        published = folder / NETWORKS[model.name].weights
        return published if published.is_file() else _in_folder(folder, model.name)
    path = Path(model.weights).expanduser()
    return path if path.is_file() else _in_folder(path, model.name)


def absent(model: Backbone, place: DataPlace, reason: str = "") -> WeightsError:
    """What to tell where there is no file. reason: why it could not be downloaded."""
    names = f"{model.name}{SUFFIXES[0]}, {SUFFIXES[1]} or {SUFFIXES[2]}"
    otherwise = "or say weights=None (--weights none) for random ones"
    if model.weights == PUBLISHED:
        why = f", and no download ({textwrap.shorten(reason, _LINE)})" if reason else ""
        published = NETWORKS[model.name].weights
        return WeightsError(
            f"{model.name}: its published weights are not in {_folder(place)}{why}; "
            f"put {published} or {names} there, {otherwise}"
        )
    path = model.weights
    is_folder = path is not None and Path(path).expanduser().is_dir()
    todo = f"put {names} there" if is_folder else "name a file, or a folder with such a file"
    return WeightsError(f"{model.name}: no weights at {path}; {todo}, {otherwise}")


def download_weights(model: Backbone, place: DataPlace) -> Path:
    """Bring the published weights of the network from its library's address into the data folder. Returns the file.

    Where the file's name holds a digest, it is checked.

    Raises:
        WeightsError: they cannot be had.
    """
    import torch

    file = _folder(place) / NETWORKS[model.name].weights
    digest = re.search(r"-([0-9a-f]{8,})\.", file.name)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with short_wait():
            torch.hub.download_url_to_file(
                _address(model.name), str(file), hash_prefix=digest and digest[1], progress=False
            )
    except (OSError, RuntimeError) as error:
        raise absent(model, place, str(error)) from None
    return file


def _address(name: str) -> str:
    """Where the library says that the weights are."""
    from nas.models.backbones.recipes import RECIPES

    recipe = RECIPES[name]
    if not recipe.timm:
        from torchvision.models import get_model_weights

        address: str = get_model_weights(recipe.builder).DEFAULT.url
        return address
    from huggingface_hub import hf_hub_url
    from timm import get_pretrained_cfg

    published = get_pretrained_cfg(recipe.builder)
    assert published is not None
    if NETWORKS[name].weights.endswith(".safetensors"):
        return hf_hub_url(str(published.hf_hub_id), "model.safetensors")
    return str(published.url)


def _folder(place: DataPlace) -> Path:
    return place.data_dir / "weights"


def _in_folder(folder: Path, name: str) -> Path | None:
    """NAME with a known suffix, else the only file whose name begins with NAME and a separator."""
    exact = (folder / f"{name}{suffix}" for suffix in SUFFIXES)
    found = next((path for path in exact if path.is_file()), None)
    if found is not None or not folder.is_dir():
        return found
    others = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and _network_of(path) == name)
    if len(others) > 1:
        names = " and ".join(path.name for path in others)
        raise WeightsError(f"{name}: {folder} holds {names}; name the file that is meant")
    return others[0] if others else None


def _network_of(path: Path) -> str | None:
    """The known network whose name the file's name begins with: the longest."""
    known = [name for name in NETWORKS if path.name.startswith(tuple(name + mark for mark in "_-."))]
    return max(known, key=len, default=None)
