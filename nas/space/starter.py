"""The space file that `nas new NAME` writes."""

import json

from nas.space.mistakes import SpaceError
from nas.space.names import name_mistakes

_STARTER = '''"""Which small network earns its parameters best? Put your own question here.

`nas show FILE` prints this space before anything runs; `nas search FILE` runs it; the same command again goes on.
"""

from nas import (
    SGD,
    Adam,
    ConvNet,
    Digits,
    ReduceOnPlateau,
    SearchSpace,
    TrialConfig,
    choice,
    integer,
    log_uniform,
    max_params,
    maximize,
    minimize,
    uniform,
)

# An ordinary config in which some values are left open. A hole is named by its path: model.convnet.filters.
template = TrialConfig(
    data=Digits(),  # also Cifar10(), Mnist(), FashionMnist(), ImageFolder(path="..."); --data changes it for one run
    model=ConvNet(
        conv_layers=integer(1, 6),  # a whole number, both ends included
        filters=choice(16, 32, 64, 128),  # one of these, in no order
        kernel_size=choice(3, 5),
        max_pool=choice(False, True),
        dropout=uniform(0.0, 0.4, step=0.1),
    ),
    optimizer=choice(  # the holes of a branch exist only where it is chosen
        Adam(lr=log_uniform(1e-4, 1e-2)),
        SGD(lr=log_uniform(1e-3, 1.0)),
    ),
    schedule=ReduceOnPlateau(),
    epochs=8,
)

space = SearchSpace(
    name=NAME,
    template=template,
    objectives=(maximize("val_accuracy"), minimize("params")),  # one or several
    constraints=(max_params(2_000_000),),  # what breaks one is never trained
    baselines={  # tried first; each lies inside the space
        "small": template.replace(model=ConvNet(conv_layers=2, filters=32, max_pool=True), optimizer=Adam()),
    },
)
'''


def starter(name: str) -> str:
    """The text of a commented space file to start from, for a study of that name.

    Raises:
        SpaceError: the name cannot name a study.
    """
    mistakes = list(name_mistakes(name))
    if mistakes:
        raise SpaceError(mistakes)
    return _STARTER.replace("NAME", json.dumps(name, ensure_ascii=False), 1)
