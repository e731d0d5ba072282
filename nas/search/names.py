"""The samplers and schedulers by name, to be known without importing Optuna."""

SAMPLERS = ("tpe", "random", "grid", "gp", "nsga2", "cmaes", "qmc")
SCHEDULERS = ("asha", "median", "hyperband", "none")
EXTRA_TRIALS = 10
"""Sampler trials after the baselines when no total is given."""
