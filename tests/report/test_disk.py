from pathlib import Path

import pytest

from nas.report.disk import Spare, by_kind, folder_size, remove_empty, study_folders, visit_spare
from nas.search.layout import Layout
from nas.search.ledger import Ledger
from nas.search.lock import study_lock
from tests.report.studies import begin, config, result, small_study, storage_in


def fill(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "file").write_bytes(b"x" * count)
    return folder


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path, tmp_path / "data")


@pytest.fixture
def main(tmp_path: Path) -> Ledger:
    """The small study with three more complete trials: 0, 1 and the sixth best of eight are not worth keeping."""
    main, _ = small_study(tmp_path)
    for filters, layers, val in ((32, 2, 0.88), (32, 4, 0.87), (64, 4, 0.865)):
        trial = begin(main, config(layers, filters), 9_000_000)
        main.complete(trial, result(val, val, 5.0), [val, 9_000_000.0])
    return main


def visited(main: Ledger, layout: Layout) -> tuple[set[Path], list[str]]:
    found: list[Spare] = []
    busy = visit_spare(main.storage, layout, found.append)
    return {spare.path for spare in found}, busy


def test_what_can_go_and_what_cannot(main: Ledger, layout: Layout) -> None:
    for number in range(11):
        fill(layout.weights("small", number), 10)
        fill(layout.checkpoints("small", number), 5)
    fill(layout.weights("small.references", 0), 10)
    fill(layout.checkpoints("small.references", 0), 5)
    fill(layout.weights("another", 0), 10)
    fill(layout.ray / "tmp1", 7)
    fill(layout.place.cache / "abc", 9)
    fill(layout.data_dir, 11)
    found, busy = visited(main, layout)
    gone_weights = {layout.weights("small", number) for number in (1, 4, 5, 6)}  # 0 is on the front, 7 runs
    gone_checkpoints = {layout.checkpoints("small", number) for number in range(11) if number != 7}
    shared = {layout.ray, layout.place.cache / "abc", layout.checkpoints("small.references", 0)}
    assert found == gone_weights | gone_checkpoints | shared
    assert busy == []


def test_a_study_that_is_being_searched_is_left_alone_and_what_is_shared_too(main: Ledger, layout: Layout) -> None:
    fill(layout.checkpoints("small", 0), 5)
    fill(layout.ray, 7)
    with study_lock(storage_in(layout.home), "small"):
        assert visited(main, layout) == (set(), ["small"])
    assert len(visited(main, layout)[0]) == 2


def test_without_a_storage_only_what_is_shared_can_go(layout: Layout) -> None:
    fill(layout.place.cache / "abc", 9)
    found: list[Spare] = []
    assert visit_spare(None, layout, found.append) == []
    assert [spare.path for spare in found] == [layout.place.cache / "abc"]


def test_freeing_tells_bytes(tmp_path: Path) -> None:
    folder = fill(fill(tmp_path / "a", 5) / "b", 7).parent
    assert folder_size(folder) == 12
    spare = Spare("weights", folder, 12)
    assert spare.free() == 12
    assert not folder.exists()
    assert spare.free() == 0
    assert by_kind([spare, spare, Spare("checkpoints", folder, 1)]) == {"weights": (2, 24), "checkpoints": (1, 1)}


def test_of_trials_that_are_not_worth_keeping_the_findings_stay(main: Ledger, layout: Layout) -> None:
    folder = fill(layout.weights("small", 1), 10)
    fill(folder / "findings", 5)
    fill(layout.weights("small", 4) / "findings", 5)
    found: list[Spare] = []
    visit_spare(main.storage, layout, found.append)
    assert [(spare.path, spare.size) for spare in found] == [(folder, 10)]
    assert found[0].free() == 10
    assert [path.name for path in folder.rglob("*")] == ["findings", "file"]
    assert {spare.path for spare in study_folders(layout, "small")} == {folder, layout.weights("small", 4)}


def test_all_folders_of_a_study_and_nobody_elses(layout: Layout) -> None:
    own = {fill(layout.weights("small", 3), 10), fill(layout.weights("small.references", 0), 1)}
    own |= {fill(layout.checkpoints("small", 4), 10)}
    fill(layout.weights("smaller", 3), 10)
    kept = fill(layout.weights("small", 0).parent / "notes", 1)
    assert {spare.path for spare in study_folders(layout, "small")} == own
    for spare in study_folders(layout, "small"):
        spare.free()
    remove_empty(layout, "small")
    assert kept.exists()
    assert not layout.checkpoints("small", 0).parent.exists()
    assert not layout.weights("small.references", 0).parent.exists()
