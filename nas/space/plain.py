"""Which values a config may hold: what JSON, the databases and every machine keep as it is."""

import math
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from nas.space.holes import INT64, MOST_VALUES, Choice, Range, Repeat, shown

_LONGEST_TEXT = 4096
_TODO: dict[type, str] = {
    list: "write a tuple",
    set: "write a tuple",
    frozenset: "write a tuple",
    dict: "write a config of its own",
}


def value_problems(value: Any) -> Iterator[str]:
    """What keeps a value, or one that a hole may take, from being stored, in words; configs answer for themselves."""
    if value is None or isinstance(value, (BaseModel, Range)) or type(value) is bool:
        return
    if isinstance(value, Choice):
        for option in value.options:
            yield from value_problems(option)
    elif isinstance(value, Repeat):
        yield from value_problems(value.item)
    elif type(value) is int:
        if abs(value) > INT64:
            yield f"whole numbers must fit in 64 bit, got {shown(value)}; write a smaller one"
    elif type(value) is float:
        if math.isnan(value):
            yield "must be a number, got nan, which equals nothing; write a number"
    elif type(value) is str:
        yield from _text_problems(value)
    elif type(value) is tuple:
        yield from _tuple_problems(value)
    else:
        todo = _TODO.get(type(value), "write it as one of these")
        todo = f"write {value.__name__}(...)" if isinstance(value, type) else todo
        yield f"takes numbers, texts, None, tuples and configs, got {shown(value)}; {todo}"


def _text_problems(text: str) -> Iterator[str]:
    if len(text) > _LONGEST_TEXT:
        what = f"a text may have {_LONGEST_TEXT:,} characters, got {len(text):,}: {shown(text[:40])}"
        yield f"{what}; write a shorter one"
    elif "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        yield f"a text must be Unicode without zero bytes, got {shown(text)}; remove them"


def _tuple_problems(parts: tuple[Any, ...]) -> Iterator[str]:
    if len(parts) > MOST_VALUES:
        yield f"a tuple may have {MOST_VALUES:,} items, got {len(parts):,}; write fewer"
        return
    for part in parts:
        yield from value_problems(part)
