"""Bad input: the domains of a template, and what stands in their place in a baseline."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.bad_input.case import Case, run_case

CONVNET = """
import math, numpy
from decimal import Decimal
from fractions import Fraction
from nas import *

space = SearchSpace("bad", TrialConfig(data=Digits(), model=ConvNet({fields}), epochs=1))
"""
ANY = """
import math, numpy
from typing import Any
from nas import *

class Part(Component, kind="part"):
    size: int = 0

class Point(Config):
    x: Any = 0
    sizes: tuple[int, ...] = ()
    nested: tuple[tuple[int, ...], ...] = ()
    deep: tuple[tuple[tuple[int, ...], ...], ...] = ()
    part: Part = Part()

def objective(config, budget):
    yield {{"y": 1.0}}

space = SearchSpace("bad", Point({fields}), (minimize("y"),), objective=objective)
"""
BASELINE = """
from nas import *

template = TrialConfig(
    data=Digits(),
    model=ConvNet(conv_layers=integer(1, 3), filters=choice(2, 4), dropout=uniform(0.0, 0.4, step=0.1)),
    optimizer=Adam(lr=log_uniform(1e-4, 1e-2)), epochs=1,
)
whole = template.replace(model=ConvNet(conv_layers=1, filters=2, dropout=0.0), optimizer=Adam())
space = SearchSpace("bad", template, baselines={{"b": {config}}})
"""
NET = "template.model.convnet"
WHOLE, NUMBER = "write a whole number", "write plain ones"


def file(text: str) -> Callable[[Path], Sequence[str]]:
    def arrange(folder: Path) -> Sequence[str]:
        (folder / "bad.py").write_text(text, encoding="utf-8")
        return ["search", "bad.py"]

    return arrange


def twice(where: str, what: str, other: str, todo: str) -> tuple[str, str, str, list[tuple[str, str, str]]]:
    return where, what, todo, [(where, other, todo)]


OF_WHOLE_NUMBERS = {
    "choice()": ("choice needs at least two options, got 0", "add one, or write the value"),
    "choice(3)": ("choice needs at least two options, got 1", "add one, or write the value"),
    "choice(3, 3)": ("choice has the option 3 twice", "remove one"),
    "choice(1, True)": ("choice has the options 1 and True, which are one to the sampler", "remove one"),
    "choice(1, 1.0)": ("choice has the options 1 and 1.0, which are one to the sampler", "remove one"),
    "choice(math.nan, 3)": ("choice takes no nan, which equals nothing", "remove it"),
    "choice(3, '5')": ("must be a whole number, got '5'", WHOLE),
    "choice(3, [5])": ("must be a whole number, got [5]", WHOLE),
    "choice(3, {'a': 1})": ("must be a whole number, got {'a': 1}", WHOLE),
    "choice(3, {5})": ("must be a whole number, got {5}", WHOLE),
    "choice(3, numpy.int64(5))": ("must be a whole number, got np.int64(5)", WHOLE),
    "choice(3, numpy.float64(5))": ("must be a whole number, got np.float64(5.0)", WHOLE),
    "choice(3, numpy.array([1, 2]))": ("must be a whole number, got array([1, 2])", WHOLE),
    "choice(3, Decimal(5))": ("must be a whole number, got Decimal('5')", WHOLE),
    "choice(3, Fraction(5))": ("must be a whole number, got Fraction(5, 1)", WHOLE),
    "choice(3, 5j)": ("must be a whole number, got 5j", WHOLE),
    "choice(3, b'5')": ("must be a whole number, got b'5'", WHOLE),
    "choice(3, int)": ("must be a whole number, got <class 'int'>", WHOLE),
    "choice(3, lambda: 5)": ("must be a whole number, got <function", WHOLE),
    "choice(3, None)": ("must be a whole number, got None", WHOLE),
    "choice(3, 1e400)": ("must be a whole number, got inf", WHOLE),
    "choice(3, 0)": ("must be greater than or equal to 1, got 0", "raise it"),
    "choice(3, 2**70)": ("whole numbers must fit in 64 bit, got 1180591620717411303424", "write a smaller one"),
    "choice(3, 10**5000)": ("whole numbers must fit in 64 bit, got a int", "write a smaller one"),
    "choice(*range(1, 10**6))": ("choice takes at most 1,000 options, got 999,999", "use integer(low, high)"),
    "choice(choice(1, 2), 3)": ("an option of a choice cannot itself be a hole", "put it into a config of its own"),
    "choice(integer(1, 2), 3)": ("an option of a choice cannot itself be a hole", "put it into a config of its own"),
    "choice((integer(1, 2),), 3)": ("cannot be a tuple with holes", "put it into a config of its own"),
    "choice(3, 5, labels=('a',))": ("choice needs a label for each option, got 1 for 2", "give as many labels"),
    "choice(3, 5, labels=('a', 'a'))": ("choice has the option 'a' twice", "remove one"),
    "choice(3, 5, labels=([], []))": ("labels must be texts, got ([], [])", "give them as labels=('a', 'b')"),
    "2**70": ("whole numbers must fit in 64 bit, got 1180591620717411303424", "write a smaller one"),
    "integer(8, 1)": ("low < high must hold, got low=8, high=1", "swap them"),
    "integer(3, 3)": ("low < high must hold, got low=3, high=3", "write the value itself"),
    "integer(math.nan, 3)": ("integer needs whole numbers, got low=nan, high=3", "use uniform"),
    "integer(1, math.inf)": ("integer needs whole numbers, got low=1, high=inf", "use uniform"),
    "integer(1, 1e400)": ("integer needs whole numbers, got low=1, high=inf", "use uniform"),
    "integer(1.0, 3.0)": ("integer needs whole numbers, got low=1.0, high=3.0", "use uniform"),
    "integer(1, 2**63)": ("integers must fit in 64 bit, got low=1, high=9223372036854775808", "write smaller ones"),
    "integer(1, 10**5000)": ("integers must fit in 64 bit, got low=1, high=a int", "write smaller ones"),
    "integer('1', 3)": ("a range needs numbers, got '1'", NUMBER),
    "integer(True, 3)": ("a range needs numbers, got True", NUMBER),
    "integer(None, 3)": ("a range needs numbers, got None", NUMBER),
    "integer(numpy.int64(1), 3)": ("a range needs numbers, got np.int64(1)", NUMBER),
    "integer(Decimal(1), 3)": ("a range needs numbers, got Decimal('1')", NUMBER),
    "integer(1j, 3)": ("a range needs numbers, got 1j", NUMBER),
    "integer(choice(1, 2), 3)": ("a range needs numbers, got choice 1, 2", NUMBER),
    "integer(1, 8, step=0)": ("0 < step <= high - low must hold, got low=1, high=8, step=0", "change the step"),
    "integer(1, 8, step=-1)": ("0 < step <= high - low must hold, got low=1, high=8, step=-1", "change the step"),
    "integer(1, 8, step=9)": ("0 < step <= high - low must hold, got low=1, high=8, step=9", "change the step"),
    "integer(1, 8, step=0.5)": ("integer needs whole numbers, got low=1, high=8, step=0.5", "use uniform"),
    "integer(1, 8, step='a')": ("a range needs numbers, got 'a'", NUMBER),
    "integer(0, 8, log=True)": ("a log range must start above 0, got low=0", "raise it, or take the log away"),
    "integer(1, 8, step=2, log=True)": ("a log range takes no step, got step=2", "leave one of them out"),
    "integer(1, 8, log='yes')": ("log must be True or False, got 'yes'", "write one of them"),
    "integer(0, 8)": ("must be greater than or equal to 1, got 0", "raise it"),
    "[integer(1, 2)]": ("must be a whole number, got [", WHOLE),
}
OF_NUMBERS = {
    "uniform(0.5, 0.1)": ("low < high must hold, got low=0.5, high=0.1", "swap them"),
    "uniform(0.5, 0.5)": ("low < high must hold, got low=0.5, high=0.5", "write the value itself"),
    "uniform(math.nan, 0.5)": ("bounds must be finite and below 9e307, got low=nan, high=0.5", "write smaller ones"),
    "uniform(0.0, math.inf)": ("bounds must be finite and below 9e307, got low=0.0, high=inf", "write smaller ones"),
    "uniform(-1e400, 0.5)": ("bounds must be finite and below 9e307, got low=-inf", "write smaller ones"),
    "uniform(-1.7e308, 1.7e308)": ("bounds must be finite and below 9e307", "write smaller ones"),
    "uniform(0, 10**400)": ("bounds must be finite and below 9e307, got low=0, high=1000", "write smaller ones"),
    "uniform('a', 0.5)": ("a range needs numbers, got 'a'", NUMBER),
    "uniform(False, True)": ("a range needs numbers, got False", NUMBER),
    "uniform(None, 0.5)": ("a range needs numbers, got None", NUMBER),
    "uniform(numpy.float64(0.1), 0.5)": ("a range needs numbers, got np.float64(0.1)", NUMBER),
    "uniform(Decimal('0.1'), 0.5)": ("a range needs numbers, got Decimal('0.1')", NUMBER),
    "uniform(0.0, 0.5, step=0)": ("0 < step <= high - low must hold, got low=0.0, high=0.5, step=0", "change the step"),
    "uniform(0.0, 0.5, step=1)": ("0 < step <= high - low must hold, got low=0.0, high=0.5, step=1", "change the step"),
    "uniform(0.0, 0.5, step=math.nan)": ("bounds must be finite", "write smaller ones"),
    "uniform(0.0, 0.5, step=1e-300)": ("step is too small for the range", "take a larger one, or none"),
    "uniform(0.0, 1.0)": ("must be less than 1, got 1.0", "lower it"),
    "uniform(-0.1, 0.5)": ("must be greater than or equal to 0, got -0.1", "raise it"),
    "log_uniform(0.0, 0.5)": ("a log range must start above 0, got low=0.0", "raise it, or take the log away"),
    "log_uniform(-1, 0.5)": ("a log range must start above 0, got low=-1", "raise it, or take the log away"),
    "log_uniform(0.5, 0.1)": ("low < high must hold, got low=0.5, high=0.1", "swap them"),
    "log_uniform(math.nan, 0.1)": ("bounds must be finite", "write smaller ones"),
    "log_uniform(0.1, math.inf)": ("bounds must be finite", "write smaller ones"),
    "log_uniform('a', 'b')": ("a range needs numbers, got 'a'", NUMBER),
    "choice(0.0, '0.1')": ("must be a number, got '0.1'", "write a number"),
    "choice(0.0, -0.0)": ("choice has the option -0.0 twice", "remove one"),
    "choice(0, 0.0)": ("choice has the options 0 and 0.0, which are one to the sampler", "remove one"),
}
OF_ANYTHING = {
    "x=choice([1], [2])": twice("template.x", "got [1]", "got [2]", "write a tuple"),
    "x=choice({'a': 1}, {'b': 2})": twice("template.x", "got {'a': 1}", "got {'b': 2}", "write a config of its own"),
    "x=choice(numpy.zeros(2), 3)": ("template.x", "got array([0., 0.])", "write it as one of these", []),
    "x=choice(numpy.float64(3), 4.0)": ("template.x", "got np.float64(3.0)", "write it as one of these", []),
    "x=choice(Part, 3)": ("template.x", "got <class", "write Part(...)", []),
    "x=lambda: 1": ("template.x", "got <function", "write it as one of these", []),
    "x=[integer(1, 2)]": ("template.x", "got [Range(", "write a tuple", []),
    "x=(1, [2])": ("template.x", "got [2]", "write a tuple", []),
    "x=math.nan": ("template.x", "must be a number, got nan", "write a number", []),
    "x=-2**64": ("template.x", "must fit in 64 bit, got -18446744073709551616", "write a smaller one", []),
    "x='x' * 10_000_000": ("template.x", "a text may have 4,096 characters, got 10,000,000", "write a shorter one", []),
    "x=choice('x' * 10_000_000, 'y')": ("template.x", "got 10,000,000: 'xxxx", "write a shorter one", []),
    "x=choice('\\ud800', 'y')": ("template.x", "a text must be Unicode without zero bytes", "remove them", []),
    "x='a\\0b'": ("template.x", "a text must be Unicode without zero bytes", "remove them", []),
    "x=tuple(range(10**6))": ("template.x", "a tuple may have 10,000 items, got 1,000,000", "write fewer", []),
    "x=(2**70, 1)": ("template.x", "whole numbers must fit in 64 bit", "write a smaller one", []),
    "sizes=repeat(integer(1, 2), 3, 1)": (
        "template.sizes", "1 <= low <= high <= 1000 must hold, got low=3, high=1", "change them", []),
    "sizes=repeat(integer(1, 2), 0, 1)": (
        "template.sizes", "1 <= low <= high <= 1000 must hold, got low=0, high=1", "change them", []),
    "sizes=repeat(integer(1, 2), 1, 10**9)": (
        "template.sizes", "1 <= low <= high <= 1000 must hold, got low=1, high=1000000000", "change them", []),
    "sizes=repeat(integer(1, 2), 1.0, 2.0)": ("template.sizes", "repeat needs whole numbers", NUMBER, []),
    "sizes=repeat(integer(1, 2), math.nan, 2)": ("template.sizes", "repeat needs whole numbers", NUMBER, []),
    "sizes=repeat(integer(1, 2), True, 2)": ("template.sizes", "repeat needs whole numbers", NUMBER, []),
    "sizes=repeat(integer(1, 2), '1', '2')": ("template.sizes", "repeat needs whole numbers", NUMBER, []),
    "sizes=repeat(integer(5, 2), 1, 3)": ("template.sizes", "low < high must hold, got low=5, high=2", "swap them", []),
    "sizes=repeat('a', 1, 1)": ("template.sizes.0", "must be a whole number, got 'a'", WHOLE, []),
    "sizes=repeat(1, 1, 2, 3)": (
        "bad.py:19", "TypeError: repeat() takes 3 positional arguments but 4 were given", "mend this line", []),
    "nested=repeat(repeat(integer(1, 2), 1, 1000), 1, 1000)": (
        "template.nested", "would hold up to 1,000,000 values, at most 10,000 are possible", "repeat less", []),
    "deep=repeat(repeat(repeat(integer(1, 2), 1, 1000), 1, 1000), 1, 1000)": (
        "template.deep", "would hold up to 1,000,000,000 values", "repeat less", []),
    "nested=repeat(repeat(integer(1, 2), 'a', 'b'), 1, 3)": (
        "template.nested", "repeat needs whole numbers, got low='a', high='b'", NUMBER, []),
    "x=repeat(Point(sizes=repeat(1, 'a', 'b')), 1, 3)": (
        "template.x.0.sizes", "repeat needs whole numbers, got low='a', high='b'", NUMBER, []),
    "x=choice(repeat(1, 1, 2), 3)": ("template.x", "an option of a choice cannot itself be a hole", "put it", []),
    "part=choice(Part(size=1), Part(size=1))": (
        "template.part", "the options part and part_2 overlap", "keep their values apart", []),
    "part=choice(Part(size=1), Part(size=choice(1, 2)))": (
        "template.part", "the options part and part_2 overlap", "keep their values apart", []),
    "part=choice(Part(size=1), Part(size=2), labels=('a.b', 'c'))": (
        "template.part", "a label must be a text without dots, got 'a.b'", "give it by labels=(...)", []),
    "part=choice(Part(size=1), Part(size=2), labels=('a\\nb', 'c'))": (
        "template.part", "a label must be a text without dots, got 'a\\nb'", "give it by labels=(...)", []),
    "part=choice(Part(size=1), Part(size=2), labels=(1, 2))": twice(
        "template.part", "a label must be a text without dots, got 1", "got 2", "give it by labels=(...)"),
    "part=choice(Part(size=1), Part(size=2), labels=('a' * 10**7, 'c'))": (
        "template.part", "a label may have 200 characters, got 10,000,000", "give a shorter one", []),
    "part=choice(Part(size=1), 3)": ("template.part", "must be a Part, got 3", "write one", []),
    "y=3": ("template.y", "unknown field of Point, given 3", "known are x, sizes", []),
    "prt=Part()": ("template.prt", "unknown field of Point, given Part(size=0)", "did you mean part?", []),
}  # fmt: skip
IN_A_BASELINE = {
    "whole.replace(model=ConvNet(conv_layers=1, filters=8))": (
        "model.convnet.filters", "8 is outside the space", "the template has choice 2, 4"),
    "whole.replace(model=ConvNet(conv_layers=9, filters=2))": (
        "model.convnet.conv_layers", "9 is outside the space", "the template has integer 1 to 3"),
    "whole.replace(model=ConvNet(conv_layers=1, filters=2, dropout=0.05))": (
        "model.convnet.dropout", "0.05 is outside the space", "the template has 0.0 to 0.4 step 0.1"),
    "whole.replace(optimizer=Adam(lr=1.0))": ("optimizer.adam.lr", "1.0 is outside the space", "the template has"),
    "whole.replace(optimizer=SGD())": ("optimizer", "SGD is outside the space", "the template has Adam"),
    "whole.replace(model=LeNet5())": ("model", "LeNet5 is outside the space", "the template has ConvNet"),
    "whole.replace(optimizer=Adam(lr=log_uniform(1e-4, 1e-2)))": (
        "optimizer.adam.lr", "takes no hole: a named config is whole", "give it a value"),
    "whole.replace(optimizer=Adam(lr=float('nan')))": (
        "optimizer.adam.lr", "must be a finite number, got nan", "write a number"),
    "whole.replace(model=ConvNet(conv_layers=True, filters=2))": (
        "model.convnet.conv_layers", "must be a whole number, got True", WHOLE),
    "whole.replace(model=ConvNet(conv_layers=1, filters=2, dropout=1e400))": (
        "model.convnet.dropout", "must be less than 1, got inf", "lower it"),
    "whole.replace(model=ConvNet(conv_layers=1, filters=2**70))": (
        "model.convnet.filters", "whole numbers must fit in 64 bit", "write a smaller one"),
    "whole.replace(model=ConvNet(conv_layer=1))": (
        "model.convnet.conv_layer", "unknown field of ConvNet, given 1", "did you mean conv_layers?"),
    "whole.replace(model=ConvNet(conv_layers=integer(3, 1), filters=2))": (
        "model.convnet.conv_layers", "low < high must hold", "swap them"),
    "3": ("baselines.b", "must be a config, got 3", "write TrialConfig(...)"),
    "TrialConfig": ("baselines.b", "must be a config, got <class", "write TrialConfig(...)"),
}  # fmt: skip
HOLES_WHERE_NONE_IS_ALLOWED = {
    'SearchSpace("a", base, (maximize(choice("a", "b")),))': (
        "objectives.0", "must be maximize(...) or minimize(...)", "write maximize("),
    'SearchSpace(choice("a", "b"), base)': ("name", "got choice a, b", "give it one"),
    'SearchSpace("a", choice(base, base))': ("template", "must be a config such as TrialConfig(...)", "write one"),
    'SearchSpace("a", base.replace(epochs=choice(1, 2)))': (
        "template.epochs", "takes no hole: all trials of a study share it", "give it a value"),
    'SearchSpace("a", base.replace(seed=integer(1, 2)))': ("template.seed", "takes no hole", "give it a value"),
    'SearchSpace("a", base.replace(replicates=choice(1, 2)))': (
        "template.replicates", "takes no hole", "give it a value"),
    'SearchSpace("a", base.replace(data=ImageFolder(path=choice("a", "b"))))': (
        "template.data.image_folder.path", "takes no hole", "give it a value"),
    'SearchSpace("a", base, constraints=(max_params(choice(1, 2)),))': (
        "bad.py", "max_params: the limit must be a whole number above 0, got choice 1, 2", "write one"),
    'SearchSpace("a", base, sampler=choice("tpe", "gp"))': ("sampler", "unknown sampler choice tpe, gp", "known are"),
    'SearchSpace("a", base, epochs=choice(1, 2))': ("epochs", "must be a whole number above 0", "write one"),
}  # fmt: skip
BASE = """
from nas import *

