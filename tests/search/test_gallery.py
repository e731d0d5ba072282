"""The data of a study is drawn by a process of its own where this one has not loaded torch."""

import subprocess
import sys
from pathlib import Path

import pytest

from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice
from nas.search.gallery import gallery
from nas.search.layout import Layout

SPACE = SearchSpace(name="drawn", template=TrialConfig(data=Digits(), model=ConvNet(filters=choice(8, 16)), epochs=1))
DRAWN = {"class_counts.json", "class_counts.png", "samples.png"}


def test_where_torch_is_loaded_it_is_drawn_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch  # noqa: F401

    monkeypatch.setattr(subprocess, "run", lambda *_, **__: pytest.fail("a process was started"))
    draw = gallery(SPACE, Layout(tmp_path, tmp_path / "data"))
    assert draw is not None
    assert {path.name for path in draw().iterdir()} == DRAWN


@pytest.mark.slow
def test_where_it_is_not_a_process_of_its_own_draws_and_torch_stays_away(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
sys.path.insert(0, {str(Path(__file__).parent)!r})
from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice
from nas.search.gallery import gallery
from nas.search.layout import Layout
template = TrialConfig(data=Digits(), model=ConvNet(filters=choice(8, 16)), epochs=1)
home = Path({str(tmp_path)!r})
folder = gallery(SearchSpace(name="drawn", template=template), Layout(home, home / "data"))()
assert "torch" not in sys.modules
print(*(path.name for path in folder.iterdir()))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == DRAWN


def test_a_space_without_data_has_none(tmp_path: Path) -> None:
    from nas.space.config import Config

    class Plain(Config):
        x: int = 1

    space = SearchSpace(
        name="plain", template=Plain(x=choice(1, 2)), objective=lambda config, budget: iter(()), epochs=1
    )
    assert gallery(space, Layout(tmp_path, tmp_path / "data")) is None
