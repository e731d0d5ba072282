"""`nas delete STUDY`: a study and everything that belongs to it."""

from typing import TYPE_CHECKING

import click

from nas.cli.errors import STORAGE, StatusError
from nas.cli.options import Place, nas_command, option, place_options

if TYPE_CHECKING:
    from optuna.storages import RDBStorage


@nas_command(name="delete")
@click.argument("study")
@option("--yes", is_flag=True, help="Do not ask.")
@place_options("storage", "tracking_uri")
def command(study: str, place: Place, yes: bool) -> None:
    """Delete STUDY for good: its trials and references, their weights, checkpoints and MLflow runs.

    Refused while a search works on it.
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
        if not yes and not click.confirm(f"Delete {study}: {', '.join(parts)}, and its MLflow runs?"):
            click.echo("Nothing was deleted.")
            return
        runs = _delete_runs(study, place)
        freed = _delete(storage, study, place)
    gone = f"{words.plural(trials, 'trial')}, {words.plural(runs, 'MLflow run')}"
    click.echo(f"Deleted {study}: {gone}, {words.size(freed)} freed.")


def _delete_runs(study: str, place: Place) -> int:
    """MLflow first: while it cannot be reached nothing else is deleted, and the command can be given again."""
    from nas.tracking.database import sqlite_file

    path = sqlite_file(place.tracking_uri)
    if place.tracking_uri == "none" or (path is not None and not path.exists()):
        return 0
    from nas.tracking.studies import delete_runs

    try:
        return delete_runs(place.tracking_uri, study)
    except Exception as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise StatusError(
            f"study {study}: its MLflow runs cannot be deleted ({reason}), so nothing was; "
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
