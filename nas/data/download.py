"""Brings torchvision's data sets into the data folder, with torchvision's own downloads and their digests."""

import importlib
import socket
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nas.data.errors import DataError

_SILENT_SECONDS = 15.0
_LINE = 200


def download(name: str, data_dir: Path, where: str) -> None:
    """Download the data set that torchvision calls `name` into `data_dir`.

    Each file is moved into place when all have come, so that an interrupted download leaves nothing half there.

    Raises:
        DataError: one line that says why, and by `where` what to put where instead.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=data_dir) as folder, short_wait():
            getattr(importlib.import_module("torchvision.datasets"), name)(folder, download=True)
            for file in sorted(Path(folder).rglob("*")):
                if file.is_file() and file.suffix != ".gz":
                    target = data_dir / file.relative_to(folder)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    file.replace(target)
    except (OSError, RuntimeError) as error:
        reason = textwrap.shorten(str(error), _LINE)
        raise DataError(f"{name}: not in {data_dir}, and no download ({reason}); {where}") from None


@contextmanager
def short_wait() -> Iterator[None]:
    """A server that does not answer counts as absent."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SILENT_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
