"""Hyperparameter and architecture search for image classifiers. Loads without torch, ray or mlflow."""

from nas.config import (
    SGD,
    VGG19,
    Adam,
    Cifar10,
    Constant,
    ConvNet,
    Cosine,
    Data,
    Digits,
    EarlyStopping,
    FashionMnist,
    ImageFolder,
    Mnist,
    Model,
    Optimizer,
    ReduceOnPlateau,
    Schedule,
    TrialConfig,
)
from nas.records import Cost
from nas.space.config import Component, Config
from nas.space.factories import choice, integer, log_uniform, repeat, uniform
from nas.space.mistakes import SpaceError
from nas.space.objectives import (
    Constraint,
    Objective,
    constraint,
    max_flops,
    max_params,
    maximize,
    minimize,
)
from nas.space.search_space import SearchSpace

__version__ = "0.1.0"

__all__ = [
    "SGD", "VGG19", "Adam", "Cifar10", "Component", "Config", "Constant", "Constraint", "ConvNet", "Cosine", "Cost",
    "Data", "Digits", "EarlyStopping", "FashionMnist", "ImageFolder", "Mnist", "Model", "Objective", "Optimizer",
    "ReduceOnPlateau", "Schedule", "SearchSpace", "SpaceError", "TrialConfig", "choice", "constraint", "integer",
    "log_uniform", "max_flops", "max_params", "maximize", "minimize", "repeat", "uniform",
]  # fmt: skip
