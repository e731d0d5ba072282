"""What does each choice in a small CNN do by itself?

The manual ablation changed several things between some rows of its table and trained each network once, so an effect
cannot be told from luck. Here one value of the base network is changed at a time, and every network is trained under
the same three seeds: the effect of a change is the mean difference of paired runs, with its confidence interval.

    nas search search_spaces/ablation_one_at_a_time.py --data FOLDER --epochs 100

FOLDER holds the photographs of the published study (eight kinds of outdoor scene), or name a data set such as cifar10.
"""

from nas import Adam, ConvNet, Digits, ReduceOnPlateau, SearchSpace, TrialConfig, choice, maximize, minimize

template = TrialConfig(
    data=Digits(channels=3),
    model=ConvNet(
        conv_layers=choice(1, 2, 4, 8),
        filters=choice(32, 64, 128, 256),
        kernel_size=choice(3, 5, 7, 9),
        dense_layers=choice(1, 2, 4),
        dense_width=choice(256, 512, 1024),
        batch_norm=choice(False, True),
        max_pool=choice(False, True),
        dropout=choice(0.0, 0.2),
    ),
    optimizer=Adam(lr=choice(1e-4, 1e-3)),
    schedule=ReduceOnPlateau(),
    epochs=4,  # the published protocol: --epochs 100
    replicates=3,
)

# Number 2 of the manual ablation: from here on its authors added width, dense layers and regularisation.
base = template.replace(
    model=ConvNet(conv_layers=4, filters=64, kernel_size=5, dense_layers=1, dense_width=1024),
    optimizer=Adam(lr=1e-3),
)

space = SearchSpace(
    name="ablation_one_at_a_time",
    template=template,
    objectives=(maximize("val_accuracy"), minimize("params")),
    baselines={"base": base},
    published={"base": {"train_accuracy": 0.856991, "test_accuracy": 0.850062, "params": 387_016}},
    sampler="ablation",
)
