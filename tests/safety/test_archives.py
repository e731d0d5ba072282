"""Archives made to do harm: members that lead outside, links, devices, bombs, false digests, code in pickles."""

import gzip
import io
import os
import pickle
import tarfile
from contextlib import suppress
from dataclasses import replace
from email.message import Message
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import Request

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.data import download
from nas.data.archives import ArchiveError, unpack
from nas.data.cifar10 import read_cifar10
from nas.data.errors import DataError

MEGABYTE = 1_000_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "precious").write_text("mine")
    (tmp_path / "root").mkdir()
    return tmp_path / "root"


def member(name: str, **facts: Any) -> tuple[tarfile.TarInfo, bytes]:
    info, content = tarfile.TarInfo(name), facts.pop("content", b"bad")
    info.size = len(content) if facts.get("type", tarfile.REGTYPE) == tarfile.REGTYPE else 0
    for fact, value in facts.items():
        setattr(info, fact, value)
    return info, content


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path


def untouched(folder: Path) -> bool:
    """Nothing outside the folder has changed, and nothing in it leads outside."""
    outside = folder.parent / "outside"
    names = sorted(path.name for path in folder.parent.iterdir() if path.suffix != ".gz")
    links = [path for path in folder.rglob("*") if path.is_symlink() or (path.is_file() and path.stat().st_nlink > 1)]
    there = {path.name: path.read_text() for path in outside.iterdir()}
    return names == ["outside", "root"] and there == {"precious": "mine"} and not links


def test_files_and_folders_are_unpacked(folder: Path) -> None:
    info, _ = member("data", type=tarfile.DIRTYPE)
    archive = tar(
        folder.parent / "x.tar.gz", (info, b""), member("data/a", content=b"one"), member("b/c", content=b"2")
    )
    unpack(archive, folder, MEGABYTE)
    assert {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()} == {
        "data/a": b"one", "b/c": b"2",
    }  # fmt: skip
    (folder.parent / "y.gz").write_bytes(gzip.compress(b"three"))
    unpack(folder.parent / "y.gz", folder, 5)
    assert (folder / "y").read_bytes() == b"three"


BAD_MEMBERS = {
    "absolute": [member("/tmp/nas-escaped")],
    "parent": [member("../outside/new")],
    "parent in the middle": [member("a/../../outside/new")],
    "over what is there": [member("../outside/precious")],
    "backslash": [member("..\\outside\\new")],
    "symlink": [member("link", type=tarfile.SYMTYPE, linkname="../outside"), member("link/new")],
    "absolute symlink": [member("link", type=tarfile.SYMTYPE, linkname="/tmp"), member("link/nas-escaped")],
    "harmless symlink": [member("a"), member("link", type=tarfile.SYMTYPE, linkname="a")],
    "hard link": [member("link", type=tarfile.LNKTYPE, linkname="../outside/precious"), member("link")],
    "device": [member("null", type=tarfile.CHRTYPE, devmajor=1, devminor=3)],
    "block device": [member("disk", type=tarfile.BLKTYPE, devmajor=8)],
    "pipe": [member("pipe", type=tarfile.FIFOTYPE)],
    "the same twice": [member("a"), member("a")],
    "file as folder": [member("a"), member("a/b")],
}


@pytest.mark.parametrize("kind", BAD_MEMBERS)
def test_members_that_do_not_belong_there(folder: Path, kind: str) -> None:
    archive = tar(folder.parent / "x.tar.gz", *BAD_MEMBERS[kind])
    with pytest.raises((ArchiveError, OSError)):
        unpack(archive, folder, MEGABYTE)
    assert untouched(folder)
    assert not Path("/tmp/nas-escaped").exists()


@given(parts=st.lists(st.sampled_from(["..", ".", "", "a", "b", "/", "~", "$HOME", "C:", "outside"]), min_size=1))
def test_no_name_leads_outside(tmp_path_factory: pytest.TempPathFactory, parts: list[str]) -> None:
    root = tmp_path_factory.mktemp("any") / "root"
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "precious").write_text("mine")
    root.mkdir()
    archive = tar(root.parent / "x.tar.gz", member("/".join(parts)))
    with suppress(ArchiveError, OSError):
        unpack(archive, root, MEGABYTE)
    assert untouched(root)


