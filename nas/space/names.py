"""What a study may be called, and what its folder is called."""

import hashlib
from collections.abc import Iterator

from nas.space.holes import shown
from nas.space.mistakes import Mistake

LONGEST_NAME = 250
"""Characters of a study's name."""
_LONGEST_FOLDER = 255
"""Bytes that file systems allow."""


def name_mistakes(name: object) -> Iterator[Mistake]:
    """What is wrong with a study's name."""
    if not isinstance(name, str) or not name.strip():
        yield Mistake("name", f"must be a text that names the study, got {shown(name)}", "give it one")
    elif len(name) > LONGEST_NAME:
        what = f"a study's name may have {LONGEST_NAME} characters, got {len(name):,}: {shown(name[:40])}"
        yield Mistake("name", what, "write a shorter one")
    elif not name.isprintable() or name != name.strip() or {"/", "\\"} & set(name) or name[0] in ".-":
        todo = "no slashes, no control characters, no space at its ends, no dot or dash first"
        yield Mistake("name", f"{shown(name)} cannot name a study", todo)
    elif name.endswith(".references"):
        yield Mistake("name", f"{shown(name)} ends in '.references', which nas keeps for itself", "use another name")


def folder_name(study: str) -> str:
    """The name of the study's folders: its own, or where that is too long for a file system the first part of it and
    a digest of the whole.
    """
    if len(study.encode()) <= _LONGEST_FOLDER:
        return study
    digest = hashlib.sha256(study.encode()).hexdigest()[:16]
    return study.encode()[: _LONGEST_FOLDER - 17].decode(errors="ignore") + "-" + digest
