"""What a study's data looks like, drawn once for the tracking pages."""

import os
import pickle
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from nas.config import Data, TrialConfig
from nas.records import DataPlace
from nas.search.layout import Layout
from nas.search.preparation import data_variants, seed_of
from nas.space.config import from_dict
from nas.space.mistakes import SpaceError
from nas.space.search_space import SearchSpace
from nas.tracking.record import TrialRecord


def gallery(space: SearchSpace, layout: Layout) -> Callable[[], Path] | None:
    """Draws the space's data (the first of several) into a folder of the cache, and returns that; None without data.

    To call it takes seconds, for torch must be loaded: in a process of its own if this one has none, whose trials would
    wait meanwhile.
    """
    template = space.template
    if not isinstance(template, TrialConfig):
        return None
    return _drawer(next(iter(data_variants(template))), seed_of(space), space.name, layout)


def gallery_of(record: TrialRecord, layout: Layout) -> Callable[[], Path] | None:
    """The same for the data of one trial, whose study's space is not at hand."""
    if "data" not in record.config:
        return None
    try:
        config = from_dict(TrialConfig, record.config)
    except SpaceError:  # it has parts that only its space file knows
        return None
    return _drawer(config.data, config.seed, record.study, layout)


def _drawer(data: Data, seed: int, study: str, layout: Layout) -> Callable[[], Path]:
    def draw() -> Path:
        folder = layout.gallery(study)
        shutil.rmtree(folder, ignore_errors=True)
        if "torch" in sys.modules:
            _draw(data, layout.place, seed, folder)
        else:
            wanted = pickle.dumps((data, layout.place, seed, folder))
            # in a session of its own: Ctrl-C is the search's to handle
            subprocess.run([sys.executable, "-m", __name__], input=wanted, check=True, start_new_session=True)
        return folder

    return draw


def _draw(data: Data, place: DataPlace, seed: int, folder: Path) -> None:
    from nas.data.gallery import write_gallery

    write_gallery(data, place, seed, folder)


if __name__ == "__main__":
    os.nice(19)  # trials come first
    _draw(*pickle.load(sys.stdin.buffer))
