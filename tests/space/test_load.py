import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

from nas import Adam, ConvNet, SpaceError
from nas.space.config import Component
from nas.space.load import load_space, load_space_file
from nas.space.mistakes import gathering

GOOD = """
from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice

template = TrialConfig(data=Digits(), model=ConvNet(filters=choice(32, 64)))
space = SearchSpace("good", template)
"""


@pytest.fixture(autouse=True)
def _in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str, name: str = "my.py") -> str:
    Path(name).write_text(dedent(text))
    return name


def lines_of(place: str, seconds: float = 5.0) -> list[str]:
    with pytest.raises(SpaceError) as told:
        load_space_file(place, seconds)
    return str(told.value).splitlines()


def test_a_good_file() -> None:
    loaded = load_space_file(write(GOOD))
    assert loaded.space.name == "good"
    assert loaded.space is loaded.module.space
    assert loaded.path == Path("my.py").resolve()
    assert sys.modules[loaded.module.__name__] is loaded.module
    assert loaded.siblings == ()
    assert load_space("my.py") == loaded.space
    assert load_space("my.py:space").name == load_space("my.py:good").name == "good"


def test_the_digest_is_of_the_bytes() -> None:
    first = load_space_file(write(GOOD)).digest
    assert load_space_file(write(GOOD)).digest == first
    assert load_space_file(write(GOOD + "# more")).digest != first
    assert len(first) == 16


