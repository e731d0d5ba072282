from pathlib import Path

import pytest

from nas.search.layout import Layout
from nas.search.lock import study_lock
from tests.cli.home import fill, home_with_study, run
from tests.report.studies import storage_in


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(home_with_study(tmp_path), tmp_path / "data")


def fill_all(layout: Layout) -> tuple[list[Path], list[Path]]:
    """Folders that must go, and folders that must stay."""
    spare = [
        fill(layout.checkpoints("small", 2), 1000),
        fill(layout.weights("small", 4), 2000),
        fill(layout.ray / "tmp", 3000),
        fill(layout.place.cache / "abc", 4000),
    ]
    needed = [
        fill(layout.checkpoints("small", 7), 1000),  # runs
        fill(layout.weights("small", 2), 1000),
        fill(layout.weights("small.references", 0), 1000),
        fill(layout.checkpoints("of another storage", 0), 1000),
        fill(layout.data_dir / "cifar", 1000),
    ]
    return spare, needed


def test_says_what_would_go_then_frees_it(layout: Layout) -> None:
    spare, needed = fill_all(layout)
    result = run(layout.home, "clean", "--yes")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "   1.0 kB  checkpoints (1 folder)",
        "   2.0 kB  weights (1 folder)",
        "   3.0 kB  Ray's scratch (1 folder)",
        "   4.0 kB  decoded images (1 folder)",
        "Freed 10.0 kB.",
    ]
    assert not any(folder.exists() for folder in spare)
    assert all(folder.exists() for folder in needed)
    assert run(layout.home, "clean").stdout == "There is nothing to free.\n"


def test_it_asks(layout: Layout) -> None:
    spare, _ = fill_all(layout)
    result = run(layout.home, "clean", answer="n\n")
    assert "Free 10.0 kB? [y/N]:" in result.stdout
    assert result.stdout.endswith("Nothing was freed.\n")
    assert all(folder.exists() for folder in spare)


def test_a_search_at_work_is_left_alone(layout: Layout) -> None:
    spare, _ = fill_all(layout)
    with study_lock(storage_in(layout.home), "small"):
        result = run(layout.home, "clean", "--yes")
    assert result.stdout.splitlines() == [
        "small is being searched: it and what all studies share are left alone",
        "There is nothing to free.",
    ]
    assert all(folder.exists() for folder in spare)


def test_features_of_frozen_layers_go_too(layout: Layout) -> None:
    features = fill(layout.features, 5000)
    assert "   5.0 kB  features of frozen layers (1 folder)" in run(layout.home, "clean", "--yes").stdout.splitlines()
    assert not features.exists()


def test_in_an_empty_home(tmp_path: Path) -> None:
    assert run(tmp_path / "none", "clean").stdout == "There is nothing to free.\n"
    assert not (tmp_path / "none").exists()
