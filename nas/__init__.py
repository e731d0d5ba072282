"""Hyperparameter and architecture search for image classifiers.

The names below are loaded when they are first used, so that `nas --help` is instant; none of them loads torch, ray or
mlflow.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nas.config import MLP as MLP
    from nas.config import SGD as SGD
    from nas.config import VGG19 as VGG19
    from nas.config import Adadelta as Adadelta
    from nas.config import Adam as Adam
    from nas.config import AdamW as AdamW
    from nas.config import All as All
    from nas.config import Augmentation as Augmentation
    from nas.config import AveragePool as AveragePool
    from nas.config import Backbone as Backbone
    from nas.config import Cifar10 as Cifar10
    from nas.config import Constant as Constant
    from nas.config import ConvNet as ConvNet
    from nas.config import Cosine as Cosine
    from nas.config import CosineRestarts as CosineRestarts
    from nas.config import Data as Data
    from nas.config import Dense as Dense
    from nas.config import Diabetes as Diabetes
    from nas.config import Digits as Digits
    from nas.config import EarlyStopping as EarlyStopping
    from nas.config import FashionMnist as FashionMnist
    from nas.config import Frozen as Frozen
    from nas.config import Head as Head
    from nas.config import ImageData as ImageData
    from nas.config import ImageFolder as ImageFolder
    from nas.config import LeNet5 as LeNet5
    from nas.config import MaxPool as MaxPool
    from nas.config import Mnist as Mnist
    from nas.config import Model as Model
    from nas.config import OneCycle as OneCycle
    from nas.config import Optimizer as Optimizer
    from nas.config import Phase as Phase
    from nas.config import Pool as Pool
    from nas.config import ReduceOnPlateau as ReduceOnPlateau
    from nas.config import Regularisation as Regularisation
    from nas.config import RMSprop as RMSprop
    from nas.config import Schedule as Schedule
    from nas.config import Slice as Slice
    from nas.config import Stage as Stage
    from nas.config import StagedNet as StagedNet
    from nas.config import Step as Step
    from nas.config import Table as Table
    from nas.config import Tabular as Tabular
    from nas.config import Top as Top
    from nas.config import TrialConfig as TrialConfig
    from nas.config import Unfreeze as Unfreeze
    from nas.records import Cost as Cost
    from nas.space.config import Component as Component
    from nas.space.config import Config as Config
    from nas.space.factories import choice as choice
    from nas.space.factories import integer as integer
    from nas.space.factories import log_uniform as log_uniform
    from nas.space.factories import repeat as repeat
    from nas.space.factories import uniform as uniform
    from nas.space.mistakes import SpaceError as SpaceError
    from nas.space.objectives import Constraint as Constraint
    from nas.space.objectives import Objective as Objective
    from nas.space.objectives import constraint as constraint
    from nas.space.objectives import max_flops as max_flops
    from nas.space.objectives import max_params as max_params
    from nas.space.objectives import maximize as maximize
    from nas.space.objectives import minimize as minimize
    from nas.space.search_space import SearchSpace as SearchSpace

__version__ = "0.1.0"

_HOMES = {
    "nas.config": (
        "Adadelta", "Adam", "AdamW", "All", "Augmentation", "AveragePool", "Backbone", "Cifar10", "Constant",
        "ConvNet", "Cosine", "CosineRestarts", "Data", "Dense", "Diabetes", "Digits", "EarlyStopping",
        "FashionMnist", "Frozen", "Head", "ImageData", "ImageFolder", "LeNet5", "MLP", "MaxPool", "Mnist",
        "Model", "OneCycle", "Optimizer", "Phase", "Pool", "RMSprop", "ReduceOnPlateau", "Regularisation",
        "SGD", "Schedule", "Slice", "Stage", "StagedNet", "Step", "Table", "Tabular", "Top", "TrialConfig",
        "Unfreeze", "VGG19",
    ),
    "nas.records": ("Cost",),
    "nas.space.config": ("Component", "Config"),
    "nas.space.factories": ("choice", "integer", "log_uniform", "repeat", "uniform"),
    "nas.space.mistakes": ("SpaceError",),
    "nas.space.objectives": (
        "Constraint", "Objective", "constraint", "max_flops", "max_params", "maximize", "minimize",
    ),
    "nas.space.search_space": ("SearchSpace",),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = list(_HOME_OF)


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'nas' has no attribute {name!r}")
    value: object = getattr(import_module(_HOME_OF[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
