"""What is wrong with a space file, each as one line for a person: its place, what it is, what to do."""

import builtins
import difflib
import inspect
import re
import sys
from pathlib import Path
from traceback import walk_tb
from types import ModuleType

from nas.space.mistakes import Mistake, in_a_line, near
from nas.space.time_limit import TooLong

LARGEST_FILE = 1_000_000
"""Bytes."""
_UNEXPECTED = re.compile(r"^(\w+)(?:\.__init__)?\(\) got an unexpected keyword argument '(\w+)'")
_CANNOT_IMPORT = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")


def about_path(file: Path) -> Mistake | None:
    """What keeps the path from being a Python file, if anything does."""
    if file.is_dir():
        inside = sorted(path.name for path in file.glob("*.py"))[:5]
        return Mistake(f"{file}", "is a folder", f"name a file in it: {', '.join(inside)}" if inside else "name a file")
    if not file.exists():
        return Mistake(f"{file}", "no such file", _near_files(file))
    if file.suffix != ".py":
        return Mistake(f"{file}", "is not a Python file", "name one that ends in .py")
    if not file.is_file():
        return Mistake(f"{file}", "is no file but a device or a pipe", "name a file")
    if (size := file.stat().st_size) > LARGEST_FILE:
        what = f"has {size:,} bytes, a space file may have {LARGEST_FILE:,}"
        return Mistake(f"{file}", what, "a space file only describes: move data into files of their own")
    return None


def about_syntax(error: SyntaxError, file: Path) -> Mistake:
    """A line that Python cannot read, in the space file or in one that it imports."""
    where = f"{file}:{error.lineno}" if error.lineno else f"{file}"
    text = f" in {error.text.strip()!r}" if error.text and error.text.strip() else ""
    return Mistake(where, f"syntax error: {error.msg}{text}", "mend this line")


def about_crash(error: BaseException, file: Path, module: ModuleType) -> Mistake:
    """Why the space file did not run to its end, with the line of it that was running."""
    where = _place(error, file, module)
    match error:
        case TooLong():
            return about_time(str(error), where)
        case SystemExit():
            return Mistake(where, f"calls exit, with {error.code!r}", "a space file must run to its end")
        case SyntaxError() if error.filename:
            return about_syntax(error, Path(error.filename))
        case ModuleNotFoundError(name=str(name)):
            return Mistake(where, f"there is no module {name!r} here", "install what it needs, or remove the import")
        case ImportError() if found := _CANNOT_IMPORT.search(str(error)):
            name, origin = found.groups()
            names = getattr(sys.modules.get(origin), "__all__", None) or dir(sys.modules.get(origin))
            return Mistake(where, f"{origin} has no {name!r}", near(name, names))
        case NameError(name=str(name)):
            return Mistake(where, f"{name!r} is not defined", _about_name(name, module))
        case TypeError() if found := _UNEXPECTED.search(str(error)):
            return Mistake(where, in_a_line(error), _about_argument(*found.groups()))
        case TypeError() if "__init__() takes 1 positional argument" in str(error):
            return Mistake(where, in_a_line(error), "give the fields by their names, as Stage(filters=32)")
    return Mistake(where, in_a_line(error), "mend this line")


def about_time(what: str, where: str) -> Mistake:
    """A space file that does not come to its end."""
    return Mistake(where, what, "a space file only describes: move long work into functions")


def _place(error: BaseException, file: Path, module: ModuleType) -> str:
    """The line of the space file, or of a module beside it, that was running last."""
    folder = Path(str(module.__file__)).parent
    steps = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    own = [(name, line) for name, line in steps if Path(name).parent == folder]
    if not own:
        return f"{file}"
    name, line = own[-1]
    return f"{file if name == module.__file__ else name}:{line}"


def _about_argument(function: str, name: str) -> str:
    """The arguments that are near to an unexpected one, for what nas offers."""
    offered = getattr(sys.modules["nas"], function, None)
    return near(name, inspect.signature(offered).parameters) if callable(offered) else "mend this line"


def _about_name(name: str, module: ModuleType) -> str:
    offered = sys.modules["nas"].__all__
    if name in offered:
        return f"write from nas import {name}"
    hint = near(name, [known for known in (*vars(module), *offered, *dir(builtins)) if not known.startswith("_")])
    return hint if hint.startswith("did you") else "define or import it"


def _near_files(file: Path) -> str:
    folders = (Path("search_spaces"), file.parent)
    known = {path.name: path for folder in folders for path in folder.glob("*.py") if path.exists()}
    close = difflib.get_close_matches(file.with_suffix(".py").name, known, n=3)
    if close:
        return f"did you mean {' or '.join(str(known[name]) for name in close)}?"
    return "`nas new NAME` writes one to start from"
