"""What studies take on the disk, and what of it nobody needs any more."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from optuna.storages import RDBStorage

from nas.records import Verdict
from nas.search.layout import Layout
from nas.search.ledger import Ledger, verdict_of
from nas.search.lock import study_lock
from nas.search.opening import REFERENCES, read_ledgers, study_names
from nas.search.retention import remove, spare_paths, worth_keeping
from nas.search.storage import StorageError


@dataclass(frozen=True)
class Spare:
    """A folder that can go. what: a word for people (`checkpoints`). size: bytes that this frees.

    but_findings: the pictures and tables in it stay.
    """

    what: str
    path: Path
    size: int
    but_findings: bool = False

    def free(self) -> int:
        """Delete the folder. Returns how many bytes were freed."""
        before = folder_size(self.path)
        for path in spare_paths(self.path) if self.but_findings else [self.path]:
            remove(path)
        return before - folder_size(self.path)


def visit_spare(storage: RDBStorage | None, layout: Layout, visit: Callable[[Spare], object]) -> list[str]:
    """Call `visit` with each folder that can go: checkpoints of trials that have ended, weights that are not worth
    keeping, Ray's scratch and decoded images. Returns the names of the studies that are being searched.

    A study is locked while its folders are visited. What belongs to a study that is being searched is not visited, nor,
    while there is one, what all studies share.
    """
    busy = []
    for name in study_names(storage) if storage else ():
        try:
            with study_lock(storage, name):  # type: ignore[arg-type]
                for spare in _spare_of_study(storage, name, layout):  # type: ignore[arg-type]
                    visit(spare)
        except StorageError:
            busy.append(name)
    if not busy:
        for spare in _shared(layout):
            visit(spare)
    return busy


def study_folders(layout: Layout, study: str) -> list[Spare]:
    """The checkpoints and weights of a study and its references, trial by trial."""
    return [
        spare
        for what, folder in (("checkpoints", layout.checkpoints), ("weights", layout.weights))
        for name in (study, study + REFERENCES)
        for spare in _spares(what, (path for path in _inside(folder(name, 0).parent) if path.name.isdecimal()))
    ]


def remove_empty(layout: Layout, study: str) -> None:
    """Remove the folders that held the trials' own, unless something else is in them."""
    for name in (study, study + REFERENCES):
        for folder in (layout.checkpoints(name, 0).parent, layout.weights(name, 0).parent):
            if folder.is_dir() and not _inside(folder):
                folder.rmdir()


def folder_size(folder: Path) -> int:
    """Bytes of all files in the folder (or of the file itself); 0 where there is none."""
    files = [folder] if folder.is_file() else folder.rglob("*")
    return sum(path.lstat().st_size for path in files if path.is_file() and not path.is_symlink())


def by_kind(spares: Iterable[Spare]) -> dict[str, tuple[int, int]]:
    """What there is of each kind: how many folders, how many bytes."""
    found: dict[str, tuple[int, int]] = {}
    for spare in spares:
        count, size = found.get(spare.what, (0, 0))
        found[spare.what] = (count + 1, size + spare.size)
    return found


def _spare_of_study(storage: RDBStorage, name: str, layout: Layout) -> Iterator[Spare]:
    for ledger in read_ledgers(storage, name):
        if ledger is not None:
            yield from _spare_of(ledger, layout)


def _spare_of(ledger: Ledger, layout: Layout) -> Iterator[Spare]:
    """References keep their weights: there are few, and they are what is compared with."""
    ended = {frozen.number: verdict_of(frozen) for frozen in ledger.frozen() if frozen.state.is_finished()}
    yield from _spares("checkpoints", (layout.checkpoints(ledger.name, number) for number in ended))
    if ledger.name.endswith(REFERENCES):
        return
    values = {
        frozen.number: list(frozen.values)
        for frozen in ledger.frozen()
        if ended.get(frozen.number) == Verdict.COMPLETE and frozen.values
    }
    kept = worth_keeping(values, ledger.objectives)
    for folder in (layout.weights(ledger.name, number) for number in ended if number not in kept):
        spare = spare_paths(folder)
        if spare:
            yield Spare("weights", folder, sum(map(folder_size, spare)), but_findings=True)


def _shared(layout: Layout) -> Iterator[Spare]:
    yield from _spares("Ray's scratch", [layout.ray])
    yield from _spares("features of frozen layers", [layout.features])
    others = (path for path in _inside(layout.place.cache) if path not in (layout.ray, layout.features))
    yield from _spares("decoded images", others)


def _spares(what: str, folders: Iterable[Path]) -> Iterator[Spare]:
    for folder in folders:
        if folder.is_dir():
            yield Spare(what, folder, folder_size(folder))


def _inside(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
