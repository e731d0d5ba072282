"""Which of the spaces that a file makes is meant."""

from pathlib import Path
from types import ModuleType

from nas.space.checks import shown
from nas.space.mistakes import Mistake, SpaceError, near
from nas.space.search_space import SearchSpace


def pick_space(module: ModuleType, name: str | None, file: Path) -> SearchSpace:
    """The space with that variable's or space's name, or the only one of the module; `_private` ones do not count.

    Raises:
        SpaceError: there is none, or there are several and no name.
    """
    variables = vars(module)
    found: dict[int, tuple[str, SearchSpace]] = {}
    for variable, value in variables.items():
        if issubclass(type(value), SearchSpace) and not variable.startswith("_"):
            found.setdefault(id(value), (variable, value))
    spaces = dict(found.values())
    if name is not None:
        return _named(name, variables, spaces, file)
    if len(spaces) == 1:
        return next(iter(spaces.values()))
    if spaces:
        what = f"makes {len(spaces)} spaces: {', '.join(spaces)}"
        raise SpaceError([Mistake(f"{file}", what, f"pick one, such as {file}:{next(iter(spaces))}")])
    if "space" in variables:
        what = f"must be a SearchSpace, got {shown(variables['space'])}"
        raise SpaceError([Mistake(f"{file}: space", what, "write space = SearchSpace(...)")])
    raise SpaceError([Mistake(f"{file}", "makes no SearchSpace", "end it with space = SearchSpace(...)")])


def _named(name: str, variables: dict[str, object], spaces: dict[str, SearchSpace], file: Path) -> SearchSpace:
    if name in variables:
        value = variables[name]
        if issubclass(type(value), SearchSpace):
            return value  # type: ignore[return-value]
        what = f"must be a SearchSpace, got {shown(value)}"
        raise SpaceError([Mistake(f"{file}: {name}", what, f"write {name} = SearchSpace(...)")])
    for space in spaces.values():
        if space.name == name:
            return space
    hint = near(name, [*spaces, *(space.name for space in spaces.values() if space.name not in spaces)])
    raise SpaceError([Mistake(f"{file}", f"makes no space {name!r}", hint or "end it with space = SearchSpace(...)")])
