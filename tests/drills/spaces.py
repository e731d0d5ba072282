"""Spaces for drills, beside the plain one in `study.py`."""

HEAD = """
from nas import Adam, ConvNet, Digits, SearchSpace, TrialConfig, choice, log_uniform, maximize, minimize

def config(filters: int, lr: float = 1e-3) -> TrialConfig:
    model = ConvNet(conv_layers=1, filters=filters, kernel_size=3, dense_width=16, max_pool=True)
    return TrialConfig(data=Digits(), model=model, optimizer=Adam(lr=lr), epochs={epochs}, precision="fp32")
"""

ONE_OBJECTIVE = (
    HEAD
    + """
space = SearchSpace(
    name="{name}",
    template=config(choice(*range(4, 64)), log_uniform(1e-4, 1e-2)),
    objectives=(maximize("val_accuracy"),),
    baselines={{"four": config(4), "eight": config(8)}},
    references={{"seventy": config(70), "eighty": config(80)}},
)
"""
)
"""What Optuna keeps steps of, and prunes; with two references."""

NAMED = (
    HEAD
    + """
space = SearchSpace(
    name="{name}",
    template=config(choice(*range(4, 64)), log_uniform(1e-4, 1e-2)),
    objectives=(maximize("val_accuracy"), minimize("params")),
    baselines={{str(filters): config(filters) for filters in (4, 8, 16, 32)}},
    references={{"seventy": config(70)}},
)
"""
)
"""Four baselines and a reference, to be killed between."""
