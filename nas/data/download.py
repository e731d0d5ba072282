"""Brings the published data sets into the data folder: by https alone, and nothing but what was published."""

import hashlib
import socket
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

from nas.data.archives import unpack
from nas.data.errors import DataError
from nas.redact import redact

_SILENT_SECONDS = 15.0
_LINE = 200
_CHUNK = 1 << 20
_MNIST = "https://ossci-datasets.s3.amazonaws.com/mnist/"
_FASHION = "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/"
_CIFAR10 = "https://www.cs.toronto.edu/~kriz/"


@dataclass(frozen=True)
class Published:
    """One packed file. packed, unpacked: bytes that it has at most. folder: where it belongs below the data folder."""

    address: str
    sha256: str
    packed: int
    unpacked: int
    folder: str

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.address.rpartition("/")[2]


def _images(base: str, folder: str, digests: tuple[str, str, str, str]) -> tuple[Published, ...]:
    names = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")
    return tuple(
        Published(f"{base}{name}-ubyte.gz", digest, 30_000_000, 50_000_000, f"{folder}/raw")
        for name, digest in zip(names, digests, strict=True)
    )


PUBLISHED = {
    "CIFAR10": (
        Published(
            f"{_CIFAR10}cifar-10-python.tar.gz",
            "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
            packed=180_000_000,
            unpacked=200_000_000,
            folder=".",
        ),
    ),
    "MNIST": _images(_MNIST, "MNIST", (
        "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
        "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
        "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
        "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
    )),
    "FashionMNIST": _images(_FASHION, "FashionMNIST", (
        "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    )),
}  # fmt: skip
"""By torchvision's names, in its folders. The digests are of the files as their authors publish them."""


def download(name: str, data_dir: Path, where: str) -> None:
    """Download the data set that torchvision calls `name` into `data_dir`.

    Each file is moved into place when all have come, so that an interrupted download leaves nothing half there.

    Raises:
        DataError: one line that says why, and by `where` what to put where instead.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".download-", dir=data_dir) as folder:
            for file in PUBLISHED[name]:
                _bring(file, Path(folder))
            for path in sorted(Path(folder).rglob("*")):
                if path.is_file():
                    target = data_dir / path.relative_to(folder)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    path.replace(target)
    except (OSError, RuntimeError, HTTPException) as error:
        reason = textwrap.shorten(redact(str(error)), _LINE)
        raise DataError(f"{name}: not in {data_dir}, and no download ({reason}); {where}") from None


def _bring(file: Published, folder: Path) -> None:
    """Download, check, unpack. Nothing is unpacked that is not what was published."""
    packed, target = folder / file.name, folder / file.folder
    _fetch(file, packed)
    target.mkdir(parents=True, exist_ok=True)
    unpack(packed, target, file.unpacked)
    packed.unlink()


def _fetch(file: Published, target: Path) -> None:
    digest, size = hashlib.sha256(), 0
    opener = build_opener(_HttpsOnly)
    with opener.open(file.address, timeout=_SILENT_SECONDS) as answer, target.open("xb") as stream:
        while chunk := answer.read(_CHUNK):
            size += len(chunk)
            if size > file.packed:
                raise RuntimeError(f"{file.address} is longer than the {file.packed:,} bytes that were expected")
            digest.update(chunk)
            stream.write(chunk)
    if digest.hexdigest() != file.sha256:
        raise RuntimeError(f"{file.address} is not what was published: SHA-256 {digest.hexdigest()[:16]}...")


class _HttpsOnly(HTTPRedirectHandler):
    def redirect_request(self, *answer: Any) -> Request | None:
        request, new = answer[0], answer[-1]
        if not new.startswith("https://"):
            raise RuntimeError(f"{request.full_url} leads to {new}, which is not https")
        return super().redirect_request(*answer)


@contextmanager
def short_wait() -> Iterator[None]:
    """A server that does not answer counts as absent."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SILENT_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
