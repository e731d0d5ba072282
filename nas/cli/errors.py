"""From an exception to what a person reads and a script tests: one line a mistake, and an exit code."""

import errno
from difflib import get_close_matches
from typing import Any

import click

from nas.redact import redact

USAGE, STORAGE, RESOURCES, ALL_FAILED, INTERRUPTED, TERMINATED = 2, 3, 4, 5, 130, 143
"""2 also stands for the space, the data and the study; 130 and 143 leave a study that the same command resumes."""
BROKEN_PIPE = 141
"""128 and the signal's number, as a shell says of any command whose reader had seen enough."""
INTERNAL = 1
"""A mistake in nas itself, or in code of the space file that only showed while it ran."""

EXIT_CODES = {
    "nas.space.mistakes.SpaceError": USAGE,
    "nas.data.errors.DataError": USAGE,
    "nas.cost.formulas.DoesNotFit": USAGE,
    "nas.artifacts.members.EnsembleError": USAGE,
    "nas.models.weight_files.WeightsError": USAGE,
    "nas.search.opening.StudyChanged": USAGE,
    "nas.search.opening.UnknownStudy": USAGE,
    "nas.search.faults.StorageError": STORAGE,
    "nas.tracking.tracker.TrackingError": STORAGE,
    "nas.search.executors.resources.ResourceError": RESOURCES,
    "nas.tracking.dashboards.DashboardError": RESOURCES,
    "builtins.OSError": RESOURCES,
    "builtins.MemoryError": RESOURCES,
}
"""By name: to ask the classes themselves would import Optuna before it is needed."""

_OS_TODO = {
    0: "mend that, then give the same command again",
    errno.ENOSPC: "make space on its disk, then give the same command again",
    errno.EDQUOT: "make space on its disk, then give the same command again",
    errno.ENAMETOOLONG: "give a shorter name",
    errno.EACCES: "choose another place, or ask for the right to use this one",
    errno.EROFS: "choose another place, which may be written",
}
"""What to do about an error of the system, by its number."""
LONGEST_SHOWN = 60


class StatusError(click.ClickException):
    """An error whose exit code is not 2. The message begins with where it is: `--home: ...`."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def wrong(where: str, what: str, todo: str = "") -> click.UsageError:
    """The exception for a wrong argument, to be raised: `nas: error: WHERE: WHAT; TODO`, exit code 2."""
    return click.BadParameter(f"{what}; {todo}" if todo else what, param_hint=where)


def exit_code(error: BaseException) -> int:
    """The exit code that an exception stands for."""
    if isinstance(error, StatusError):
        return error.code
    if isinstance(error, click.ClickException):
        return error.exit_code
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]
    return next((EXIT_CODES[name] for name in names if name in EXIT_CODES), INTERNAL)


def error_lines(error: BaseException) -> list[str]:
    """What stderr shows: `nas: error: WHERE: WHAT; WHAT TO DO` for each mistake, passwords left out.

    Indented lines of a message belong to the one before and stay as they are.
    """
    if isinstance(error, click.ClickException):
        lines = [_with_todo(_click_message(error), error)]
    else:
        lines = redact(_message(error)).splitlines()
    shown = list(map(printable, map(redact, lines)))
    return [line if number and line.startswith("  ") else f"nas: error: {line}" for number, line in enumerate(shown)]


def shown(value: Any) -> str:
    """A value as an error quotes it: on one line, and not all of it where it is long."""
    text = repr(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def quoted(name: str) -> str:
    """A name as an error begins with it: as it is, unless nobody could read it so."""
    return name if name.strip() and name.isprintable() and len(name) <= LONGEST_SHOWN else shown(name)


def printable(text: str) -> str:
    """The text on one line: line breaks and other control characters, and bytes that are no text, as escapes."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def _with_todo(message: str, error: click.ClickException) -> str:
    """click's own messages end with what is wrong."""
    if "; " in message or isinstance(error, StatusError):
        return message
    command = _command(error) if isinstance(error, click.UsageError) else "nas"
    return f"{message}; see {command} --help"


def _message(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = error.filename if isinstance(error.filename, str) else "the system"
        return f"{printable(where)}: {error.strerror}; {_OS_TODO.get(error.errno or 0, _OS_TODO[0])}"
    if isinstance(error, MemoryError):
        return "memory: there is not enough; give the trials less to hold, or run fewer with --jobs"
    if exit_code(error) != INTERNAL:
        return str(error)
    first = (str(error).strip().splitlines() or [""])[0]
    return f"internal: {type(error).__name__}: {first}; the same command with --debug shows where"


def _click_message(error: click.ClickException) -> str:
    match error:
        case click.NoSuchOption():
            known = [name for param in _params(error) for name in (*param.opts, *param.secondary_opts)]
            options = [name for name in known if name.startswith("--")]
            return f"{error.option_name}: no such option of {_command(error)}; {_near_options(error, options)}"
        case click.MissingParameter(param=click.Parameter() as param):
            return f"{_name(param)}: is missing; see {_command(error)} --help"
        case click.BadParameter():
            hint = error.param_hint if isinstance(error.param_hint, str) else None
            return f"{hint or (_name(error.param) if error.param else _command(error))}: {_lower(error.message)}"
        case click.BadOptionUsage():
            return f"{error.option_name}: {_lower(error.message).removeprefix(f'option {error.option_name!r} ')}"
        case click.UsageError():
            return f"{_command(error)}: {_lower(error.message)}"
    return error.format_message()


def _near_options(error: click.NoSuchOption, options: list[str]) -> str:
    close = get_close_matches(error.option_name, options, n=1)
    return f"did you mean {close[0]}?" if close else f"see {_command(error)} --help"


def _params(error: click.UsageError) -> list[click.Parameter]:
    return error.ctx.command.get_params(error.ctx) if error.ctx else []


def _command(error: click.UsageError) -> str:
    return error.ctx.command_path if error.ctx else "nas"


def _name(param: click.Parameter) -> str:
    if isinstance(param, click.Option):
        return max(param.opts, key=len)
    return param.make_metavar(click.Context(click.Command("nas")))


def _lower(message: str) -> str:
    """click begins its sentences with a capital and ends them with a full stop."""
    text = message.strip().rstrip(".")
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
