"""The command line under arguments that nobody would think of: never an exception, a hang, or a file elsewhere."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas.cli.errors import StatusError
from nas.cli.main import COMMANDS, nas
from tests.bad_input.case import Told, check_form, in_process, make_home, warm_up
from tests.bad_input.fuzzing import fuzz, no_hang
from tests.bad_input.spaces import write_spaces

ALLOWED = {0, 2, 3, 4, 5}
"""130, 143 and 141 need a signal or a reader that goes; 1 would be a mistake of nas."""
REACHED = 99
"""Stands for: everything was accepted, and now a search, a training or a server would start."""

NAMES = [name for section in COMMANDS.values() for name in section]
OPTIONS = {
    name: sorted({flag for param in nas.get_command(nas.make_context("nas", []), name).params for flag in param.opts
                  if flag.startswith("-")})
    for name in NAMES
}  # fmt: skip
ACCEPTED = """
    small tiny.py parabola.py broken.py tiny.py:space 0 1 2 3 10 two eight VGG19 all best tpe grid ablation cmaes random
    asha none local ray auto 30m 1h30m 0.25 digits diabetes params val_accuracy model model.convnet.filters 3x32x32
    model.convnet.filters=4 resnet18 studies backbones new_space 127.0.0.1:6379 sqlite:///other.db other host:1 imagenet
"""
REFUSED = """
    - -- -1 00 1e9 nan inf -inf 1_000 ٣ ² ½ ~ ~nobody-here /proc/nas /dev/null /dev/full a/b é 名前 🙂 ' " %s {}
    [red] [/] $HOME * = a= =b a=b=c model= model.convnet.filters= epochs=nan seed=1e3 data.digits.limit=[
    tiny.py: : tiny.py:nope tiny.py:template nope.py home NaN None True 0x10 1,5 1.5 1/2 2x2x2 0x0x0 1x99999999x1 sqlite://
    sqlite:/// :// postgresql:// http://[ 127.0.0.1:0 mysql://u:secret@h/d postgresql://u:secret@127.0.0.1:1/x [::1]:1
"""
STRANGE = ["", " ", "a\nb", "\t", "\x1b[2J", "\x7f", "\u202e", "a\udcff", "x" * 5000, "9" * 5000]
texts = st.text(st.characters(exclude_characters="\0/"), max_size=12)  # no zero byte can be passed; all stays in here
words = st.sampled_from(ACCEPTED.split()) | st.sampled_from(REFUSED.split()) | st.sampled_from(STRANGE) | texts


@st.composite
def vectors(draw):
    """Arguments of a command that there is, mostly, with options that it has, mostly."""
    name = draw(st.sampled_from(NAMES))
    spelt = draw(st.sampled_from([name] * 12 + [name[1:], name.upper(), draw(words)]))
    vector = []
    for kind in draw(st.lists(st.sampled_from("wwoov"), max_size=6)):
        if kind == "w":
            vector.append(draw(words))
            continue
        option = draw(st.sampled_from(OPTIONS[name]) | st.sampled_from(["--bogus", "--trials", "--json", "--debg"]))
        vector += [f"{option}={draw(words)}"] if kind == "v" else [option, draw(words)]
    return ["--debug"] * draw(st.sampled_from([0] * 9 + [1])) + [spelt, *vector]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture
def nothing_starts(monkeypatch):
    """What takes long is replaced by one line: it was reached with arguments that were accepted."""

    def reached(*_arguments, **_options):
        raise StatusError("here: something would start now; it is left out", REACHED)

    for target in (
        "nas.search.run.search",
        "nas.trial.run_trial",
        "nas.tracking.dashboards.start",
        "nas.tracking.sync.bring",
        "nas.cli.show.look",
        "nas.data.download.download",
        "nas.cli.smoke.measure_cost",
    ):
        monkeypatch.setattr(target, reached)


@fuzz
@given(vectors())
def test_any_arguments_are_answered(nothing_starts, place, vector):
    warm_up()
    with TemporaryDirectory(dir=place) as parent:
        folder = Path(parent) / "here"
        folder.mkdir()
        make_home(folder / "home")
        write_spaces(folder)
        with no_hang():
            told = in_process(vector, folder)
        judge(told, vector)
        assert [path.name for path in Path(parent).iterdir()] == ["here"]


def judge(told: Told, vector: list[str]) -> None:
    shown = f"{vector}: exit code {told.code}\n{told.stderr}"
    assert told.code in ALLOWED | {REACHED}, shown
    assert (told.code == 0) != bool(told.errors), shown
    if "--debug" not in vector:
        check_form(told, str(vector))
