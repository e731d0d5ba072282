"""How far does an MLP get on images, and does it want penalties or normalisation?

Two kinds are tuned side by side with mini-batch SGD, with equally many trials each: one held back by L1 and L2, one by
dropout and batch norm. No figures were published; the leaderboard says which did better.

    nas search search_spaces/mlp_cifar10.py --data cifar10 --epochs 30 --trials 60
"""

from nas import MLP, SGD, Dense, Digits, SearchSpace, TrialConfig, choice, log_uniform, repeat, uniform

penalised = MLP(
    layers=repeat(Dense(width=choice(128, 256, 512)), 1, 3),
    l1=log_uniform(1e-7, 1e-4),
    l2=log_uniform(1e-6, 1e-3),
)
normalised = MLP(
    layers=repeat(Dense(width=choice(128, 256, 512), batch_norm="before", dropout=uniform(0.0, 0.6)), 1, 3),
    input_dropout=uniform(0.0, 0.3),
)

template = TrialConfig(
    data=Digits(channels=3),
    model=choice(penalised, normalised, labels=("penalised", "normalised")),
    optimizer=SGD(lr=log_uniform(1e-3, 0.3), momentum=uniform(0.0, 0.95)),
    epochs=15,
    batch_size=choice(32, 128, 512),
    replicates=2,
)


def start(model: MLP) -> TrialConfig:
    return template.replace(model=model, optimizer=SGD(lr=0.05, momentum=0.9), batch_size=128)


wide = (Dense(width=512), Dense(width=256))
wide_normalised = tuple(layer.replace(batch_norm="before", dropout=0.3) for layer in wide)
space = SearchSpace(
    name="mlp_cifar10",
    template=template,
    baselines={
        "penalised": start(MLP(layers=wide, l1=1e-6, l2=1e-4)),
        "normalised": start(MLP(layers=wide_normalised, input_dropout=0.1)),
    },
    balanced="model",
)
