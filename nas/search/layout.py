"""Where things lie under the home folder: every path in one place."""

from dataclasses import dataclass
from pathlib import Path

from nas.job import FEATURES
from nas.records import DataPlace


@dataclass(frozen=True)
class Layout:
    """The folders of one home. `data_dir` may lie elsewhere."""

    home: Path
    data_dir: Path

    @property
    def storage_url(self) -> str:
        """The default Optuna storage."""
        return f"sqlite:///{self.home / 'optuna.db'}"

    @property
    def tracking_uri(self) -> str:
        """The default MLflow tracking store."""
        return f"sqlite:///{self.home / 'mlflow.db'}"

    @property
    def mlflow_artifacts(self) -> Path:
        """What MLflow stores beside its figures. No study's name starts with a dot."""
        return self.home / "artifacts" / ".mlflow"

    @property
    def place(self) -> DataPlace:
        """Where data sets and decoded images lie."""
        return DataPlace(self.data_dir, self.home / "cache")

    @property
    def ray(self) -> Path:
        """Ray Tune's own files: never read again, deleted after the run."""
        return self.home / "cache" / "ray"

    @property
    def features(self) -> Path:
        """What frozen layers make of images, kept for all trials."""
        return self.place.cache / FEATURES

    def gallery(self, study: str) -> Path:
        """Pictures of a study's data, until they are in the tracking store."""
        return self.home / "cache" / "gallery" / study

    def checkpoints(self, study: str, number: int) -> Path:
        """A running trial's checkpoints."""
        return self.home / "checkpoints" / study / f"{number:05d}"

    def weights(self, study: str, number: int) -> Path:
        """A finished trial's weights and config."""
        return self.home / "artifacts" / study / f"{number:05d}"
