"""The place that options and environment name."""

import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from nas.cli.errors import RESOURCES, StatusError
from nas.cli.options import find_place
from tests.cli.conftest import Run


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NAS_HOME", "NAS_ARTIFACTS", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)


def test_artifacts_lie_in_the_home_folder_unless_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layout = find_place(home=str(tmp_path)).layout
    assert layout.weights("s", 7) == tmp_path / "artifacts" / "s" / "00007"
    for named in (find_place(home=str(tmp_path), artifacts="/shared"), None):
        monkeypatch.setenv("NAS_ARTIFACTS", "/other" if named else "/shared")  # the option goes before
        layout = (named or find_place(home=str(tmp_path))).layout
        assert layout.weights("s", 7) == Path("/shared/artifacts/s/00007")
        assert layout.checkpoints("s", 7) == Path("/shared/checkpoints/s/00007")
        assert layout.mlflow_artifacts == Path("/shared/artifacts/.mlflow")
        assert (layout.storage_url, layout.ray) == (f"sqlite:///{tmp_path}/optuna.db", tmp_path / "cache" / "ray")


POSTGRES = "postgresql://me@host/nas"


@pytest.mark.parametrize(
    ("storage", "artifacts", "said"),
    [
        (None, None, "this study lies on this machine alone; --storage postgresql://... and --artifacts"),
        (None, "/shared", "the ledger of this study lies on this machine alone; --storage postgresql://... outlives"),
        (POSTGRES, None, "weights and checkpoints lie on this machine alone; --artifacts on a shared folder outlives"),
    ],
)
def test_what_is_on_this_machine_only_is_said(storage: str | None, artifacts: str | None, said: str) -> None:
    told = find_place(home="/home/me", storage=storage, artifacts=artifacts).local_only()
    assert told is not None
    assert told.startswith(said)


def test_what_outlives_the_machine_needs_no_word() -> None:
    assert find_place(home="/home/me", storage=POSTGRES, artifacts="/shared").local_only() is None


def test_a_disk_with_little_room_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = {tmp_path / "home": 10**9, tmp_path / "shared": 150_000_000}
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: Usage(10**10, 0, free[folder]))
    find_place(home=str(tmp_path / "home")).check_room()
    with pytest.raises(StatusError) as raised:
        find_place(home=str(tmp_path / "home"), artifacts=str(tmp_path / "shared")).check_room()
    assert raised.value.code == RESOURCES
    what = f"--artifacts: {tmp_path}/shared has 150 MB free, and a search needs 200 MB at least"
    assert raised.value.message == f"{what}; make space, or choose another with --artifacts"


def test_both_folders_are_made(tmp_path: Path) -> None:
    find_place(home=str(tmp_path / "home"), artifacts=str(tmp_path / "shared")).make_home()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "shared"]


def test_artifacts_that_cannot_be_written_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StatusError, match=r"^--artifacts: .*/file/here cannot be written \(Not a directory\); choose"):
        find_place(home=str(tmp_path / "home"), artifacts=str(tmp_path / "file" / "here")).make_home()


def test_a_search_says_it_at_its_start_but_not_a_smoke_run(run: Run) -> None:
    options = ("--executor", "local", "--trials", "1", "--tracking-uri", "none")
    said = "this study lies on this machine alone"
    assert said in run("search", "parabola.py", *options).stdout
    assert said not in run("search", "parabola.py", "--name", "other", "--quiet", *options).output
    assert said not in run("search", "parabola.py", "--smoke", "--tracking-uri", "none").output


def test_weights_go_where_artifacts_says(run: Run, here: Path) -> None:
    shared = here / "shared"
    options = ("--executor", "local", "--trials", "1", "--tracking-uri", "none", "--artifacts", str(shared))
    result = run("search", "tiny.py", *options)
    assert result.exit_code == 0, result.output
    assert (shared / "artifacts" / "tiny" / "00000" / "weights.safetensors").is_file()
    assert not (here / "home" / "artifacts").exists()
    assert f"nas dashboard --artifacts {shared}" in " ".join(result.stdout.split())
    sheet = run("trial", "tiny", "0", "--json", "--artifacts", str(shared)).stdout
    assert str(shared / "artifacts" / "tiny" / "00000") in sheet
