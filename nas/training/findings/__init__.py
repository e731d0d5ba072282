"""What a finished trial found, for people: tables and pictures in a folder."""

from pathlib import Path
from typing import Any

from nas.config import TrialConfig
from nas.data.splits import Splits
from nas.training.findings.classification import write_classification
from nas.training.findings.regression import write_regression
from nas.training.tasks import Evaluation


def write(folder: Path, test: Evaluation, splits: Splits, config: TrialConfig) -> dict[str, Any]:
    """Write tables and pictures of a trial into `folder`, which is made. test: what `Task.evaluate` says of that part.

    The same trial gives the same files. Without matplotlib there are tables, and pictures of images only.

    Returns:
        What the ledger keeps of them, as small JSON data.

    Raises:
        OSError: something could not be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if splits.target is not None:
        return write_regression(folder, test, splits.target, config)
    return write_classification(folder, test, splits, config)
