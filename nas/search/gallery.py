"""What a study's data looks like, drawn once for the tracking pages."""

import shutil
from collections.abc import Callable
from pathlib import Path

from nas.config import TrialConfig
from nas.search.layout import Layout
from nas.search.preparation import data_variants, seed_of
from nas.space.search_space import SearchSpace


def gallery(space: SearchSpace, layout: Layout) -> Callable[[], Path] | None:
    """Draws the space's data (the first of several) into a folder of the cache, and returns that; None without data.

    To call it imports torch and may take seconds.
    """
    template = space.template
    if not isinstance(template, TrialConfig):
        return None
    data = next(iter(data_variants(template)))

    def draw() -> Path:
        from nas.data.gallery import write_gallery

        folder = layout.gallery(space.name)
        shutil.rmtree(folder, ignore_errors=True)
        write_gallery(data, layout.place, seed_of(space), folder)
        return folder

    return draw
