"""A trained network on disk: its weights, the config that it was built from, and what its images must look like.

Nothing in these files runs when they are read: tensors are in the safetensors format, all else is JSON.
"""

import json
from pathlib import Path
from typing import Any, BinaryIO

from torch import nn

from nas.config import TrialConfig
from nas.data.splits import Splits
from nas.job import WEIGHTS, kept_weights
from nas.models.build import build_model
from nas.models.pretrained import read_weights
from nas.models.weight_files import WeightsError
from nas.space.config import from_dict, to_dict
from nas.training.checkpoint import write_file
from nas.training.scaling import Scaling
from nas.training.tensor_file import write_tensors

CONFIG, DATA = "config.json", "data.json"
_FACTS = ("task", "shape", "class_names", "digest")
"""Without these, no network can be built or judged; what else a file holds has come with later versions."""


def save_model(folder: Path, model: nn.Module, config: TrialConfig, splits: Splits, scaling: Scaling) -> None:
    """Write what `load_model` reads into `folder`; the weights come last, so that with them all is there.

    config: with the seed that these weights were trained and their data was split under.

    Raises:
        OSError: it could not be written.
    """
    data = {
        "task": config.data.task,
        "shape": splits.info.shape,
        "class_names": splits.info.class_names,
        **scaling.to_data(),
        "target": splits.target,
        "digest": splits.info.digest,
        "counts": dict(splits.info.counts),
    }
    _write_json(folder, CONFIG, to_dict(config))
    _write_json(folder, DATA, data)

    def write(file: BinaryIO) -> str:
        write_tensors(file, model.state_dict())
        return WEIGHTS[0]

    write_file(folder, write)


def load_model(folder: Path) -> tuple[nn.Module, TrialConfig, dict[str, Any]]:
    """The network that a trial left in `folder`, in evaluation mode on the CPU, its config (with the seed of the
    replicate that was kept), and its data's facts: `task`, `shape` (C, H, W), `class_names`, what `Scaling.from_data`
    reads (`mean`, `std`, `scale`), `digest`, `counts`; `target`: mean and deviation of the train part's targets, for
    the network gives standardised ones (None for classes).

    A model of one's own must be imported first, so that its kind is known.

    Raises:
        FileNotFoundError: the config or the data's facts are missing.
        WeightsError: a file is damaged, or the weights are missing, a pickle of something else, or of another network.
        SpaceError: the config does not fit this version, or its model's kind is unknown.
    """
    config: TrialConfig = from_dict(TrialConfig, _read_json(folder / CONFIG))
    data = _read_json(folder / DATA)
    if lacking := [name for name in _FACTS if name not in data]:
        raise WeightsError(f"{folder / DATA}: has no {lacking[0]!r}; train the trial again")
    outputs = 1 if data["task"] == "regression" else len(data["class_names"])
    model = build_model(config.model, tuple(data["shape"]), outputs)
    file = kept_weights(folder) or folder / WEIGHTS[0]
    try:
        model.load_state_dict(read_weights(file))
    except RuntimeError as error:
        why = str(error).strip().splitlines()[-1].strip()
        raise WeightsError(f"{file}: does not fit the network of its {CONFIG} ({why}); train the trial again") from None
    return model.eval(), config, data


def _write_json(folder: Path, name: str, data: dict[str, Any]) -> None:
    def write(file: BinaryIO) -> str:
        file.write(json.dumps(data, indent=2).encode())
        return name

    write_file(folder, write)


def _read_json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WeightsError(f"{path}: is damaged ({error}); train the trial again") from None
    if not isinstance(data, dict):
        raise WeightsError(f"{path}: is damaged (no JSON object); train the trial again")
    return data
