"""How large a network do a few hundred rows of a table pay for?

The course's example is the table of Boston house prices: predict a price (MEDV) from 13 columns; no figures were
published. Any table will do; the default is scikit-learn's diabetes table. The reference has no hidden layer, which is
linear regression: what a network gains over it is what its parameters earn.

    nas search search_spaces/house_prices.py --data FILE.csv --target MEDV

A few hundred rows say little by one split and one seed, so each network is trained under three.
"""

from nas import MLP, Adam, Dense, Diabetes, ReduceOnPlateau, SearchSpace, TrialConfig
from nas import choice, log_uniform, maximize, minimize, repeat

template = TrialConfig(
    data=Diabetes(),
    model=MLP(
        layers=repeat(Dense(width=choice(4, 8, 16, 32, 64), dropout=choice(0.0, 0.1, 0.3)), 1, 3),
        l2=log_uniform(1e-6, 1e-1),
    ),
    optimizer=Adam(lr=log_uniform(1e-3, 3e-2)),
    schedule=ReduceOnPlateau(metric="val_r2", patience=10),
    epochs=60,
    batch_size=32,
    replicates=3,
)


def mlp(*widths: int) -> TrialConfig:
    model = MLP(layers=tuple(Dense(width=width) for width in widths), l2=1e-4)
    return template.replace(model=model, optimizer=Adam(lr=1e-2))


space = SearchSpace(
    name="house_prices",
    template=template,
    objectives=(maximize("val_r2"), minimize("params")),
    baselines={"one layer of 16": mlp(16), "two layers of 64": mlp(64, 64)},
    references={"linear": mlp()},
)
