"""Reading studies back for a command. Nothing is created: where there is no storage yet, there is no study."""

from typing import TYPE_CHECKING

from nas.cli.errors import quoted, wrong
from nas.cli.options import Place
from nas.space.mistakes import near

if TYPE_CHECKING:
    from optuna.storages import RDBStorage

    from nas.search.ledger import Ledger

HOW_TO_BEGIN = "`nas search FILE` begins one"


def existing_storage(place: Place) -> "RDBStorage | None":
    """The storage, None where its SQLite file is not there yet.

    Raises:
        StorageError: it cannot be opened.
    """
    from nas.search.storage import open_storage, sqlite_path

    path = sqlite_path(place.storage)
    return open_storage(place.storage) if path is None or path.exists() else None


def required_storage(place: Place, study: str) -> "RDBStorage":
    """The storage that holds the study.

    Raises:
        UsageError: there is no such study; near names are told.
    """
    from nas.search.opening import study_names

    storage = existing_storage(place)
    known = study_names(storage) if storage else []
    if storage is None or study not in known:
        hint = near(study, known) or f"there is none yet; {HOW_TO_BEGIN}"
        raise wrong(f"study {quoted(study)}", "there is no such study", hint)
    return storage


def read_study(place: Place, study: str) -> "tuple[Ledger, Ledger | None]":
    """The ledgers of the study and of its references.

    Raises:
        UsageError: there is no such study; near names are told.
    """
    from nas.search.opening import read_ledgers

    return read_ledgers(required_storage(place, study), study, place.layout)
