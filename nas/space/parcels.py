"""Whether a space can be sent to another process: workers cannot import its file, so all of it is pickled by value."""

import io
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any

from nas.space.everywhere import configs_in
from nas.space.mistakes import Mistake, in_a_line
from nas.space.search_space import SearchSpace

_TODO = "make it inside the function that uses it"


def parcel_mistakes(space: SearchSpace, modules: Iterable[ModuleType]) -> Iterator[Mistake]:
    """What of the space cannot be pickled, each part by its name. modules: the space file and those beside it."""
    parts: dict[str, Any] = {"objective": space.objective} if space.objective is not None else {}
    classes = {
        type(config) for config in configs_in((space.template, *space.baselines.values(), *space.references.values()))
    }
    own = {module.__name__: module for module in modules}
    parts |= {f"class {kind.__name__}": kind for kind in classes if kind.__module__ in own}
    with _by_value(own.values()):
        for where, part in parts.items():
            reason = _reason(part)
            if reason is not None:
                what = f"cannot be sent to another process: {_culprit(part, own)}{reason}"
                yield Mistake(where, what, _TODO)


@contextmanager
def _by_value(modules: Iterable[ModuleType]) -> Iterator[None]:
    import cloudpickle  # type: ignore[import-untyped]  # here, for workers import the package without it

    with ExitStack() as undo:
        for module in modules:
            cloudpickle.register_pickle_by_value(module)
            undo.callback(cloudpickle.unregister_pickle_by_value, module)
        yield


def _reason(part: object) -> str | None:
    import cloudpickle

    try:
        cloudpickle.Pickler(_Nowhere()).dump(part)
    except Exception as error:
        return in_a_line(error)
    return None


class _Nowhere(io.RawIOBase):
    """Takes what is written, and keeps nothing."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return len(data)


def _culprit(part: object, modules: Mapping[str, ModuleType]) -> str:
    """The attributes of the part, and the global variables that its code names, that do it: `lock, `."""
    module = modules.get(getattr(part, "__module__", ""))
    known = {} if module is None else vars(module)
    kept = {**{name: known[name] for name in _names_in(part) if name in known}, **getattr(part, "__dict__", {})}
    kept = {name: value for name, value in kept.items() if not name.startswith("__") and not _is_code(value)}
    bad = [name for name, value in kept.items() if _reason(value) is not None]
    return f"{', '.join(bad)}, " if bad else ""


def _names_in(part: Any) -> Iterator[str]:
    """The names that a function, or the methods of a class or an object, look up."""
    kind = part if isinstance(part, type) else type(part)
    functions = [part] if isinstance(part, FunctionType) else [f for f in vars(kind).values() if _is_code(f)]
    codes = [function.__code__ for function in functions if isinstance(function, FunctionType)]
    while codes:
        code = codes.pop()
        yield from code.co_names
        codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]


def _is_code(value: object) -> bool:
    return isinstance(value, (FunctionType, type, ModuleType)) or type(value).__module__ == "_abc"
