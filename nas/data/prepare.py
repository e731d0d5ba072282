"""Reads and decodes a data set once; every later call finds it in the cache, or in this process's memory."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from nas.config import Data, ImageData, Table, Tabular
from nas.data.cache import FORMAT, META, Prepared, discard, is_intact, load, store
from nas.data.errors import DataError, some_of
from nas.data.folder_source import refused
from nas.data.limit import limited
from nas.data.part import PARTS, Part, part_shares
from nas.data.parts import ImageTable, Parts, assign_parts, part_warnings
from nas.data.paths import expanded
from nas.data.raw import stamp
from nas.data.sources import Source, open_source
from nas.data.tables import NumberTable, read_table
from nas.records import DataInfo, DataPlace

_TEST_SEED = 0
_MOST_KNOWN = 8

_known: dict[tuple[Data, DataPlace], tuple[list[str], Source, Prepared]] = {}
_digests: dict[tuple[Data, DataPlace], str] = {}


def prepare(data: Data, place: DataPlace, seed: int) -> DataInfo:
    """Make sure that the data is decoded in `place.cache`. Returns what is known of it, counted as this seed splits it.

    What was decoded before is read in full, to see whether it is intact.

    Raises:
        DataError: the data is absent, cannot be read or cannot be split; a line for each mistake.
        OSError: the cache cannot be written.
    """
    info = _prepare_table(data, seed) if isinstance(data, Tabular) else _prepare_images(data, place, seed)
    _digests[data, place] = info.digest
    return info


def prepared_digest(data: Data, place: DataPlace) -> str | None:
    """The digest of what `prepare` found last in this process; None where it was not asked."""
    return _digests.get((data, place))


def _prepare_table(data: Tabular, seed: int) -> DataInfo:
    table = read_table(data)
    return describe_table(table, split(table.rows, data, seed))


def _prepare_images(data: Data, place: DataPlace, seed: int) -> DataInfo:
    prepared = open_prepared(data, place)
    if not is_intact(prepared):
        discard(prepared)
        prepared = open_prepared(data, place)
    return describe(prepared, split(prepared.table, data, seed))


def open_prepared(data: Data, place: DataPlace) -> Prepared:
    """The decoded data, prepared now if it was not.

    Raises:
        DataError: as for `prepare`, but for the split. OSError: the cache cannot be written.
    """
    source = open_source(data, place)
    stamps = _stamps(source)
    folder = place.cache / _key(data, source)
    prepared = load(folder)
    if prepared is None:
        _store(folder, source)
        prepared = load(folder)
    if prepared is None:
        raise DataError(f"{folder}: cannot be read back after it was written; check the disk, or choose another cache")
    if prepared.skipped and not place.skip_bad:
        raise DataError(*refused(prepared.skipped, skippable=True))
    _known.pop((data, place), None)
    _known[data, place] = stamps, source, prepared
    if len(_known) > _MOST_KNOWN:
        del _known[next(iter(_known))]
    return prepared


def known_prepared(data: Data, place: DataPlace) -> Prepared:
    """What `open_prepared` gave this process last; opened now if it was not, or where the data's files have changed.

    Of a folder with many images only the folders are looked at: one image that was painted over is not noticed.

    Raises:
        DataError: as for `open_prepared`.
    """
    stamps, source, prepared = _known.get((data, place), (None, None, None))
    if source is None or prepared is None or stamps != _stamps(source):
        return open_prepared(data, place)
    return prepared


def _stamps(source: Source) -> list[str]:
    return list(map(stamp, source.watched()))


def known_table(data: Tabular) -> NumberTable:
    """What `read_table` gave this process last; read now if it was not, or if its file has changed.

    Raises:
        DataError: as for `read_table`.
    """
    return _read_table(data, stamp(expanded(data.path)) if isinstance(data, Table) else "")


@lru_cache(maxsize=_MOST_KNOWN)
def _read_table(data: Tabular, stamp: str) -> NumberTable:
    return read_table(data)


def _store(folder: Path, source: Source) -> None:
    try:
        store(folder, source.read)
    except OSError as error:
        what = f"cannot hold decoded images ({error.strerror or error})"
        raise OSError(error.errno, what, str(folder.parent)) from error


def split(table: ImageTable, data: Data, seed: int) -> Parts:
    """The part of each image or row (N): TRAIN, VAL or TEST, or NONE beyond the data's limit.

    The test part is the same under every seed, so that networks trained under several can be tested, and put together,
    on images that none of them has seen.
    """
    shares = part_shares(data, np.unique(table.given).tolist())
    usual = assign_parts(table, shares, _TEST_SEED)
    kept = limited(table, usual, data.limit, _TEST_SEED)
    if seed == _TEST_SEED:
        return kept
    tested = replace(table, given=np.where(usual == Part.TEST, np.int8(Part.TEST), table.given))
    left = 1 - shares.get(Part.TEST, 0.0)
    others: dict[Part, float] = {part: share / left for part, share in shares.items() if part != Part.TEST}
    parts = limited(table, assign_parts(tested, others, seed), data.limit, seed)
    parts = np.where(parts == Part.TEST, np.int8(Part.NONE), parts)
    return np.where(kept == Part.TEST, kept, parts)


def describe(prepared: Prepared, parts: Parts) -> DataInfo:
    """What is known of images, split like this."""
    return DataInfo(
        shape=prepared.shape,
        class_names=prepared.table.class_names,
        counts=_counts(parts),
        digest=prepared.digest,
        warnings=(*prepared.warnings, *_skipped(prepared), *part_warnings(prepared.table, parts, prepared.name_of)),
    )


def _skipped(prepared: Prepared) -> Iterator[str]:
    """What --skip-bad passed over: how many, the first few, and where all are listed."""
    count = len(prepared.skipped)
    if count:
        total = count + len(prepared.pixels)
        where = prepared.folder / META
        yield f"--skip-bad: {count} of {total} images are left out, see {where}: {some_of(prepared.skipped, 3)}"


def describe_table(table: NumberTable, parts: Parts) -> DataInfo:
    """What is known of a table, split like this."""
    return DataInfo(
        shape=(len(table.names), 1, 1),
        class_names=(),
        counts=_counts(parts),
        digest=table.digest,
        warnings=table.warnings,
    )


def _counts(parts: Parts) -> dict[str, int]:
    return {part.folder: int(np.sum(parts == part)) for part in PARTS}


def _key(data: Data, source: Source) -> str:
    """Names the cache folder by all that decides the decoded pixels; the shares of the parts do not."""
    assert isinstance(data, ImageData)
    means = [FORMAT, data.kind, data.channels, data.image_size, source.signature()]
    digest = hashlib.blake2b(json.dumps(means).encode(), digest_size=8).hexdigest()
    return f"{data.kind}-{digest}"