def test_no_more_than_expected(folder: Path) -> None:
    """A thousandth of its size packed; and a header that announces what never comes."""
    (folder.parent / "zeros.gz").write_bytes(gzip.compress(bytes(20 * MEGABYTE)))
    with pytest.raises(ArchiveError, match=r"^unpacks to more than the 1,000,000 bytes that were expected$"):
        unpack(folder.parent / "zeros.gz", folder, MEGABYTE)
    bomb = tar(folder.parent / "bomb.tar.gz", member("other", content=bytes(20 * MEGABYTE)))
    with pytest.raises(ArchiveError, match="unpacks to more than"):
        unpack(bomb, folder, MEGABYTE)
    comment = tarfile.TarInfo("a")
    comment.pax_headers = {"comment": "x" * 20 * MEGABYTE}
    with pytest.raises(ArchiveError, match="unpacks to more than"):
        unpack(tar(folder.parent / "comment.tar.gz", (comment, b"")), folder, MEGABYTE)
    assert sum(path.stat().st_size for path in folder.rglob("*")) <= 3 * MEGABYTE


@pytest.mark.parametrize("name", ["x.gz", "x.tar.gz"])
def test_damaged_archives(folder: Path, name: str) -> None:
    tar(folder.parent / name, member("a", content=os.urandom(100_000)))
    whole = (folder.parent / name).read_bytes()
    for content in (b"", b"no archive", whole[:50_000], whole[:5000] + bytes(100) + whole[5100:]):
        for left in folder.iterdir():
            left.unlink()
        (folder.parent / name).write_bytes(content)
        with pytest.raises(ArchiveError, match=r"^x\.(tar\.)?gz is damaged \(.") as caught:
            unpack(folder.parent / name, folder, MEGABYTE)
        assert len(str(caught.value).splitlines()) == 1


@pytest.fixture
def online(monkeypatch: pytest.MonkeyPatch) -> dict[str, bytes]:
    """What the addresses of the published files answer."""
    answers: dict[str, bytes] = {}
    monkeypatch.setattr("urllib.request.OpenerDirector.open", lambda _, address, timeout: io.BytesIO(answers[address]))
    return answers


@pytest.mark.parametrize("name", download.PUBLISHED)
def test_what_was_not_published_is_not_unpacked(
    name: str, online: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("unpacked")

    monkeypatch.setattr(download, "unpack", never)
    for file in download.PUBLISHED[name]:
        online[file.address] = b"something else"
    with pytest.raises(DataError) as caught:
        download.download(name, tmp_path / "data", "put it there")
    assert "is not what was published: SHA-256 " in str(caught.value)
    assert list((tmp_path / "data").iterdir()) == []


def test_an_answer_that_does_not_end(online: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = replace(download.PUBLISHED["CIFAR10"][0], packed=2 * MEGABYTE)
    monkeypatch.setitem(download.PUBLISHED, "CIFAR10", (file,))
    online[file.address] = bytes(10 * MEGABYTE)
    with pytest.raises(DataError, match="is longer than the 2,000,000 bytes that were expected"):
        download.download("CIFAR10", tmp_path / "data", "put it there")
    assert list((tmp_path / "data").iterdir()) == []


def test_an_archive_of_the_right_digest_cannot_leave_the_data_folder(
    folder: Path, online: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = tar(folder.parent / "x.tar.gz", member("../../outside/new")).read_bytes()
    file = replace(download.PUBLISHED["CIFAR10"][0], sha256=sha256(packed).hexdigest())
    monkeypatch.setitem(download.PUBLISHED, "CIFAR10", (file,))
    online[file.address] = packed
    with pytest.raises(DataError, match=r"no download \(holds '../../outside/new', which lies outside its folder\)"):
        download.download("CIFAR10", folder, "put it there")
    assert untouched(folder)
    assert list(folder.iterdir()) == []


def test_every_address_is_https_and_has_a_digest() -> None:
    for files in download.PUBLISHED.values():
        for file in files:
            assert file.address.startswith("https://")
            assert len(bytes.fromhex(file.sha256)) == 32


def test_a_redirect_to_plain_http_is_not_followed() -> None:
    follow = download._HttpsOnly().redirect_request
    request = Request("https://example.com/x")
    headers = Message()
    with pytest.raises(RuntimeError, match=r"leads to http://example\.com/y, which is not https"):
        follow(request, None, 302, "Found", headers, "http://example.com/y")
    found = follow(request, None, 302, "Found", headers, "https://example.com/y")
    assert found is not None
    assert found.full_url == "https://example.com/y"


class Harm:
    """Unpickled, it makes a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.target),)


def test_a_batch_of_cifar10_that_is_code_does_not_run(tmp_path: Path) -> None:
    names = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]
    for name in names:
        (tmp_path / name).write_bytes(pickle.dumps({b"data": Harm(tmp_path / "harm"), b"labels": [1]}))
    with pytest.raises(DataError, match=r"names posix\.mkdir, which is no part of CIFAR-10"):
        read_cifar10(tuple(tmp_path / name for name in names))
    assert not (tmp_path / "harm").exists()
