"""The command that trains a trial's config again, in one process and with a full traceback."""

import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from nas.space.paths import read_value
from nas.tracking.record import TrialRecord

_CARRIED = (
    "--data", "--target", "--image-size", "--limit", "--weights", "--epochs", "--seed", "--home", "--data-dir",
)  # fmt: skip
"""Options of `nas search` that decide what a trial trains, and that `nas train` takes too."""
_CARRIED_FLAG = "--smoke"
_SPACE_FILE = re.compile(r"\.py(:\w+)?$")


def repeat_command(record: TrialRecord, others: Iterable[TrialRecord]) -> str:
    """`nas train ...` for this trial. A config that bears no name is told by its differences from the nearest baseline
    among `others`, or by its holes where there is none. FILE stands for a space file that is not known.
    """
    tokens = shlex.split(record.environment.get("command", ""))
    file = next((token for token in tokens[1:] if _SPACE_FILE.search(token)), "FILE")
    return shlex.join(["nas", "train", file, *_choice(record, others), *_carried(tokens)])


def differences(value: Any, other: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Where one config, as JSON data, differs from another: path and the first one's value."""
    if isinstance(value, Mapping) and isinstance(other, Mapping) and value.get("kind") == other.get("kind"):
        inside = ".".join(filter(None, [path, value.get("kind")]))
        for name, part in value.items():
            if name != "kind":
                yield from differences(part, other.get(name), f"{inside}.{name}" if inside else name)
    elif isinstance(value, list) and isinstance(other, list) and len(value) == len(other):
        for index, (part, twin) in enumerate(zip(value, other, strict=True)):
            yield from differences(part, twin, f"{path}.{index}")
    elif type(value) is not type(other) or value != other:
        yield path, value


def _choice(record: TrialRecord, others: Iterable[TrialRecord]) -> list[str]:
    if record.reference is not None:
        return ["--reference", record.reference]
    if record.baseline:
        return ["--baseline", record.baseline[0]]
    told = [(list(differences(record.config, other.config)), other.baseline[0]) for other in others if other.baseline]
    if not told:
        return _sets(record.params.items())
    changes, name = min(told, key=lambda pair: len(pair[0]))
    return ["--baseline", name, *_sets(changes)]


def _sets(values: Iterable[tuple[str, Any]]) -> list[str]:
    return [part for path, value in values for part in ("--set", f"{path}={_literal(value)}")]


def _literal(value: Any) -> str:
    """The text that `nas train --set` reads as this value."""
    return value if isinstance(value, str) and read_value(value) == value else json.dumps(value)


def _carried(tokens: list[str]) -> list[str]:
    found = []
    for index, token in enumerate(tokens):
        if token in _CARRIED:
            found += tokens[index : index + 2]
        elif token == _CARRIED_FLAG or token.partition("=")[0] in _CARRIED:
            found.append(token)
    return found
