"""Who listens where, as the kernel tells it."""

import socket
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

_LISTEN = "0A"


def family(leader: int) -> set[int]:
    """A process and all processes below it."""
    children: dict[int, list[int]] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:  # it has ended
            continue
        children.setdefault(parent, []).append(int(folder.name))
    found, waiting = set(), [leader]
    while waiting:
        found.add(pid := waiting.pop())
        waiting += children.get(pid, [])
    return found


def listening(pids: Iterable[int]) -> set[tuple[str, int]]:
    """Addresses and ports on which these processes listen, by TCP."""
    return {_end(fields[1]) for fields in _table(pids, "tcp", "tcp6") if fields[3] == _LISTEN}


def remotes(pids: Iterable[int]) -> set[tuple[str, int]]:
    """Addresses and ports that these processes are connected to or try to reach, by TCP or UDP."""
    ends = {_end(fields[2]) for fields in _table(pids, "tcp", "tcp6", "udp", "udp6")}
    return {(host.removeprefix("::ffff:"), port) for host, port in ends if port}


def _table(pids: Iterable[int], *tables: str) -> Iterator[list[str]]:
    """The kernel's lines on the sockets of these processes."""
    sockets = {inode for pid in pids for inode in _sockets(pid)}
    for table in tables:
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            if (fields := line.split())[9] in sockets:
                yield fields


def _end(text: str) -> tuple[str, int]:
    address, port = text.split(":")
    return _address(address), int(port, 16)


def _sockets(pid: int) -> Iterator[str]:
    try:
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                yield target[8:-1]
    except OSError:  # it has ended
        return


def _address(text: str) -> str:
    """The kernel writes addresses as 32-bit words in the machine's own order."""
    words = struct.pack(f"={len(text) // 8}I", *(int(text[at : at + 8], 16) for at in range(0, len(text), 8)))
    return socket.inet_ntop(socket.AF_INET if len(words) == 4 else socket.AF_INET6, words)
