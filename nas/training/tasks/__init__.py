"""What a network is trained for: its loss, its figures, and how its outputs are read."""

from nas.config import TrialConfig
from nas.data.splits import Splits
from nas.training.tasks.classification import Classification as Classification
from nas.training.tasks.regression import Regression as Regression
from nas.training.tasks.task import Evaluation as Evaluation
from nas.training.tasks.task import Task as Task


def task_of(config: TrialConfig, splits: Splits) -> Task:
    """The task of a config on its data."""
    if splits.target is not None:
        return Regression(*splits.target)
    return Classification(len(splits.info.class_names), config.regularisation.label_smoothing)
