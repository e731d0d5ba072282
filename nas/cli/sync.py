"""`nas sync STUDY`: brings to MLflow what it has missed, when it was down until the search had ended."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING

import click

from nas.cli.errors import STORAGE, StatusError, wrong
from nas.cli.options import Place, nas_command, place_options, tracking_is_named

if TYPE_CHECKING:
    import optuna
    from optuna.storages import RDBStorage

    from nas.search.ledger import Ledger
    from nas.tracking.sync import Brought


@nas_command(name="sync")
@click.argument("study")
@place_options("data_dir", "storage", "artifacts", "tracking_uri")
def command(study: str, place: Place) -> None:
    """Bring everything that is known of STUDY to MLflow: trials, curves, files. What is there already is left alone.

    Without --tracking-uri and $MLFLOW_TRACKING_URI it goes where the study's last search sent it. While a search works
    on the study and sends it there itself, nothing is left to do.
    """
    from nas.cli.reading import required_storage
    from nas.redact import redact
    from nas.report import words
    from nas.search.opening import read_ledgers
    from nas.tracking.stores import current_store, noted_stores, same_store

    storage = required_storage(place, study)
    with _driver_is_away(storage, study) as away:
        main, references = read_ledgers(storage, study, place.layout)
        own = place.layout.tracking_uri
        uri = _uri(place, study, noted_stores(main.study, own))
        if not away and same_store(uri, current_store(main.study, own)):
            click.echo(f"{study} is being searched: its driver brings everything to MLflow at {redact(uri)} by itself.")
            return
        ledgers = [main, *([references] if references else [])]
        brought = _bring(uri, place, ledgers, paused=away)
        if away:
            _note(main.study, ledgers, uri, place, brought)
    for notice in brought.notices:
        click.echo(f"nas: warning: {notice}", err=True)
    written = words.plural(brought.written, "run")
    click.echo(f"Brought {study} to MLflow at {redact(uri)}: {written} written, {brought.there} there already.")


@contextmanager
def _driver_is_away(storage: "RDBStorage", study: str) -> Iterator[bool]:
    """Hold the study if nobody else does, so that no search starts meanwhile. Whether this process holds it."""
    from contextlib import ExitStack

    from nas.search.lock import study_lock
    from nas.search.storage import StorageError

    with ExitStack() as held:
        try:
            held.enter_context(study_lock(storage, study))
            away = True
        except StorageError:
            away = False
        yield away


def _uri(place: Place, study: str, noted: list[str]) -> str:
    """Where to: what was asked for, else where the study went last."""
    from nas.tracking.stores import is_whole
    from nas.tracking.tracker import check_uri

    if place.tracking_uri == "none":
        raise wrong("--tracking-uri", "none keeps no runs", "name MLflow's store")
    if tracking_is_named(place) or not noted:
        check_uri(place.tracking_uri)
        return place.tracking_uri
    if not is_whole(noted[-1]):
        todo = "give it with --tracking-uri or MLFLOW_TRACKING_URI, for its password is not kept"
        raise wrong(f"study {study}", f"its runs go to {noted[-1]}", todo)
    return noted[-1]


def _bring(uri: str, place: Place, ledgers: "list[Ledger]", paused: bool) -> "Brought":
    from nas.redact import redact
    from nas.search.gallery import gallery_of
    from nas.tracking.outbox import one_line
    from nas.tracking.sync import bring

    records = chain.from_iterable(ledger.records() for ledger in ledgers)
    first = next(ledgers[0].records(), None)
    draw = gallery_of(first, place.layout) if first else None
    try:
        return bring(uri, place.layout.mlflow_artifacts, records, paused, draw)
    except Exception as error:
        todo = "start it, or give --tracking-uri, then the same command again"
        raise StatusError(f"MLflow at {redact(uri)}: {one_line(error)}; {todo}", STORAGE) from error


def _note(study: "optuna.Study", ledgers: "list[Ledger]", uri: str, place: Place, brought: "Brought") -> None:
    """Let the ledger know the runs, and where they are."""
    from nas.tracking.stores import note_store

    note_store(study, uri, place.layout.tracking_uri)
    for ledger in ledgers:
        ledger.note_late_runs(brought.ids)