base = TrialConfig(data=Digits(), model=ConvNet(filters=choice(2, 4)), epochs=1)
space = {space}
"""

CASES = [
    *(
        Case(domain, file(CONVNET.format(fields=f"filters={domain}")), f"{NET}.filters", *told)
        for domain, told in OF_WHOLE_NUMBERS.items()
    ),
    Case(
        "uniform(1, 8) in a field of whole numbers", file(CONVNET.format(fields="filters=uniform(1, 8)")),
        f"{NET}.filters", "must be a whole number, got 1.0", WHOLE,
        more=[(f"{NET}.filters", "must be a whole number, got 8.0", WHOLE)],
    ),
    *(
        Case(domain, file(CONVNET.format(fields=f"dropout={domain}")), f"{NET}.dropout", *told)
        for domain, told in OF_NUMBERS.items()
    ),
    *(
        Case(fields, file(ANY.format(fields=fields)), where, what, todo, more=more)
        for fields, (where, what, todo, more) in OF_ANYTHING.items()
    ),
    *(
        Case(f"baseline {config}", file(BASELINE.format(config=config)), *told)
        for config, told in IN_A_BASELINE.items()
    ),
    *(Case(space, file(BASE.format(space=space)), *told) for space, told in HOLES_WHERE_NONE_IS_ALLOWED.items()),
    Case(
        "a misspelt argument of a factory", file(CONVNET.format(fields="filters=integer(1, 8, stp=2)")),
        "bad.py:7", "integer() got an unexpected keyword argument 'stp'", "did you mean step?",
    ),
    Case(
        "a misspelt field", file(CONVNET.format(fields="kernel_sise=choice(3, 5)")),
        f"{NET}.kernel_sise", "unknown field of ConvNet, given choice 3, 5", "did you mean kernel_size?",
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=str)
def test_refused(case: Case, tmp_path: Path) -> None:
    run_case(case, tmp_path)
