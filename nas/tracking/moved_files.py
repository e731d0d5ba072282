"""An experiment whose folder is mounted elsewhere than it was: MLflow stores whole paths, and offers no way to change
them.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient


def find_moved_files(client: "MlflowClient", experiment: str, location: Path) -> None:
    """Let an experiment in a database keep its files in `location` from now on, and its runs find theirs there if that
    is where they are.
    """
    from mlflow.store.tracking.dbmodels.models import SqlExperiment, SqlRun

    with client._tracking_client.store.ManagedSessionMaker(read_only=False) as session:
        known = session.get(SqlExperiment, int(experiment))
        if known.artifact_location == str(location):
            return
        known.artifact_location = str(location)
        for run in session.query(SqlRun).filter(SqlRun.experiment_id == int(experiment)):
            now = location / run.run_uuid / "artifacts"
            if now.is_dir() and not Path(run.artifact_uri.removeprefix("file://")).is_dir():
                run.artifact_uri = str(now)
