"""Passwords in URLs are shown to nobody: no log, no error, no database field."""

import re

_PASSWORD = re.compile(r"(?<=://)([^:/@\s]*):\S*@")


def redact(text: str) -> str:
    """The text with the password of every URL in it replaced by `***`."""
    return _PASSWORD.sub(r"\1:***@", text)