# what is wrong -> the text of my.py, and the lines
FILES: dict[str, tuple[str, list[str]]] = {
    "empty": ("", ["my.py: is empty; `nas new NAME` writes one to start from"]),
    "blank": ("\n \n", ["my.py: is empty; `nas new NAME` writes one to start from"]),
    "no space": ("x = 3\n", ["my.py: makes no SearchSpace; end it with space = SearchSpace(...)"]),
    "wrong type": ("space = 3\n", ["my.py: space: must be a SearchSpace, got 3; write space = SearchSpace(...)"]),
    "two spaces": (
        GOOD + "other = SearchSpace('b', template)\n",
        ["my.py: makes 2 spaces: space, other; pick one, such as my.py:space"],
    ),
    "syntax error": (
        "x = 3\ndef f(:\n",
        ["my.py:2: syntax error: invalid syntax in 'def f(:'; mend this line"],
    ),
    "unclosed": ("x = (3,\n", ["my.py:1: syntax error: '(' was never closed in 'x = (3,'; mend this line"]),
    "zero byte": ("x = 3\0", ["my.py: syntax error: source code string cannot contain null bytes; mend this line"]),
    "deep": (f"x = {'-' * 200_000}1", ["my.py: is not Python: MemoryError; name a Python file"]),
    "raises": (
        "def f():\n    raise KeyError('a\\nb')\n\nf()\n",
        [r"my.py:2: KeyError: 'a\nb'; mend this line"],
    ),
    "raises in lines": ("raise ValueError('one\\n  two')\n", ["my.py:1: ValueError: one two; mend this line"]),
    "raises without words": ("assert 1 == 2\n", ["my.py:1: AssertionError; mend this line"]),
    "raises deep inside": (
        "import json\njson.loads('{')\n",
        [
            "my.py:2: JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1); "
            "mend this line"
        ],
    ),
    "recursion": (
        "def f(): f()\nf()\n",
        ["my.py:1: RecursionError: maximum recursion depth exceeded; mend this line"],
    ),
    "exit": ("exit(3)\n", ["my.py:1: calls exit, with 3; a space file must run to its end"]),
    "sys.exit": (
        "import sys\nsys.exit('bye')\n",
        ["my.py:2: calls exit, with 'bye'; a space file must run to its end"],
    ),
    "missing import": (
        "import nosuchmodule.deep\n",
        ["my.py:1: there is no module 'nosuchmodule' here; install what it needs, or remove the import"],
    ),
    "misspelt import": (
        "from nas import ConvNett\n",
        ["my.py:1: nas has no 'ConvNett'; did you mean ConvNet?"],
    ),
    "misspelt name": (
        "from nas import ConvNet\nmodel = ConvNett()\n",
        ["my.py:2: 'ConvNett' is not defined; did you mean ConvNet?"],
    ),
    "name not imported": ("model = ConvNet()\n", ["my.py:1: 'ConvNet' is not defined; write from nas import ConvNet"]),
    "unknown name": ("x = qqqqqqqq\n", ["my.py:1: 'qqqqqqqq' is not defined; define or import it"]),
    "own exception": ("class Odd(BaseException): pass\nraise Odd('x')\n", ["my.py:2: Odd: x; mend this line"]),
    "positional": (
        "from nas import ConvNet\nConvNet(3)\n",
        [
            "my.py:2: TypeError: Config.__init__() takes 1 positional argument but 2 were given; "
            "give the fields by their names, as Stage(filters=32)"
        ],
    ),
    "kind of another": (
        GOOD + "from nas import Model\nclass Adam(Model):\n    x: int = 1\n",
        ["my.py: class Adam: its kind 'adam' is that of nas's Adam; give it another: class X(Y, kind=\"...\")"],
    ),
    "kind twice": (
        GOOD + "from nas import Model\nclass A(Model, kind='z'): pass\nclass B(Model, kind='z'): pass\n",
        ["my.py: class B: its kind 'z' is that of A; give it another: class X(Y, kind=\"...\")"],
    ),
    "all mistakes at once": (
        """
        from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice, maximize

        unused = ConvNet(conv_layers=0)
        template = TrialConfig(data=Digits(), model=ConvNet(kernel_sise=choice(3, 5), kernel_size=4, filters=choice(3)))
        space = SearchSpace(
            "many", template, (maximize("accuracy"),), baselines={"7": template.replace(model=ConvNet(dropout=1))}
        )
        """,
        [
            "my.py: ConvNet.conv_layers: must be greater than or equal to 1, got 0; raise it",
            "template.model.convnet.kernel_sise: unknown field of ConvNet, "
            "given choice 3, 5; did you mean kernel_size?",
            "template.model.convnet.filters: choice needs at least two options, got 1; add one, or write the value",
            'template.model.convnet.kernel_size: must be odd with padding="same", got 4; change one of them',
            "objectives.0: unknown metric 'accuracy'; did you mean val_accuracy or train_accuracy?",
            "baselines.7.model.convnet.dropout: must be less than 1, got 1; lower it",
        ],
    ),
    "one mistake in the template of many": (
        """
        from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice

        template = TrialConfig(model=ConvNet(filters=choice(32, 64)), epochs=8.5)
        a, b = template.replace(model=ConvNet(filters=32)), template.replace(model=ConvNet(filters=0))
        space = SearchSpace("many", template, baselines={"a": a, "b": b}, references={"c": a})
        """,
        [
            "template.data: TrialConfig needs this field; give it a value",
            "template.epochs: must be a whole number, got 8.5; write a whole number, such as 3",
            "baselines.b.model.convnet.filters: must be greater than or equal to 1, got 0; raise it",
        ],
    ),
    "mistakes before a crash": (
        "from nas import ConvNet, max_params\nm = ConvNet(filters=0)\nlimit = max_params(0)\n1 / 0\n",
        [
            "my.py: ConvNet.filters: must be greater than or equal to 1, got 0; raise it",
            "my.py: max_params: the limit must be a whole number above 0, got 0; write one",
            "my.py:4: ZeroDivisionError: division by zero; mend this line",
        ],
    ),
    "a mistake that reached no space": (
        GOOD + "other = ConvNet(kernel_size=2)\n",
        ['my.py: ConvNet.kernel_size: must be odd with padding="same", got 2; change one of them'],
    ),
}


@pytest.mark.parametrize(("text", "lines"), FILES.values(), ids=FILES)
def test_what_is_wrong_in_a_file(text: str, lines: list[str]) -> None:
    modules, kinds, path = set(sys.modules), dict(Component.kinds), list(sys.path)
    assert lines_of(write(text)) == lines
    assert {name for name in set(sys.modules) - modules if "nas_space" in name} == set()
    assert Component.kinds == kinds
    assert sys.path == path
    assert Adam().kind == "adam"
    with pytest.raises(SpaceError):  # mistakes are no longer put off
        ConvNet(kernel_size=2)


