"""`nas`: the group of commands. A command's module is imported when it is called, so that `--help` is instant."""

import sys
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn

import click

from nas.cli.errors import BROKEN_PIPE, INTERRUPTED, error_lines, exit_code, quoted
from nas.cli.terminal import give_up_full_stdout, prepare_streams, silence_stdout
from nas.redact import redact
from nas.space.mistakes import near

COMMANDS: dict[str, dict[str, str]] = {
    "Begin": {
        "new": "Write a commented space file to start from.",
        "show": "What a space holds, and what it costs, before it is searched.",
        "search": "Search a space; the same command again goes on.",
        "train": "Train one config of a space in this process, for debugging.",
    },
    "Look": {
        "list": "The studies of the storage, or the published networks.",
        "leaderboard": "The trials of a study, the best first.",
        "trial": "Everything about one trial of a study.",
        "effects": "What each value is worth, with confidence intervals.",
        "dashboard": "Open the MLflow and Optuna pages over the same studies.",
        "sync": "Bring to MLflow what it has missed of a study.",
    },
    "Use": {
        "ensemble": "Average the best networks of studies that are done.",
    },
    "Tidy": {
        "delete": "Delete a study and everything that belongs to it.",
        "clean": "Free the disk of what no study needs.",
    },
}
"""The commands by section of the help, each with its line; `nas.cli.NAME` holds it as `command`."""


@dataclass
class Settings:
    """What holds for any command. debug: show tracebacks."""

    debug: bool = False


class Nas(click.Group):
    """A group whose commands are looked up in a table, and whose errors are one line each."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, in the order of the help."""
        return [name for section in COMMANDS.values() for name in section]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(f"nas.cli.{cmd_name}").command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the first argument names."""
        if not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            hint = near(args[0], self.list_commands(ctx))
            raise click.BadParameter(f"no such command; {hint}", ctx, param_hint=quoted(args[0]))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the sections of the table, without importing a command."""
        for title, section in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl(list(section.items()))

    def main(self, args: Sequence[str] | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        """Run and exit. Whatever goes wrong becomes lines on stderr and an exit code."""
        settings = Settings()
        prepare_streams()
        extra |= {"standalone_mode": False, "prog_name": "nas", "obj": settings}
        try:
            code = super().main(args, **extra)
            if sys.stdout is not None:  # None where it was closed before the start
                sys.stdout.flush()
        except click.Abort:
            code = INTERRUPTED
        except BrokenPipeError:  # whoever read the output has seen enough
            silence_stdout()
            code = BROKEN_PIPE
        except Exception as error:
            if settings.debug:
                click.echo(redact(traceback.format_exc()), err=True, nl=False)
            for line in error_lines(error):
                click.echo(line, err=True)
            code = exit_code(error)
            give_up_full_stdout()
        sys.exit(code if isinstance(code, int) else 0)


def show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Print the version and exit."""
    if value and not ctx.resilient_parsing:
        from nas import __version__

        click.echo(f"nas {__version__}")
        ctx.exit()


def turn_debug_on(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Note it at once, so that it holds for mistakes in the other arguments too."""
    if value:
        ctx.ensure_object(Settings).debug = True


@click.group(cls=Nas, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=show_version,
    help="Show the version.",
)  # fmt: skip
@click.option(
    "--debug", is_flag=True, is_eager=True, expose_value=False, callback=turn_debug_on,
    help="Show the traceback of an error.",
)  # fmt: skip
@click.pass_context
def nas(ctx: click.Context) -> None:
    """Which architecture earns its parameters?

    Describe a space of networks in one small Python file; nas explores it, trains what it draws, and shows which
    configuration gives the best accuracy for its size.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> NoReturn:
    """The entry point."""
    nas.main()


__all__ = ["COMMANDS", "Settings", "main", "nas"]
