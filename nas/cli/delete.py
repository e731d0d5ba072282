"""`nas delete STUDY`: a study and everything that belongs to it."""

from typing import TYPE_CHECKING

import click

from nas.cli.asking import agreed
from nas.cli.errors import STORAGE, StatusError
from nas.cli.options import Place, nas_command, option, place_options, tracking_is_named

if TYPE_CHECKING:
    from optuna.storages import RDBStorage


@nas_command(name="delete")
@click.argument("study")
@option("--yes", is_flag=True, help="Do not ask.")
@place_options("storage", "artifacts", "tracking_uri")
def command(study: str, place: Place, yes: bool) -> None:
    """Delete STUDY for good: its trials and references, their weights, checkpoints and MLflow runs.

    Refused while a search works on it. Its MLflow runs are sought in every store that its searches ever used.
    """
    from nas.cli.reading import required_storage
    from nas.report import words
    from nas.report.disk import by_kind, study_folders
    from nas.search.lock import study_lock
    from nas.search.opening import read_ledgers

    storage = required_storage(place, study)
    with study_lock(storage, study):
        trials = sum(sum(1 for _ in ledger.records()) for ledger in read_ledgers(storage, study) if ledger)
        kinds = by_kind(study_folders(place.layout, study))
        parts = [words.plural(trials, "trial"), *(f"{words.size(size)} of {what}" for what, (_, size) in kinds.items())]
        if not yes and not agreed(f"Delete {study}: {', '.join(parts)}, and its MLflow runs?"):
            click.echo("Nothing was deleted.")
            return
        runs = sum(_delete_runs(study, uri) for uri in _stores(storage, study, place))
        freed = _delete(storage, study, place)
    gone = f"{words.plural(trials, 'trial')}, {words.plural(runs, 'MLflow run')}"
    click.echo(f"Deleted {study}: {gone}, {words.size(freed)} freed.")


def _stores(storage: "RDBStorage", study: str, place: Place) -> list[str]:
    """Where its MLflow runs may be: in the store that is named, and in those that its searches noted.

    Raises:
        StatusError: a password is missing for one of them.
    """
    from nas.search.opening import find_study
    from nas.tracking.stores import is_whole, noted_stores, same_store

    if place.tracking_uri == "none":
        return []
    known = find_study(storage, study)
    noted = noted_stores(known, place.layout.tracking_uri) if known else []
    others = [uri for uri in noted if not same_store(place.tracking_uri, uri)]
    for uri in others:
        if not is_whole(uri) and not tracking_is_named(place):
            raise StatusError(
                f"study {study}: has MLflow runs at {uri}, whose password is not kept, so nothing was deleted; "
                "give it with --tracking-uri, or none to leave them alone",
                STORAGE,
            )
    return [place.tracking_uri, *filter(is_whole, others)]


def _delete_runs(study: str, uri: str) -> int:
    """MLflow first: while it cannot be reached nothing else is deleted, and the command can be given again."""
    from nas.redact import redact
    from nas.tracking.database import sqlite_file
    from nas.tracking.outbox import one_line

    path = sqlite_file(uri)
    if path is not None and not path.exists():
        return 0
    from nas.tracking.studies import delete_runs

    try:
        return delete_runs(uri, study)
    except Exception as error:
        raise StatusError(
            f"study {study}: its MLflow runs at {redact(uri)} cannot be deleted ({one_line(error)}), so nothing was; "
            "--tracking-uri none leaves them alone",
            STORAGE,
        ) from error


def _delete(storage: "RDBStorage", study: str, place: Place) -> int:
    """The study itself goes last: after a crash before that the command can be given again. Returns bytes freed."""
    import optuna

    from nas.report.disk import remove_empty, study_folders
    from nas.search.opening import REFERENCES, find_study

    freed = sum(spare.free() for spare in study_folders(place.layout, study))
    remove_empty(place.layout, study)
    for name in (study + REFERENCES, study):
        if find_study(storage, name) is not None:
            optuna.delete_study(study_name=name, storage=storage)
    return freed
