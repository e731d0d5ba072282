"""What several commands share: options in sections of the help, types that refuse with one line, and the place.

A command of nas is declared by `nas_command()`; options that belong together by `option(..., section="budget")`.
`place_options()` adds --home and what else is asked for, and hands the function one `Place`.
"""

import functools
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from nas.cli.errors import RESOURCES, STORAGE, StatusError, wrong
from nas.cli.main import turn_debug_on
from nas.redact import redact
from nas.search.layout import Layout

Function = TypeVar("Function", bound=Callable[..., Any])
_STORAGE = re.compile(r"sqlite:///.+|postgres(ql)?(\+\w+)?://.+")


@dataclass(frozen=True)
class Place:
    """Where everything lies. storage: Optuna's database. tracking_uri: MLflow's store, or `none`."""

    layout: Layout
    storage: str
    tracking_uri: str

    def make_home(self) -> None:
        """Create the home folder if it is missing.

        Raises:
            StatusError: it cannot be written.
        """
        home = self.layout.home
        try:
            home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise _unwritable(home, error.strerror) from None
        if not os.access(home, os.W_OK):
            raise _unwritable(home, "Permission denied")


class Option(click.Option):
    """An option that knows its section of the help."""

    def __init__(self, *args: Any, section: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section


class Command(click.Command):
    """A command whose help shows its options by section."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections in the order in which the options were declared."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                sections.setdefault(getattr(param, "section", ""), []).append(record)
        general = sections.pop("", [])
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)
        with formatter.section("General" if sections else "Options"):
            formatter.write_dl(general)


def nas_command(**settings: Any) -> Callable[[Callable[..., Any]], click.Command]:
    """Declare a command of nas: sections in its help, and --debug."""

    def declare(function: Callable[..., Any]) -> click.Command:
        debug = click.option(
            "--debug", is_flag=True, is_eager=True, expose_value=False, callback=turn_debug_on,
            help="Show the traceback of an error.",
        )  # fmt: skip
        help_options = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
        return click.command(cls=Command, context_settings=help_options, **settings)(debug(function))

    return declare


def option(*names: str, section: str = "", **settings: Any) -> Callable[[Function], Function]:
    """`click.option`, in a section of the help."""
    return click.option(*names, cls=Option, section=section, **settings)


def place_options(*others: str, section: str = "Place") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add --home and the named ones of `storage`, `data_dir` and `tracking_uri`; the function gets `place`.

    What is not asked for has its default: under the home folder, or `MLFLOW_TRACKING_URI` for the tracking store.
    """
    offered = [name for name in _PLACE_OPTIONS if name == "home" or name in others]

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def with_place(*args: Any, **given: Any) -> Any:
            asked = {name: given.pop(name) for name in offered}
            return function(*args, place=find_place(**asked), **given)

        wrapped: Callable[..., Any] = with_place
        for name in reversed(offered):
            metavar, text = _PLACE_OPTIONS[name]
            flag = f"--{name.replace('_', '-')}"
            wrapped = option(flag, name, metavar=metavar, section=section, help=text)(wrapped)
        return wrapped

    return add


_PLACE_OPTIONS = {
    "home": ("PATH", "Folder of databases, artifacts and checkpoints; else $NAS_HOME, else ~/.nas."),
    "data_dir": ("PATH", "Folder of downloaded data sets; else HOME/data."),
    "storage": ("URL", "Optuna's storage: sqlite:///FILE or postgresql://USER@HOST/DATABASE; else HOME/optuna.db."),
    "tracking_uri": ("URI", "MLflow's store, or none; else $MLFLOW_TRACKING_URI, else HOME/mlflow.db."),
}


def find_place(
    home: str | None = None, data_dir: str | None = None, storage: str | None = None, tracking_uri: str | None = None
) -> Place:
    """The place that the options name, with their defaults. Creates nothing.

    Raises:
        UsageError: no home folder is known.
        StatusError: a storage of another kind.
    """
    folder = _absolute(home or os.environ.get("NAS_HOME") or "~/.nas")
    layout = Layout(home=folder, data_dir=_absolute(data_dir) if data_dir else folder / "data")
    if storage is not None and not _STORAGE.match(storage):
        todo = "write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        raise StatusError(f"--storage: {redact(storage)!r} is no database that nas can use; {todo}", STORAGE)
    uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or layout.tracking_uri
    return Place(layout, storage or layout.storage_url, uri)


def _absolute(path: str) -> Path:
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError:
        raise wrong("--home", f"{path} has no meaning here, there is no HOME", "set --home or NAS_HOME") from None


def _unwritable(home: Path, reason: str | None) -> StatusError:
    return StatusError(
        f"--home: {home} cannot be written ({reason}); choose another with --home or NAS_HOME", RESOURCES
    )
