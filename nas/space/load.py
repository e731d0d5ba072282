"""Reading a space file: a Python file that makes a `SearchSpace`. Whatever is wrong with it becomes one line each."""

import hashlib
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FrameType, ModuleType

from nas.space.adapt import located
from nas.space.config import Component
from nas.space.contained import contained
from nas.space.file_mistakes import about_crash, about_path, about_syntax, about_time
from nas.space.mistakes import Mistake, SpaceError, gathering
from nas.space.parcels import parcel_mistakes
from nas.space.picking import pick_space
from nas.space.search_space import SearchSpace
from nas.space.time_limit import time_limit

TIME_LIMIT = 3.0
"""Seconds that a space file may take to run; ten times as many while it imports an installed package."""

_REFUSED = 2
"""Exit code of a process that a space file does not let end in any other way."""


@dataclass(frozen=True)
class LoadedSpace:
    """A space and the file that it came from.

    module: the file, run as a module under a private name; functions and classes of it must be pickled by value for
    another process. siblings: modules of the file's own folder that it imported, which need the same.
    path: absolute. digest: 16 hexadecimal digits over the file's bytes.
    """

    space: SearchSpace
    module: ModuleType
    path: Path
    digest: str
    siblings: tuple[ModuleType, ...] = ()


def load_space(place: str) -> SearchSpace:
    """The space in a file, given as FILE or, where it makes several, as FILE:NAME.

    NAME is the variable or the name of the space.

    Raises:
        SpaceError: everything that is wrong with file and space.
    """
    return load_space_file(place).space


def load_space_file(place: str, seconds: float = TIME_LIMIT) -> LoadedSpace:
    """Like `load_space`, with the module behind the space. The file may import others from its own folder.

    Raises:
        SpaceError: everything that is wrong with file and space.
    """
    file, name = _split(place)
    source = _read(file)
    path = file.resolve()
    digest = hashlib.sha256(source).hexdigest()[:16]
    module = ModuleType(f"_nas_space_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}")
    module.__file__ = str(path)
    kinds_before = dict(Component.kinds)
    sys.modules[module.__name__] = module
    try:
        _run(source, file, module, seconds)
        mistakes = list(_taken_kinds(module, kinds_before, file))
        if mistakes:
            raise SpaceError(mistakes)
        space = located(pick_space(module, name, file), path.parent)
        loaded = LoadedSpace(space, module, path, digest, tuple(_siblings(path.parent)))
        mistakes = list(parcel_mistakes(space, (module, *loaded.siblings)))
        if mistakes:
            raise SpaceError(mistakes)
    except BaseException:
        sys.modules.pop(module.__name__, None)
        Component.kinds.clear()
        Component.kinds.update(kinds_before)
        raise
    return loaded


def _split(place: str) -> tuple[Path, str | None]:
    file, colon, name = place.rpartition(":")
    if colon and file.endswith(".py"):
        return Path(file), name
    return Path(place), None


def _read(file: Path) -> bytes:
    try:
        mistake = about_path(file)
        if mistake is None:
            return file.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the path
        reason = getattr(error, "strerror", None) or str(error)
        mistake = Mistake(f"{file}"[:200], f"cannot be read: {reason}", "check the path")
    raise SpaceError([mistake])


def _run(source: bytes, file: Path, module: ModuleType, seconds: float) -> None:
    """Run the file as the module. The mistakes that its configs put off are told with the others."""
    code = _compiled(source, file, str(module.__file__))
    with gathering() as put_off:
        told: list[Mistake] = []
        cause: BaseException | None = None
        late = about_time(f"still running after {seconds:g} s of compiled code, and cannot be interrupted", f"{file}")
        try:
            with (
                _importable(Path(str(module.__file__)).parent),
                contained(),
                time_limit(seconds, lambda frame: _runs_a_package(frame, module), f"nas: error: {late}", _REFUSED),
            ):
                exec(code, module.__dict__)
        except KeyboardInterrupt:
            raise
        except SpaceError as error:
            told, cause = list(error.mistakes), error
        except BaseException as error:
            told, cause = [about_crash(error, file, module)], error
        mistakes = [*_untold(put_off, told, file), *told]
    if mistakes:
        raise SpaceError(mistakes) from cause


def _compiled(source: bytes, file: Path, filename: str) -> CodeType:
    if not source.strip():
        raise SpaceError([Mistake(f"{file}", "is empty", "`nas new NAME` writes one to start from")])
    try:
        text = source.decode("utf-8-sig")
        return compile(text, filename, "exec", dont_inherit=True)
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        what = f"is not UTF-8: byte 0x{source[error.start]:02x}"
        raise SpaceError([Mistake(f"{file}:{line}", what, "save it as UTF-8")]) from error
    except SyntaxError as error:
        raise SpaceError([about_syntax(error, file)]) from error
    except ValueError as error:  # a zero byte, before Python 3.11.4; later ones call it a syntax error
        raise SpaceError([Mistake(f"{file}", f"syntax error: {error}", "mend this line")]) from error
    except (RecursionError, MemoryError) as error:
        what = f"is not Python: {str(error) or type(error).__name__}"
        raise SpaceError([Mistake(f"{file}", what, "name a Python file")]) from error


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let the file import others from its own folder while it runs."""
    entry = str(folder)
    added = entry not in sys.path
    if added:
        sys.path.insert(0, entry)
    try:
        yield
    finally:
        if added and entry in sys.path:
            sys.path.remove(entry)


def _runs_a_package(frame: FrameType | None, module: ModuleType) -> bool:
    """Whether the file is importing or calling what pip installed: torch alone may take longer than the limit."""
    while frame is not None and frame.f_code.co_filename != module.__file__:
        if {"site-packages", "dist-packages"} & set(Path(frame.f_code.co_filename).parts):
            return True
        frame = frame.f_back
    return False


def _untold(put_off: Iterable[Mistake], told: list[Mistake], file: Path) -> Iterator[Mistake]:
    """Mistakes in configs that never reached a space: there is no path to them, only the class."""
    for mistake in put_off:
        field = mistake.where.partition(".")[2]
        if not any(
            (known.what, known.todo) == (mistake.what, mistake.todo)
            and f".{known.where}".endswith(f".{field}".rstrip("."))
            for known in told
        ):
            yield Mistake(f"{file}: {mistake.where}", mistake.what, mistake.todo)


def _taken_kinds(module: ModuleType, before: dict[str, type[Component]], file: Path) -> Iterator[Mistake]:
    """Components of the file whose kind is another's: a stored config would come back as the wrong one."""
    classes = (value for value in vars(module).values() if issubclass(type(value), type(Component)))
    own = [value for value in classes if value.__module__ == module.__name__]
    taken = {kind: f"nas's {known.__name__}" for kind, known in before.items() if known.__module__.startswith("nas.")}
    for component in dict.fromkeys(own):
        if issubclass(component, Component):
            if component.kind in taken:
                what = f"its kind {component.kind!r} is that of {taken[component.kind]}"
                yield Mistake(f"{file}: class {component.__name__}", what, 'give it another: class X(Y, kind="...")')
            taken.setdefault(component.kind, component.__name__)


def _siblings(folder: Path) -> Iterator[ModuleType]:
    """Loaded modules of that folder, nas itself left out."""
    for name, module in sorted(sys.modules.copy().items()):  # in one piece: other threads may be importing
        top = name.partition(".")[0]
        origin = getattr(module, "__file__", None)
        if not origin or top == "nas" or not origin.startswith(str(folder)) or top.startswith("_nas_space"):
            continue
        if Path(origin) == folder / f"{top}.py" or folder / top in Path(origin).parents:
            yield module