def test_missing_files_and_near_names() -> None:
    write(GOOD, "ablation.py")
    assert lines_of("ablatoin.py") == ["ablatoin.py: no such file; did you mean ablation.py?"]
    assert lines_of("other.py") == ["other.py: no such file; `nas new NAME` writes one to start from"]
    Path("search_spaces").mkdir()
    write(GOOD, "search_spaces/transfer.py")
    assert lines_of("transfer") == ["transfer: no such file; did you mean search_spaces/transfer.py?"]
    assert lines_of("nofolder/ablation.py:space") == [
        "nofolder/ablation.py: no such file; `nas new NAME` writes one to start from"
    ]


def test_what_is_no_python_file() -> None:
    Path("folder.py").mkdir()
    assert lines_of("folder.py") == ["folder.py: is a folder; name a file"]
    Path("folder").mkdir()
    write(GOOD, "folder/b.py")
    write(GOOD, "folder/a.py")
    assert lines_of("folder") == ["folder: is a folder; name a file in it: a.py, b.py"]
    write("a,b\n", "table.csv")
    assert lines_of("table.csv") == ["table.csv: is not a Python file; name one that ends in .py"]
    Path("loop.py").symlink_to("loop.py")
    assert lines_of("loop.py") == ["loop.py: no such file; `nas new NAME` writes one to start from"]
    assert lines_of("a\0.py")[0].startswith("a")
    long = "x" * 300 + ".py"
    assert lines_of(long) == [f"{long[:200]}: cannot be read: File name too long; check the path"]


def test_a_file_that_is_not_utf8() -> None:
    Path("my.py").write_bytes(b"# one\nx = '\xff'\n")
    assert lines_of("my.py") == ["my.py:2: is not UTF-8: byte 0xff; save it as UTF-8"]
    Path("my.py").write_bytes(b"\xef\xbb\xbf" + GOOD.encode())  # a byte order mark is fine
    assert load_space("my.py").name == "good"


def test_file_and_name() -> None:
    write(GOOD + "other = SearchSpace('second', template)\n_hidden = SearchSpace('third', template)\n")
    assert load_space("my.py:other").name == load_space("my.py:second").name == "second"
    assert load_space("my.py:_hidden").name == "third"
    assert lines_of("my.py:otter") == ["my.py: makes no space 'otter'; did you mean other?"]
    assert lines_of("my.py:template")[0].startswith("my.py: template: must be a SearchSpace, got TrialConfig(")
    assert lines_of("my.py:") == ["my.py: makes no space ''; known are space, other, good, second"]


def test_one_space_under_two_names_is_one() -> None:
    assert load_space(write(GOOD + "again = space\n_private = SearchSpace('b', template)\n")).name == "good"


@pytest.mark.parametrize("body", ["while True: pass", "import time\ntime.sleep(60)", "import slow"])
def test_an_endless_file_is_ended(body: str) -> None:
    write("\n\nwhile True:\n    pass\n", "slow.py")
    place = Path("slow.py").resolve() if "slow" in body else "my.py"
    line = 3 if "slow" in body else body.count("\n") + 1
    expected = f"{place}:{line}: still running after 0.2 s; a space file only describes: move long work into functions"
    assert lines_of(write(body), seconds=0.2) == [expected]


def test_an_installed_package_may_take_longer() -> None:
    folder = Path("site-packages").resolve()
    folder.mkdir()
    (folder / "heavy.py").write_text(
        "import time\nbegan = time.monotonic()\nwhile time.monotonic() - began < 0.7: pass\n"
    )
    text = f"import sys\nsys.path.append({str(folder)!r})\nimport heavy\n{GOOD}"
    try:
        assert load_space_file(write(text), seconds=0.2).space.name == "good"
        sys.modules.pop("heavy")
        assert "still running after 0.05 s" in lines_of(write(text), seconds=0.05)[0]
    finally:
        sys.path.remove(str(folder))
        sys.modules.pop("heavy", None)


def test_it_loads_outside_the_main_thread() -> None:
    names: list[str] = []
    thread = threading.Thread(target=lambda: names.append(load_space(write(GOOD)).name))
    thread.start()
    thread.join()
    assert names == ["good"]


