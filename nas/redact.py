"""Passwords and tokens are shown to nobody: no log, no error, no database field.

Found are those in URLs (`scheme://user:PASSWORD@host`, `https://TOKEN@host`), in what follows a telling name
(`?password=...`, `host=db password='...'` as libpq reads it, `"token": "..."`), and in HTTP's authorization. Where the
end of a secret is not plain, more is hidden rather than less. Redact before a text is cut: half a secret is none that
can be recognised. The time is linear in the text.
"""

import re

HIDDEN = "***"

_NAMES = r"(?:pass(?:word|wd|phrase)?|pwd|token|secret|api[_-]?key|access[_-]?key|credentials?)"
_SINGLE, _DOUBLE = r"'(?:\\.|[^'\\])*+(?:'|\\?$)", r'"(?:\\.|[^"\\])*+(?:"|\\?$)'
_WORD_VALUE = r"(?:\S*[^\s;,)]|\S+)"
_SCHEME = r"(?:(?:basic|bearer|digest|token|negotiate)\s{1,4})?"
_NAMED = re.compile(
    rf"""(?P<said>{_NAMES}\s{{0,4}}(?:=|%3d)\s{{0,4}})(?:(?:{_SINGLE}|{_DOUBLE})\S*|{_WORD_VALUE})"""
    rf"""|(?P<keyed>{_NAMES}\\?["']\s{{0,4}}[:,]\s{{0,4}})\\?(?:{_SINGLE}|{_DOUBLE})"""
    rf"""|(?P<header>authorization\\?["']?\s{{0,4}}[:=,]\s{{0,4}}\\?["']?{_SCHEME})\S+"""
    rf"""|(?P<bearer>\bbearer\s{{1,4}})[\w.~+/=-]{{16,}}""",
    re.IGNORECASE | re.DOTALL,
)
_WORD = re.compile(r"\S+")
_LOGIN = re.compile(r"[^:/@\[\s]*:")
_TOKEN = re.compile(r"[^:/@\[\s]+@")


def redact(text: str) -> str:
    """The text with every password and token in it replaced by `***`."""
    if "://" in text:
        text = _WORD.sub(lambda word: _without_logins(word[0]), text)
    return _NAMED.sub(_without_value, text)


def _without_value(found: re.Match[str]) -> str:
    return next(name for name in found.groups() if name is not None) + HIDDEN


def _without_logins(word: str) -> str:
    """A word without the passwords of the URLs in it: from the first login's colon to the last `@` all is hidden."""
    last = word.rfind("@")
    start = word.find("://") + 3
    while 3 <= start <= last:
        if login := _LOGIN.match(word, start, last):
            return f"{word[: login.end()]}{HIDDEN}{word[last:]}"
        if _TOKEN.match(word, start) and word.endswith(("http://", "https://"), 0, start):
            return f"{word[:start]}{HIDDEN}{word[last:]}"
        start = word.find("://", start) + 3
    return word
