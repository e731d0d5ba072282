"""A home folder with a small study, and commands that are run on it."""

from pathlib import Path

from click.testing import CliRunner, Result

from nas.cli.main import nas
from tests.report.studies import small_study


def home_with_study(folder: Path) -> Path:
    small_study(folder)
    return folder


def run(home: Path, *args: str, answer: str = "", width: int = 120) -> Result:
    env = {"NAS_HOME": str(home), "COLUMNS": str(width), "MLFLOW_TRACKING_URI": None, "NO_COLOR": None}
    return CliRunner().invoke(nas, args, input=answer, env=env)


def fill(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.safetensors").write_bytes(b"x" * count)
    return folder
