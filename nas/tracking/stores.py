"""Which tracking stores a study was ever mirrored to: a note in the ledger, so that none of them is forgotten."""

from typing import TYPE_CHECKING

from nas.redact import redact

if TYPE_CHECKING:
    import optuna

_ATTRIBUTE, _OWN = "tracking_stores", "home"


def note_store(study: "optuna.Study", uri: str, own: str) -> None:
    """Note that the study is mirrored there from now on; the newest is the last. Only its driver may call this.

    own: the home folder's own store, which is noted as such: a home may move. Passwords are not noted.
    """
    noted = study.user_attrs.get(_ATTRIBUTE, [])
    name = _name(uri, own)
    if noted[-1:] != [name]:
        study.set_user_attr(_ATTRIBUTE, [*(other for other in noted if other != name), name])


def noted_stores(study: "optuna.Study", own: str) -> list[str]:
    """Their URIs, the newest last, with `***` where a password was."""
    names = [name for name in study.user_attrs.get(_ATTRIBUTE, []) if name != "none"]
    return [own if name == _OWN else name for name in names]


def current_store(study: "optuna.Study", own: str) -> str:
    """Where the study's last search mirrors it to, as `noted_stores` says it, or `none`."""
    name: str = study.user_attrs.get(_ATTRIBUTE, ["none"])[-1]
    return own if name == _OWN else name


def is_whole(uri: str) -> bool:
    """Whether a noted URI had no password, so that it can be used as it is."""
    return "***" not in uri


def same_store(uri: str, noted: str) -> bool:
    """Whether a URI is one that was noted."""
    return _plain(uri) == _plain(noted)


def _name(uri: str, own: str) -> str:
    return _OWN if same_store(uri, own) else redact(uri)


def _plain(uri: str) -> str:
    return redact(uri).replace("//localhost", "//127.0.0.1").rstrip("/")
