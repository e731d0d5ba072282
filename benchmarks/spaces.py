"""A workload as a search space of nas: all its configs are baselines."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.workloads import Config, Workload
from nas import (
    Adam,
    Augmentation,
    Backbone,
    ConvNet,
    Data,
    Dense,
    Digits,
    Frozen,
    Head,
    ImageFolder,
    Model,
    SearchSpace,
    TrialConfig,
    choice,
)

AUGMENTATION = Augmentation(crop=4, flip="horizontal", rotation=15.0, zoom=0.1)
FILE = """from benchmarks.spaces import read_space

space = read_space({path!r})
"""


def space_file(workload: Workload, folder: Path) -> Path:
    """Write the workload into `folder`, as JSON data and as the file that `nas search` takes. Returns the latter."""
    data = folder / f"{workload.name}.json"
    data.write_text(json.dumps(workload.to_dict(), indent=1), encoding="utf-8")
    file = folder / f"{workload.name}.py"
    file.write_text(FILE.format(path=str(data)), encoding="utf-8")
    return file


def read_space(path: str) -> SearchSpace:
    """The space of the workload in a JSON file."""
    return space_of(Workload.from_dict(json.loads(Path(path).read_text(encoding="utf-8"))))


def space_of(workload: Workload) -> SearchSpace:
    """A template that holds every value of the configs, with the configs as baselines."""
    values = {name: [config[name] for config in workload.configs] for name in workload.configs[0]}
    template = trial_config(workload, {name: _hole(those) for name, those in values.items()})
    baselines = {f"{n:02d}": trial_config(workload, config) for n, config in enumerate(workload.configs)}
    return SearchSpace(name=workload.name, template=template, baselines=baselines)


def trial_config(workload: Workload, config: Config) -> TrialConfig:
    """One config (or with holes in it the template) as nas takes it."""
    rest = dict(config)
    lr = rest.pop("lr")
    return TrialConfig(
        data=_data(workload),
        model=_model(workload, rest),
        optimizer=Adam(lr=lr),
        augmentation=AUGMENTATION if workload.augmented else None,
        epochs=workload.epochs,
        batch_size=workload.batch_size,
    )


def _data(workload: Workload) -> Data:
    if workload.folder is None:
        return Digits(channels=3)
    return ImageFolder(path=workload.folder, image_size=None)


def _model(workload: Workload, rest: Config) -> Model:
    if workload.weights is None:
        return ConvNet(**rest)
    head = Head(dense=(Dense(width=rest["head_width"], dropout=rest["dropout"]),))
    weights = workload.weights
    return Backbone("mobilenet_v2", weights=weights, unfreeze=Frozen(), head=head, resize_to=workload.side)


def _hole(values: Sequence[Any]) -> Any:
    """The only value, or a choice of all that there are."""
    different = sorted(set(values))
    return choice(*different) if len(different) > 1 else different[0]
