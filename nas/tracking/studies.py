"""What MLflow knows of a whole study: which run is which trial's, and how to be rid of it all."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlparse
from urllib.request import url2pathname

from nas.tracking.appearance import STUDY_TAG, UID_TAG
from nas.tracking.database import connect
from nas.tracking.mlflow_runs import active_runs

if TYPE_CHECKING:
    from mlflow.entities import Run


def find_run_ids(tracking_uri: str, study: str) -> dict[str, str]:
    """Ids of a study's runs by uid of the trial; empty if MLflow does not know the study. Imports mlflow: seconds.

    Raises:
        Exception: whatever MLflow raises, if it cannot be reached.
    """
    client = connect(tracking_uri)
    experiment = client.get_experiment_by_name(study)
    runs = () if experiment is None else active_runs(client, experiment.experiment_id)
    return {run.data.tags[UID_TAG]: run.info.run_id for run in runs if UID_TAG in run.data.tags}


def delete_runs(tracking_uri: str, study: str) -> int:
    """Delete a study's runs and their files, and its experiment, so that its name is free. Returns how many runs.

    MLflow only marks what is deleted, and keeps a deleted experiment's name: it is renamed first. `mlflow gc` frees
    the rows. An experiment in which others have runs too stays. Imports mlflow: seconds.

    Raises:
        Exception: whatever MLflow raises, if it cannot be reached.
    """
    client = connect(tracking_uri)
    experiment = client.get_experiment_by_name(study)
    if experiment is None:
        return 0
    if experiment.lifecycle_stage == "deleted":
        client.restore_experiment(experiment.experiment_id)  # else it could not be renamed
    runs = list(active_runs(client, experiment.experiment_id))
    ours = [run for run in runs if run.data.tags.get(STUDY_TAG) == study]
    for run in ours:
        client.delete_run(run.info.run_id)
        _delete_files(run)
    if len(ours) == len(runs) and experiment.tags.get(STUDY_TAG) == study:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        client.rename_experiment(experiment.experiment_id, f"{study} (deleted {now})")
        client.delete_experiment(experiment.experiment_id)
    return len(ours)


def _delete_files(run: "Run") -> None:
    """Delete the run's folder if it lies on this machine; a server looks after its own files."""
    address = urlparse(run.info.artifact_uri)
    if address.scheme not in ("", "file"):
        return
    folder = Path(url2pathname(address.path) if address.scheme else run.info.artifact_uri).parent
    if folder.name == run.info.run_id:
        shutil.rmtree(folder, ignore_errors=True)
