"""What several commands share: options in sections of the help, types that refuse with one line, and the place.

A command of nas is declared by `nas_command()`; options that belong together by `option(..., section="budget")`.
`place_options()` adds --home and what else is asked for, and hands the function one `Place`.
"""

import functools
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from nas.cli.errors import RESOURCES, STORAGE, USAGE, StatusError, wrong
from nas.cli.main import turn_debug_on
from nas.redact import redact
from nas.search.layout import Layout

Function = TypeVar("Function", bound=Callable[..., Any])
_STORAGE = re.compile(r"sqlite:///.+|postgres(ql)?(\+\w+)?://.+")

NEEDED_BYTES = 200_000_000
"""What a search must find free: databases, the checkpoints of a few trials at a time, and the weights of the best."""


@dataclass(frozen=True)
class Place:
    """Where everything lies. storage: Optuna's database. tracking_uri: MLflow's store, or `none`."""

    layout: Layout
    storage: str
    tracking_uri: str

    def make_home(self) -> None:
        """Create the home folder, and that of --artifacts, if they are missing.

        Raises:
            StatusError: one cannot be written.
        """
        for name, folder in self._folders().items():
            todo = f"choose another with --{name} or NAS_{name.upper()}"
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise _unusable(name, folder, f"cannot be written ({error.strerror})", todo) from None
            if not os.access(folder, os.W_OK):
                raise _unusable(name, folder, "cannot be written (Permission denied)", todo)

    def check_room(self) -> None:
        """Refuse a disk on which a search would soon find no room.

        Raises:
            StatusError: less than `NEEDED_BYTES` are free.
        """
        for name, folder in self._folders().items():
            free = shutil.disk_usage(folder).free
            if free < NEEDED_BYTES:
                what = f"has {free / 1e6:.0f} MB free, and a search needs {NEEDED_BYTES / 1e6:.0f} MB at least"
                raise _unusable(name, folder, what, f"make space, or choose another with --{name}")

    def local_only(self) -> str | None:
        """Says what would be lost with this machine; None where all lies outside it, as far as can be told."""
        ledger_stays = self.storage.startswith("sqlite")
        match ledger_stays, self.layout.artifacts is None:
            case True, True:
                what, todo = (
                    "this study lies",
                    "--storage postgresql://... and --artifacts on a shared folder outlive it",
                )
            case True, False:
                what, todo = "the ledger of this study lies", "--storage postgresql://... outlives it"
            case False, True:
                what, todo = "weights and checkpoints lie", "--artifacts on a shared folder outlives it"
            case _:
                return None
        return f"{what} on this machine alone; {todo}"

    def _folders(self) -> dict[str, Path]:
        """Where a search writes, by the option that names it."""
        artifacts = self.layout.artifacts
        return {"home": self.layout.home, **({} if artifacts is None else {"artifacts": artifacts})}


class Option(click.Option):
    """An option that knows its section of the help."""

    def __init__(self, *args: Any, section: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.section = section

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        """The value. An empty text is refused: most often it is a variable of a script that was never set."""
        if value == "" and self.type is click.STRING:
            code = STORAGE if self.name in ("storage", "tracking_uri") else USAGE
            raise StatusError(f"{max(self.opts, key=len)}: is empty; give a value, or leave it out", code)
        return super().type_cast_value(ctx, value)


class Command(click.Command):
    """A command whose help shows its options by section."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments. click leaves out of some errors which command they belong to."""
        try:
            return super().parse_args(ctx, args)
        except click.UsageError as error:
            error.ctx = error.ctx or ctx
            raise

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
    """Add --home and the named ones of `storage`, `artifacts`, `data_dir`, `tracking_uri`; the function gets `place`.

    What is not asked for has its default: under the home folder, or what the environment says.
    """
    offered = [name for name in _PLACE_OPTIONS if name == "home" or name in others]

    def add(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def with_place(*args: Any, **given: Any) -> Any:
            asked = {name: given.pop(name) for name in offered}
            place = find_place(**asked)
            if given.pop("skip_bad", False):  # of `data_options`
                place = replace(place, layout=replace(place.layout, skip_bad=True))
            return function(*args, place=place, **given)

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
    "artifacts": ("PATH", "Folder of weights, checkpoints and MLflow's files; else $NAS_ARTIFACTS, else HOME."),
    "tracking_uri": ("URI", "MLflow's store, or none; else $MLFLOW_TRACKING_URI, else HOME/mlflow.db."),
}


def tracking_is_named(place: Place) -> bool:
    """Whether the running command was told which tracking store to use, by its option or by the environment."""
    source = click.get_current_context().get_parameter_source("tracking_uri")
    return source is ParameterSource.COMMANDLINE or place.tracking_uri != place.layout.tracking_uri


def find_place(
    home: str | None = None,
    data_dir: str | None = None,
    storage: str | None = None,
    artifacts: str | None = None,
    tracking_uri: str | None = None,
) -> Place:
    """The place that the options name, with their defaults. Creates nothing.

    Raises:
        UsageError: no home folder is known.
        StatusError: a storage of another kind, or a home that is no folder.
    """
    folder = _absolute(home or os.environ.get("NAS_HOME") or "~/.nas")
    if folder.is_file():
        raise _unusable("home", folder, "is a file", "name a folder with --home or NAS_HOME")
    lasting = artifacts or os.environ.get("NAS_ARTIFACTS")
    layout = Layout(
        home=folder,
        data_dir=_absolute(data_dir) if data_dir else folder / "data",
        artifacts=_absolute(lasting) if lasting else None,
    )
    if storage is not None and not _STORAGE.match(storage):
        todo = "write sqlite:///FILE or postgresql://USER@HOST/DATABASE"
        raise StatusError(f"--storage: {redact(storage)!r} is no database that nas can use; {todo}", STORAGE)
    uri = tracking_uri or os.environ.get("MLFLOW_TRACKING_URI") or layout.tracking_uri
    return Place(layout, storage or layout.storage_url, uri)


def _absolute(path: str) -> Path:
    nobody = path.startswith("~") and os.environ.get("HOME") == ""  # else Python takes / for the home
    try:
        if not nobody:
            return Path(path).expanduser().absolute()
    except RuntimeError:
        pass
    raise wrong("--home", f"{path} has no meaning here, there is no HOME", "set --home or NAS_HOME")


def _unusable(name: str, folder: Path, what: str, todo: str) -> StatusError:
    return StatusError(f"--{name}: {folder} {what}; {todo}", RESOURCES)
