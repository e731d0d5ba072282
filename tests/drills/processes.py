"""Processes as `/proc` shows them: a driver's descendants, what they take and where they listen."""

from contextlib import suppress
from pathlib import Path


def command_of(pid: int) -> str:
    """Its command line; empty for one that has ended or waits to be reaped."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    return ""


def descendants(pid: int) -> list[int]:
    """Children, their children, and so on."""
    children: dict[int, list[int]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError, ValueError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(process.name))
    found, following = [], [pid]
    while following:
        following = [child for parent in following for child in children.get(parent, [])]
        found += following
    return found


def named(pid: int, part: str) -> list[int]:
    """Descendants whose command line has that part."""
    return [child for child in descendants(pid) if part in command_of(child)]


def resident_bytes(pid: int) -> int:
    """Memory that is really taken."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    return 0


def listening(pid: int) -> set[tuple[str, int]]:
    """Addresses and ports on which a process takes TCP connections, as /proc writes them: hexadecimal addresses."""
    inodes = set()
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                target = str(descriptor.readlink())
                if target.startswith("socket:["):
                    inodes.add(target[8:-1])
    found = set()
    for table in ("tcp", "tcp6"):
        with suppress(OSError):
            for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and fields[9] in inodes:
                    address, port = fields[1].split(":")
                    found.add((address, int(port, 16)))
    return found
