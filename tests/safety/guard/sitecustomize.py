"""On PYTHONPATH this notes, in every Python process, whom it speaks to or asks for the address of, and stops it unless
that is this machine. NAS_GUARD: the file, a JSON line each.
"""

import json
import os
import sys
import traceback
from typing import Any

_HERE = ("127.", "::1", "localhost", "::ffff:127.")


def watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
        host = address[0] if isinstance(address, tuple) else ""  # a path or None: no other machine
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if not host or host.startswith(_HERE) or host in ("0.0.0.0", "::", os.uname().nodename):
        return
    facts = {"event": event, "host": host, "command": sys.orig_argv[:4], "stack": traceback.format_stack(limit=8)}
    descriptor = os.open(os.environ["NAS_GUARD"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, json.dumps(facts).encode() + b"\n")
    os.close(descriptor)
    raise OSError(101, f"the test lets nobody speak to {host}")


if "NAS_GUARD" in os.environ:
    sys.addaudithook(watch)
