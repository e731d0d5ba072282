"""Bad input: networks that a study has kept and somebody has spoilt. Nothing in a file that is read may run."""

import json
import pickle
import shutil
from pathlib import Path

import pytest

from tests.bad_input.case import Case, in_process, run_case, warm_up
from tests.bad_input.spaces import write_spaces

SEARCH = ["search", "tiny.py", "--executor", "local", "--tracking-uri", "none", "--scheduler", "none", "--keep", "all"]
FIRST, SECOND = "tiny/00000", "tiny/00001"


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """A home in which the study `tiny` has two networks of one architecture, with 2 and 4 filters, and a reference."""
    folder = tmp_path_factory.mktemp("kept")
    write_spaces(folder)
    warm_up()
    done = in_process([*SEARCH, "--quiet"], folder)
    assert done.code == 0, done.stderr
    shutil.rmtree(folder / "home" / "artifacts" / "tiny.references")
    return folder / "home"


class Foreign:
    """What runs when it is read by pickle."""

    def __reduce__(self):
        return Path.touch, (Path("it-ran"),)


def _text(of, text):
    return lambda artifacts: (artifacts / of).write_text(text)


def _remove(*files):
    return lambda artifacts: [(artifacts / file).unlink() for file in files]


def _pickled(artifacts: Path) -> None:
    (artifacts / FIRST / "weights.safetensors").unlink()
    (artifacts / FIRST / "weights.pt").write_bytes(pickle.dumps(Foreign()))


def _truncated(artifacts: Path) -> None:
    file = artifacts / FIRST / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:-100])


def _flipped(artifacts: Path) -> None:
    file = artifacts / FIRST / "weights.safetensors"
    data = bytearray(file.read_bytes())
    data[3] ^= 0xFF
    file.write_bytes(data)


def _of_another(artifacts: Path) -> None:
    shutil.copy(artifacts / SECOND / "weights.safetensors", artifacts / FIRST / "weights.safetensors")


def _without(of, key):
    def spoil(artifacts: Path) -> None:
        data = json.loads((artifacts / of).read_text())
        del data[key]
        (artifacts / of).write_text(json.dumps(data))

    return spoil


SPOILT = [
    ("weights missing", _remove(f"{FIRST}/weights.safetensors"), "ensemble", "only 1 network is kept", "--keep all", 2),
    ("weights truncated", _truncated, f"{FIRST}/weights.safetensors", "", "", 2),
    ("weights flipped", _flipped, f"{FIRST}/weights.safetensors", "", "", 2),
    ("weights are text", _text(f"{FIRST}/weights.safetensors", "a cat"), f"{FIRST}/weights.safetensors", "", "", 2),
    ("weights are empty", _text(f"{FIRST}/weights.safetensors", ""), f"{FIRST}/weights.safetensors", "", "", 2),
    ("weights are a foreign pickle", _pickled, f"{FIRST}/weights.pt", "", "", 2),
    (
        "weights of another shape",
        _of_another,
        f"{FIRST}/weights.safetensors",
        "does not fit",
        "train the trial again",
        2,
    ),
    ("config missing", _remove(f"{FIRST}/config.json"), f"{FIRST}/config.json", "No such file", "", 4),
    ("config is no JSON", _text(f"{FIRST}/config.json", "{"), f"{FIRST}/config.json", "is damaged", "train", 2),
    ("config is a list", _text(f"{FIRST}/config.json", "[]"), f"{FIRST}/config.json", "is damaged", "train", 2),
    (
        "config of an unknown model",
        _text(f"{FIRST}/config.json", '{"model": {"kind": "unheard_of"}}'),
        "kind",
        "'unheard_of'",
        "",
        2,
    ),
    ("facts missing", _remove(f"{FIRST}/data.json"), f"{FIRST}/data.json", "No such file", "", 4),
    ("facts are no JSON", _text(f"{FIRST}/data.json", "\0"), f"{FIRST}/data.json", "is damaged", "train", 2),
    ("facts without a shape", _without(f"{FIRST}/data.json", "shape"), f"{FIRST}/data.json", "no 'shape'", "train", 2),
    ("facts of other data", _text(f"{FIRST}/data.json", "{}"), f"{FIRST}/data.json", "has no 'task'", "train", 2),
]


@pytest.mark.parametrize("spoilt", SPOILT, ids=lambda spoilt: spoilt[0])
def test_spoilt_networks_are_refused(spoilt, kept, tmp_path):
    name, spoil, where, what, todo, code = spoilt

    def arrange(folder: Path) -> list[str]:
        shutil.copytree(kept, folder / "own")
        spoil(folder / "own" / "artifacts")
        return ["ensemble", "tiny", "--home", "own"]

    run_case(Case(name, arrange, where, what, todo, code, creates=["own/cache"]), tmp_path)
    assert not (tmp_path / "it-ran").exists()


def test_networks_as_they_were_are_taken(kept, tmp_path):
    told = in_process(["ensemble", "tiny", "--home", str(kept), "--json"], tmp_path)
    assert (told.code, told.stderr) == (0, "")
    assert len(json.loads(told.stdout)["members"]) == 2
