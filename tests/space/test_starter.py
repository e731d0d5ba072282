import subprocess
import sys
from pathlib import Path

import pytest

from nas import SpaceError
from nas.space.load import load_space
from nas.space.starter import starter

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["mine", "with space", 'quo"te', "it's", "größe", "NAME"])
def test_the_starter_loads(name: str, tmp_path: Path) -> None:
    path = tmp_path / "starter.py"
    path.write_text(starter(name), encoding="utf-8")
    space = load_space(str(path))
    assert space.name == name
    assert list(space.baselines) == ["small"]


@pytest.mark.parametrize("name", ["", "a/b", "..", "a\nb", "x" * 251, "a.references", "back\\slash"])
def test_a_name_that_cannot_name_a_study_is_refused(name: str) -> None:
    with pytest.raises(SpaceError, match=r"^name: "):
        starter(name)


@pytest.mark.slow
def test_the_starter_passes_a_strict_type_check_and_the_linter(tmp_path: Path) -> None:
    path = tmp_path / "starter.py"
    path.write_text(starter("mine"))
    cache = ["--cache-dir", str(tmp_path / "cache")]
    for command in (["mypy", "--strict", *cache], ["ruff", "check", "-q", "--config", "pyproject.toml"]):
        done = subprocess.run([sys.executable, "-m", *command, str(path)], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stdout + done.stderr
    lines = path.read_text().splitlines()
    assert len(lines) < 65
    assert max(map(len, lines)) <= 120
