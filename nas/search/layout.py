"""Where things lie under the home folder: every path in one place."""

from dataclasses import dataclass
from pathlib import Path

from nas.job import FEATURES
from nas.records import DataPlace
from nas.space.names import folder_name


@dataclass(frozen=True)
class Layout:
    """The folders of one home. `data_dir` may lie elsewhere, and so may what outlives the machine.

    artifacts: what holds weights, checkpoints and MLflow's files; None is the home folder. No path below it is stored,
    so that it may be mounted somewhere else the next time. skip_bad: see `DataPlace`.
    """

    home: Path
    data_dir: Path
    artifacts: Path | None = None
    skip_bad: bool = False

    @property
    def lasting(self) -> Path:
        """The folder of weights, checkpoints and MLflow's files."""
        return self.home if self.artifacts is None else self.artifacts

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
        return self.lasting / "artifacts" / ".mlflow"

    @property
    def place(self) -> DataPlace:
        """Where data sets and decoded images lie."""
        return DataPlace(self.data_dir, self.home / "cache", self.skip_bad)

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
        return self.home / "cache" / "gallery" / folder_name(study)

    def checkpoints(self, study: str, number: int) -> Path:
        """A running trial's checkpoints."""
        return self.lasting / "checkpoints" / folder_name(study) / f"{number:05d}"

    def weights(self, study: str, number: int) -> Path:
        """A finished trial's weights and config."""
        return self.lasting / "artifacts" / folder_name(study) / f"{number:05d}"
