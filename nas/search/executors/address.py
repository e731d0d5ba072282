"""Whether anything answers where a Ray cluster is said to be. Loads no Ray, so that a wrong address is told at once."""

import os
import re
import socket
from typing import NamedTuple

from nas.search.executors.resources import ResourceError

SECONDS_TO_ANSWER = 3.0
_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]+\]|[^\s:/@\[\]]+):(?P<port>[0-9]{1,5})")


_GREETING = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""What every HTTP/2 connection begins with (RFC 9113, 3.4): the preface and settings, here none. A server answers with
its own settings."""
_HEAD, _KIND, _SETTINGS = 9, 3, b"\x04"
"""Bytes of a frame's head, where its kind stands, and that of settings."""


class Address(NamedTuple):
    """A host's name or number, without brackets, and its port."""

    host: str
    port: int


def parse_address(text: str) -> Address | None:
    """The parts of `HOST:PORT`, as `head:6379` or `[::1]:6379`; None where it is something else."""
    found = _ADDRESS.fullmatch(text)
    if found is None or not 0 < int(found["port"]) < 65536:
        return None
    return Address(found["host"].strip("[]"), int(found["port"]))


def answers(address: Address, seconds: float = SECONDS_TO_ANSWER) -> str:
    """Empty where a gRPC server, as Ray's is, answers there within `seconds`, else why not. To look up a name takes its
    own time.
    """
    try:
        with socket.create_connection(address, timeout=seconds) as connection:
            if os.environ.get("RAY_USE_TLS", "0").lower() in ("1", "true"):
                return ""
            connection.sendall(_GREETING)
            answer = connection.recv(_HEAD)
    except TimeoutError:
        return f"no answer within {seconds:g} s"
    except (OSError, UnicodeError) as error:  # UnicodeError: no name at all, as `a..b`
        return getattr(error, "strerror", None) or str(error)
    return "" if answer[_KIND : _KIND + 1] == _SETTINGS else "what answers there is not Ray"


def check_address(text: str) -> None:
    """Refuse an address where nothing takes a connection.

    Raises:
        ResourceError: one line with the reason.
    """
    address = parse_address(text)
    why = "not HOST:PORT" if address is None else answers(address)
    if why:
        raise ResourceError(
            f"--address: no Ray cluster at {text} ({why}); check that its head runs, or leave it out to start one here"
        )
