"""Data that changes after a study began, and bad images that are left out: the same in a search, on its resume and in
`nas train`."""

import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from PIL import Image

from nas import ConvNet, ImageFolder, TrialConfig
from nas.cli.main import nas
from nas.data.errors import DataError
from nas.data.prepare import prepare
from nas.job import TrialJob
from nas.records import DataPlace, TrialResult
from nas.search.executors import attempt
from nas.trial import Report, run_trial
from tests.bad_input.case import contents
from tests.bad_input.small_data import IMAGES, ROWS, make_images, search

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `nas` with a home of its own, in a folder with the spaces."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()

    def run(arguments: Sequence[str]) -> Result:
        return CliRunner().invoke(nas, arguments, env={"COLUMNS": "200", "MLFLOW_TRACKING_URI": None})

    return run


def paint(root: Path, keep_time: bool = False) -> None:
    """Other pixels in a file of the same size."""
    file = root / "a" / "000.png"
    times = file.stat()
    with Image.open(file) as image:
        image.transpose(Image.Transpose.FLIP_LEFT_RIGHT).save(file, compress_level=0)
    if keep_time:
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def same_size(root: Path) -> None:
    for file in sorted((root / "a").iterdir()):
        Image.open(file).save(file, compress_level=0)


CHANGES: dict[str, Callable[[Path], object]] = {
    "painted over": paint,
    "painted over with the same size and time": lambda root: paint(root, keep_time=True),
    "added": lambda root: Image.new("RGB", (12, 12)).save(root / "a" / "new.png"),
    "removed": lambda root: (root / "b" / "003.png").unlink(),
    "moved": lambda root: (root / "b" / "003.png").rename(root / "a" / "moved.png"),
    "class renamed": lambda root: (root / "b").rename(root / "z"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_study_is_not_gone_on_with_on_other_images(name: str, run: Run, tmp_path: Path) -> None:
    root = make_images(tmp_path / "images", {"a": 8, "b": 8})
    same_size(root)
    arguments = search(tmp_path, IMAGES, root)
    first = run(arguments)
    assert first.exit_code == 0, first.stderr
    kept = shutil.copytree(root, tmp_path / "kept")
    CHANGES[name](root)
    before = contents(tmp_path / "home")
    changed = run([*arguments, "--trials", "2"])
    assert changed.exit_code == 2
    told = changed.stderr.splitlines()
    assert told[0] == (
        "nas: error: study tiny: begun with another space or other data; use --fresh or --name to start another"
    )
    assert [line.split(": ")[0] for line in told[1:]] == ["  data"]
    after = contents(tmp_path / "home")
    assert {path: digest for path, digest in after.items() if "cache" not in path} == {
        path: digest for path, digest in before.items() if "cache" not in path
    }
    shutil.rmtree(root)
    kept.rename(root)  # the same images at other times
    assert run([*arguments, "--trials", "2"]).exit_code == 0


def test_a_study_is_not_gone_on_with_on_another_table(run: Run, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    lines = ["a,b,y", *(f"{index},{index % 7},{index}" for index in range(30))]
    table.write_text("\n".join(lines))
    arguments = [*search(tmp_path, ROWS, table), "--target", "y"]
    assert run(arguments).exit_code == 0
    table.write_text("\n".join([*lines[:-1], "1,2,3"]))
    changed = run(arguments)
    assert changed.exit_code == 2
    assert "  data: " in changed.stderr
    table.write_text("\n".join(["a note above", *lines, ""]))
    assert run(arguments).exit_code == 0


def test_a_worker_notices_that_the_data_has_changed(tmp_path: Path) -> None:
    """One that has not read it before."""
    root = make_images(tmp_path / "images", {"a": 8, "b": 8})
    place = DataPlace(tmp_path / "data", tmp_path / "cache")
    data = ImageFolder(path=str(root), image_size=8)
    config = TrialConfig(data=data, model=ConvNet(conv_layers=1, filters=2, dense_layers=0), epochs=1)
    digest = prepare(data, place, 0).digest
    job = TrialJob("s", 0, config, 1, tmp_path / "checkpoints", tmp_path / "weights", place, digest=digest)
    assert run_trial(job, lambda metrics: True).epochs == 1
    (root / "a" / "000.png").unlink()
    with pytest.raises(DataError) as caught:
        run_trial(replace(job, number=1, folder=tmp_path / "others"), lambda metrics: True)
    assert caught.value.lines == (
        f"{root}: has changed since the search began; put it back, or begin another study by --fresh",
    )


def test_jobs_say_which_data_they_mean(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    jobs: list[TrialJob] = []

    def noted(job: TrialJob, report: Report) -> TrialResult:
        jobs.append(job)
        return run_trial(job, report)

    monkeypatch.setattr(attempt, "run_trial", noted)
    assert run(search(tmp_path, IMAGES, make_images(tmp_path / "images", {"a": 8, "b": 8}))).exit_code == 0
    assert isinstance(jobs[0].config, TrialConfig)
    assert jobs[0].digest == prepare(jobs[0].config.data, jobs[0].place, 0).digest


def test_bad_images_are_left_out_in_a_search_on_its_resume_and_in_training(run: Run, tmp_path: Path) -> None:
    root = make_images(tmp_path / "images", {"a": 60, "b": 60})
    (root / "a" / "003.png").write_bytes(b"")
    arguments = [option for option in search(tmp_path, IMAGES, root) if option != "--quiet"]
    refused = run(arguments)
    assert refused.exit_code == 2
    assert refused.stderr.splitlines()[-1] == (
        f"nas: error: {root}/a/003.png: cannot be used (empty); replace or remove it, or leave it out by --skip-bad"
    )
    assert not list((tmp_path / "home" / "cache").glob("*image*"))
    begun = run([*arguments, "--skip-bad"])
    assert begun.exit_code == 0, begun.stderr
    said = " ".join((begun.stdout + begun.stderr).split())
    assert "--skip-bad: 1 of 120 images are left out" in said
    assert run(arguments).exit_code == 2
    assert run([*arguments, "--skip-bad", "--trials", "2"]).exit_code == 0
    (root / "a" / "003.png").unlink()
    assert run([*arguments, "--trials", "2"]).exit_code == 0  # the images are the same
    (root / "a" / "005.png").write_bytes(b"")
    assert run([*arguments, "--skip-bad"]).exit_code == 2  # and now they are not

    train = ["train", "space.py", "--baseline", "two", "--data", str(root)]
    refused = run(train)
    assert refused.exit_code == 2
    assert "Traceback" not in refused.output + refused.stderr
    assert "a/005.png: cannot be used (empty)" in refused.stderr
    trained = run([*train, "--skip-bad"])
    assert trained.exit_code == 0
    assert "nas: warning: --skip-bad: 1 of 119 images are left out" in trained.stderr