def test_a_sibling_can_be_imported() -> None:
    write("WIDTH = 48\n", "sibling_of_mine.py")
    text = GOOD.replace("choice(32, 64)", "sibling_of_mine.WIDTH")
    path = list(sys.path)
    try:
        loaded = load_space_file(write(f"import sibling_of_mine\n{text}"))
        assert [module.__name__ for module in loaded.siblings] == ["sibling_of_mine"]
        assert sys.path == path
    finally:
        sys.modules.pop("sibling_of_mine", None)


def test_modules_that_appear_meanwhile_do_no_harm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another thread imports while the siblings are looked for."""

    class Growing(dict[str, ModuleType]):
        def items(self) -> Iterator[tuple[str, ModuleType]]:  # type: ignore[override]
            for number, item in enumerate(super().items()):
                self[f"another{number}"] = ModuleType("another")
                yield item

    monkeypatch.setattr(sys, "modules", Growing(sys.modules))
    assert load_space_file(write(GOOD)).siblings == ()


def test_a_broken_sibling_is_named() -> None:
    write("def f(:\n", "broken_sibling.py")
    path = Path("broken_sibling.py").resolve()
    expected = f"{path}:1: syntax error: invalid syntax in 'def f(:'; mend this line"
    assert lines_of(write("import broken_sibling\n")) == [expected]


def test_what_a_file_prints_does_not_reach_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    load_space(write(f"print('hello')\n{GOOD}"))
    assert capsys.readouterr() == ("", "hello\n")


def test_the_cause_is_kept_for_a_traceback() -> None:
    with pytest.raises(SpaceError) as told:
        load_space(write("1 / 0\n"))
    assert isinstance(told.value.__cause__, ZeroDivisionError)


def test_gathering_is_over_after_a_file() -> None:
    load_space(write(GOOD))
    with gathering() as put_off:
        pass
    assert put_off == []


OWN = """
from __future__ import annotations

import nas

SCALE = 3

class Block(nas.Config):
    width: int = 4

class Mine(nas.Model, kind="mine_net"):
    blocks: tuple[Block, ...] = ()

    def build(self, shape: tuple[int, int, int], classes: int) -> object:
        return twice(len(self.blocks)) * SCALE

def twice(number: int) -> int:
    return 2 * number

template = nas.TrialConfig(data=nas.Digits(), model=Mine(blocks=nas.repeat(Block(width=nas.choice(1, 2)), 1, 3)))
space = nas.SearchSpace("own", template, baselines={"a": template.replace(model=Mine(blocks=(Block(width=2),)))})
"""

WORKER = """
import pickle, sys
config = pickle.load(open(sys.argv[1], "rb"))
print(config.model.build((1, 2, 3), 4), type(config.model).kind)
from nas.space.config import from_dict, to_dict
print(from_dict(type(config), to_dict(config)) == config)
"""


@pytest.mark.slow
def test_a_model_of_the_file_reaches_another_process_by_value(tmp_path: Path) -> None:
    loaded = load_space_file(write(OWN))
    from ray import cloudpickle

    cloudpickle.register_pickle_by_value(loaded.module)
    Path("config.pkl").write_bytes(cloudpickle.dumps(loaded.space.baselines["a"]))
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", WORKER, "config.pkl"], capture_output=True, text=True, env={"PYTHONPATH": str(root)}
    )
    assert (done.stdout, done.returncode) == ("6 mine_net\nTrue\n", 0), done.stderr


def test_mistakes_can_be_pickled() -> None:
    with pytest.raises(SpaceError) as told:
        load_space("nowhere.py")
    assert pickle.loads(pickle.dumps(told.value)).mistakes == told.value.mistakes


def test_loading_needs_nothing_heavy() -> None:
    heavy = ["torch", "ray", "mlflow", "optuna", "numpy", "pandas", "sklearn"]
    program = f"""
import sys
from nas.space.load import load_space
import nas.space.describe, nas.space.starter, nas.cost
load_space({write(GOOD)!r})
print([name for name in {heavy} if name in sys.modules])
"""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env={"PYTHONPATH": str(root)}, check=True
    )
    assert done.stdout == "[]\n"
