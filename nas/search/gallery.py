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
from nas.space.search_space import SearchSpace


def gallery(space: SearchSpace, layout: Layout) -> Callable[[], Path] | None:
    """Draws the space's data (the first of several) into a folder of the cache, and returns that; None without data.

    To call it takes seconds, for torch must be loaded: in a process of its own if this one has none, whose trials would
    wait meanwhile.
    """
    template = space.template
    if not isinstance(template, TrialConfig):
        return None
    data = next(iter(data_variants(template)))

    def draw() -> Path:
        folder = layout.gallery(space.name)
        shutil.rmtree(folder, ignore_errors=True)
        if "torch" in sys.modules:
            _draw(data, layout.place, seed_of(space), folder)
        else:
            wanted = pickle.dumps((data, layout.place, seed_of(space), folder))
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
