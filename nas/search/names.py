"""The samplers and schedulers by name, to be known without importing Optuna."""

from nas.space.validation import SAMPLERS as SAMPLERS

SCHEDULERS = ("asha", "median", "hyperband", "none")
EXTRA_TRIALS = 10
"""Sampler trials after the baselines when no total is given."""
