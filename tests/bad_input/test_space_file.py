"""Bad input: the space file itself, the code in it, and the names that it gives."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.bad_input.case import Case, run_case, run_process

GOOD = """
import threading
from nas import *

template = TrialConfig(
    data=Digits(), model=ConvNet(conv_layers=1, filters=choice(2, 4), dense_layers=0), epochs=1, precision="fp32"
)
"""
SPACE = 'space = SearchSpace("good", template)\n'
POINT = """
import threading
from nas import *

class Point(Config):
    x: float = 0.0

POINTS = Point(x=choice(0.0, 1.0))

"""
PLAIN = 'space = SearchSpace("good", POINTS, (minimize("y"),), objective={})\n'
NETWORK = """
import threading
from nas import *

lock = threading.Lock()

class Mine(Model, kind="mine"):
    width: int = 8

    def build(self, shape, classes):
        {body}

space = SearchSpace("good", TrialConfig(data=Digits(), model=Mine(width=choice(2, 4)), epochs=1))
"""
LONG = "a space file only describes: move long work into functions"
STARTS = "`nas new NAME` writes one to start from"
SENT = "cannot be sent to another process: "


def bad(text: str | bytes, *more: str, **siblings: str | bytes) -> Callable[[Path], Sequence[str]]:
    """`nas search bad.py`, with other modules beside it."""

    def arrange(folder: Path) -> Sequence[str]:
        for name, content in {"bad": text, **siblings}.items():
            data = content.encode() if isinstance(content, str) else content
            (folder / f"{name}.py").write_bytes(data)
        return ["search", "bad.py", *more]

    return arrange


def made(make: Callable[[Path], object], file: str = "bad.py") -> Callable[[Path], Sequence[str]]:
    """`nas search` of something that is no file."""

    def arrange(folder: Path) -> Sequence[str]:
        make(folder / "bad.py")
        return ["search", file]

    return arrange


def constrained(function: str) -> Callable[[Path], Sequence[str]]:
    return bad(f'{GOOD}space = SearchSpace("good", template, constraints=(constraint("few", {function}),))\n')


THE_FILE = [
    Case("missing", ["search", "nope.py"], "nope.py", "no such file", STARTS),
    Case("missing, a near name", made(lambda path: path.write_text(""), "bda.py"), "bda.py", "no such", "did you mean"),
    Case("a folder", made(Path.mkdir), "bad.py", "is a folder", "name a file"),
    Case("a dangling link", made(lambda path: path.symlink_to("nowhere.py")), "bad.py", "no such file", STARTS),
    Case("a link to itself", made(lambda path: path.symlink_to("bad.py")), "bad.py", "no such file", STARTS),
    Case("a pipe", made(os.mkfifo), "bad.py", "is no file but a device or a pipe", "name a file"),
    Case("/dev/zero", made(lambda path: path.symlink_to("/dev/zero")), "bad.py", "is no file but a device", "name a"),
    Case("a long path", ["search", "x" * 5000 + ".py"], "xxxx", "cannot be read: File name too long", "check the path"),
    Case(
        "no suffix", made(lambda path: path.with_suffix("").touch(), "bad"), "bad", "is not a Python file", "name one"
    ),
    Case("huge", bad(b"#" + b"x" * 100_000_000), "bad.py", "has 100,000,001 bytes", "a space file only describes"),
    Case("empty", bad(""), "bad.py", "is empty", STARTS),
    Case("blank", bad(" \n\n"), "bad.py", "is empty", STARTS),
    Case("not UTF-8", bad(b"x = '\xe4'\n"), "bad.py:1", "is not UTF-8: byte 0xe4", "save it as UTF-8"),
    Case("UTF-16", bad((GOOD + SPACE).encode("utf-16")), "bad.py:1", "is not UTF-8: byte 0xff", "save it as UTF-8"),
    Case("a picture", bad(b"\x89PNG\r\n\x1a\n\0\0"), "bad.py:1", "is not UTF-8: byte 0x89", "save it as UTF-8"),
    Case("a zero byte", bad(b"x = 3\0"), "bad.py", "syntax error: source code string cannot contain null", "mend this"),
    Case("a syntax error", bad("x = 3\ndef f(:\n"), "bad.py:2", "syntax error: invalid syntax in 'def f(:'", "mend"),
    Case("return", bad("return 3\n"), "bad.py:1", "syntax error: 'return' outside function", "mend this line"),
    Case("not Python", bad("# Title\n\nSome *text*.\n"), "bad.py:3", "syntax error: invalid syntax", "mend this line"),
    Case("too deep", bad(f"x = {'-' * 200_000}1"), "bad.py", "is not Python: MemoryError", "name a Python file"),
]
WHAT_IT_MAKES = [
    Case("no space", bad("x = 3\n"), "bad.py", "makes no SearchSpace", "end it with space = SearchSpace(...)"),
    Case("a number", bad("space = 3\n"), "bad.py", "space: must be a SearchSpace, got 3", "write space ="),
    Case("the class", bad("from nas import *\nspace = SearchSpace\n"), "bad.py", "space: must be", "write space ="),
    Case(
        "what cannot be shown", bad("class A:\n    def __repr__(self): raise ValueError\nspace = A()\n"),
        "bad.py", "space: must be a SearchSpace, got a A", "write space =",
    ),
    Case(
        "what cannot be asked",
        bad("class A:\n    @property\n    def __class__(self): raise ValueError\nspace = A()\n"),
        "bad.py", "space: must be a SearchSpace, got", "write space =",
    ),
    Case(
        "two spaces", bad(f"{GOOD}{SPACE}other = SearchSpace('b', template)\n"),
        "bad.py", "makes 2 spaces: space, other", "pick one, such as bad.py:space",
    ),
    Case(
        "a name that is none", made(lambda path: path.write_text(GOOD + SPACE), "bad.py:spaec"),
        "bad.py", "makes no space 'spaec'", "did you mean space?",
    ),
    Case("nothing in it", bad("from nas import *\nspace = SearchSpace()\n"), "bad.py:2", "missing 2 required", "mend"),
    Case(
        "an unknown argument", bad(f'{GOOD}space = SearchSpace("a", template, objectivs=())\n'),
        "bad.py:8", "unexpected keyword argument 'objectivs'", "did you mean objectives",
    ),
    Case(
        "a value without its name", bad("from nas import *\nStage(3)\n"),
        "bad.py:2", "takes 1 positional argument", "give the fields by their names",
    ),
    Case("no template", bad('from nas import *\nspace = SearchSpace("a", None)\n'), "template", "got None", "write"),
    Case(
        "a component's kind taken", bad(f'{GOOD}{SPACE}class Adam(Model):\n    x: int = 1\n'),
        "bad.py", "class Adam: its kind 'adam' is that of nas's Adam", "give it another",
    ),
    *(
        Case(
            f"a field called {name}", bad(f"{POINT}class Odd({base}):\n    {name}: str = 'a'\n"),
            "class Odd", f"has a field called {name!r}, which nas uses itself", "rename it",
        )
        for name, base in (("kind", "Config"), ("kind", "Model"), ("fields", "Config"), ("rules", "Config"))
    ),
]  # fmt: skip
RUNNING_IT = [
    Case("raises", bad("def f():\n    raise KeyError('a\\nb')\n\nf()\n"), "bad.py:2", r"KeyError: 'a\nb'", "mend"),
    Case("raises what has no text", bad("class E(Exception):\n    __str__ = None\nraise E\n"), "bad.py:3", "E", "mend"),
    Case("raises a group", bad("raise ExceptionGroup('a', [KeyError()])\n"), "bad.py:1", "ExceptionGroup: a", "mend"),
    Case("raises past Exception", bad("raise BaseException('x')\n"), "bad.py:1", "BaseException: x", "mend"),
    Case("raises GeneratorExit", bad("raise GeneratorExit\n"), "bad.py:1", "GeneratorExit", "mend this line"),
    Case("recursion", bad("def f(): f()\nf()\n"), "bad.py:1", "RecursionError: maximum recursion depth", "mend"),
    Case("no memory", bad("x = 'a' * 10**13\n"), "bad.py:1", "MemoryError", "mend this line"),
    Case("exit", bad("exit(3)\n"), "bad.py:1", "calls exit, with 3", "must run to its end"),
    Case("sys.exit", bad("import sys\nsys.exit('bye')\n"), "bad.py:2", "calls exit, with 'bye'", "must run to its end"),
    Case("os._exit", bad("import os\nos._exit(0)\n"), "bad.py", "calls exit, with 0", "must run to its end"),
    Case("input", bad("input()\n"), "bad.py:1", "EOFError: EOF when reading a line", "mend this line"),
    Case("missing import", bad("import nosuch.deep\n"), "bad.py:1", "there is no module 'nosuch' here", "install what"),
    Case("misspelt import", bad("from nas import ConvNett\n"), "bad.py:1", "nas has no 'ConvNett'", "did you"),
    Case("misspelt name", bad("from nas import *\nx = ConvNett()\n"), "bad.py:2", "is not defined", "did you"),
    Case("no import", bad("x = ConvNet()\n"), "bad.py:1", "'ConvNet' is not defined", "write from nas import ConvNet"),
    Case("endless", bad("while True: pass\n"), "bad.py:1", "still running after 3 s", LONG),
    Case("asleep", bad("import time\ntime.sleep(1e9)\n"), "bad.py:2", "still running after 3 s", LONG),
    Case(
        "endless and proud", bad("while True:\n    try:\n        while True: pass\n    except Exception: pass\n"),
        "bad.py:3", "still running after 3 s", LONG,
    ),
    Case("a module beside it is endless", bad("import sib\n", sib="while True: pass\n"), "sib.py:1", "still", LONG),
    Case("a module beside it sleeps", bad("import sib\n", sib="import time\ntime.sleep(99)\n"), "sib.py:2", "", LONG),
    Case("a module beside it exits", bad("import sib\n", sib="exit(3)\n"), "sib.py:1", "calls exit", "must run"),
    Case("a module beside it raises", bad("import sib\n", sib="x = 1\nx[0]\n"), "sib.py:2", "TypeError: 'int'", "mend"),
    Case("a module beside it is not Python", bad("import sib\n", sib="def f(:\n"), "sib.py:1", "syntax error", "mend"),
    Case("a module beside it is not UTF-8", bad("import sib\n", sib=b"x = '\xff'"), "sib.py:1", "syntax error", "mend"),
]  # fmt: skip
CANNOT_BE_SENT = [
    Case(
        "a function that takes a lock",
        bad(f"{POINT}lock = threading.Lock()\ndef f(config, budget):\n    with lock: yield {{}}\n{PLAIN.format('f')}"),
        "objective", f"{SENT}lock, TypeError: cannot pickle '_thread.lock' object", "make it inside the function",
    ),
    Case(
        "an object that holds a lock",
        bad(
            f"{POINT}class F:\n    def __init__(self): self.lock = threading.Lock()\n"
            f"    def __call__(self, config, budget): yield {{}}\n{PLAIN.format('F()')}"
        ),
        "objective", f"{SENT}lock, TypeError", "make it inside the function",
    ),
    Case(
        "an open file",
        bad(f"{POINT}log = open('/dev/null', 'w')\ndef f(config, budget):\n    log.write('')\n{PLAIN.format('f')}"),
        "objective", f"{SENT}log, PicklingError", "make it inside the function",
    ),
    Case(
        "a generator in a closure",
        bad(f"{POINT}g = iter(x for x in 'a')\ndef f(config, budget):\n    next(g)\n{PLAIN.format('f')}"),
        "objective", f"{SENT}g, TypeError: cannot pickle 'generator' object", "make it inside the function",
    ),
    Case("a generator", bad(POINT + PLAIN.format("(x for x in 'a')")), "objective", "must be a function", "name a"),
    Case(
        "a network that takes a lock", bad(NETWORK.format(body="with lock: return None")),
        "class Mine", f"{SENT}lock, TypeError", "make it inside the function",
    ),
]  # fmt: skip
CODE_IN_IT = [
    Case(
        "a limit that is no number", constrained("lambda config, cost: True"), "constraint few", "got True", "return by"
    ),
    Case(
        "a limit of None", constrained("lambda config, cost: None"), "constraint few", "got None", "return by how much"
    ),
    Case("a limit of text", constrained("lambda config, cost: 'a'"), "constraint few", "got 'a'", "return by how much"),
    Case("a limit that raises", constrained("lambda config, cost: cost.x"), "constraint few", "AttributeError", "mend"),
    Case(
        "a limit of one argument", constrained("lambda config: 1"), "constraint few", "TypeError", "mend its function"
    ),
    Case(
        "a limit that is no function", constrained("3"), "constraints.0", "must be a function", "name one that returns"
    ),
    Case(
        "a network without build",
        bad(NETWORK.format(body="pass")),
        "network Mine",
        "must return a torch",
        "mend",
        seconds=30,
    ),
    Case(
        "a network that raises", bad(NETWORK.format(body="{}['a']")), "network Mine", "KeyError: 'a'", "mend its code"
    ),
    Case(
        "a network that exits",
        bad(NETWORK.format(body="exit(3)")),
        "network Mine",
        "SystemExit: 3",
        "mend its code",
        seconds=30,
    ),
]
NAMES = [
    Case(f"name {name!r:.20}", bad(GOOD + f"space = SearchSpace({name!r}, template)\n"), "name", what, todo)
    for name, what, todo in [
        ("a/b", "'a/b' cannot name a study", "no slashes"),
        ("../a", "'../a' cannot name a study", "no slashes"),
        ("..", "'..' cannot name a study", "no dot or dash first"),
        (".a", "'.a' cannot name a study", "no dot or dash first"),
        ("-a", "'-a' cannot name a study", "no dot or dash first"),
        ("a\\b", "cannot name a study", "no slashes"),
        ("a\x07b", "'a\\x07b' cannot name a study", "no control characters"),
        ("a\nb", "'a\\nb' cannot name a study", "no control characters"),
        ("a\u202eb", "cannot name a study", "no control characters"),
        ("a\ud800", "cannot name a study", "no control characters"),
        (" a", "' a' cannot name a study", "no space at its ends"),
        ("a ", "'a ' cannot name a study", "no space at its ends"),
        ("", "must be a text that names the study, got ''", "give it one"),
        ("  ", "must be a text that names the study, got '  '", "give it one"),
        (3, "must be a text that names the study, got 3", "give it one"),
        (None, "must be a text that names the study, got None", "give it one"),
        ("x" * 251, "may have 250 characters, got 251", "write a shorter one"),
        ("ü" * 10**5, "may have 250 characters, got 100,000", "write a shorter one"),
        ("a.references", "ends in '.references', which nas keeps for itself", "use another name"),
    ]
]
CASES = [*THE_FILE, *WHAT_IT_MAKES, *RUNNING_IT, *CANNOT_BE_SENT, *CODE_IN_IT, *NAMES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_refused(case: Case, tmp_path: Path) -> None:
    run_case(case, tmp_path)


IN_COMPILED_CODE = "still running after 3 s of compiled code, and cannot be interrupted"
LOST = [
    Case("lost in compiled code", bad("x = sum(range(10**12))\n"), "bad.py", IN_COMPILED_CODE, LONG),
    Case(
        "deaf and endless", bad("import signal\nsignal.signal(14, signal.SIG_IGN)\nwhile True: pass\n"),
        "bad.py", IN_COMPILED_CODE, LONG,
    ),
]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("case", LOST, ids=str)
def test_a_file_that_nothing_can_interrupt(case: Case, tmp_path: Path) -> None:
    run_process(case, tmp_path)


HARMLESS = {
    "prints": "print('x' * 5_000_000)",
    "goes elsewhere": "import os; os.chdir('/')",
    "removes itself": "import os; os.remove(__file__)",
    "starts a thread": "import time; threading.Thread(target=time.sleep, args=(1e9,)).start()",
    "forks": "import os; os.fork()",
    "sets streams": "import sys; sys.stdout = sys.stderr = None",
    "closes streams": "import sys; sys.stdout.close(); sys.stderr.close(); print('on')",
    "sets a low recursion limit": "import sys; sys.setrecursionlimit(sys.getrecursionlimit() // 5)",
}


@pytest.mark.slow
@pytest.mark.parametrize("code", HARMLESS.values(), ids=HARMLESS)
def test_what_a_file_does_to_the_process_that_reads_it_is_undone(code: str, tmp_path: Path) -> None:
    arrange = bad(f"{GOOD}{code}\n{SPACE}")
    case = Case("harmless", lambda folder: ["show", *arrange(folder)[1:], "--no-time", "--json"], code=0)
    told = _shown(case, tmp_path)
    assert told.startswith('{\n  "name": "good"')
    assert told.count('"name": "good"') == 1


def _shown(case: Case, folder: Path) -> str:
    import subprocess
    import sys

    assert callable(case.arguments)
    done = subprocess.run(
        [sys.executable, "-m", "nas", *case.arguments(folder)],
        cwd=folder, capture_output=True, text=True, timeout=60, env={**os.environ, "NAS_HOME": str(folder / "home")},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
