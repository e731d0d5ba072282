import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nas import VGG19, ConvNet, EarlyStopping, choice, integer, log_uniform, repeat, uniform
from nas.space.factories import choice as make_choice
from nas.space.holes import Choice, Range, in_words, is_plain, same

NAN, INF = math.nan, math.inf

PROBLEMS: list[tuple[Any, list[str]]] = [
    (make_choice(), ["choice needs at least two options, got 0; add one, or write the value"]),
    (make_choice(3), ["choice needs at least two options, got 1; add one, or write the value"]),
    (choice(3, 5, 3), ["choice has the option 3 twice; remove one"]),
    (choice("a", "b", "a"), ["choice has the option 'a' twice; remove one"]),
    (choice(None, None), ["choice has the option None twice; remove one"]),
    (choice(1, True), ["choice has the options 1 and True, which are one to the sampler; remove one"]),
    (choice(1.0, 2, 1), ["choice has the options 1.0 and 1, which are one to the sampler; remove one"]),
    (choice(0.1, NAN), ["choice takes no nan, which equals nothing; remove it"]),
    (
        choice(ConvNet(), VGG19(), labels=("a",)),
        ["choice needs a label for each option, got 1 for 2; give as many labels as options"],
    ),
    (choice(ConvNet(), VGG19(), labels=("a", "a")), ["choice has the option 'a' twice; remove one"]),
    (
        choice(ConvNet(), VGG19(), labels=("a", "b.c")),
        ["a label must be a text without dots, got 'b.c'; give it by labels=(...)"],
    ),
    (integer(5, 1), ["low < high must hold, got low=5, high=1; swap them"]),
    (integer(5, 5), ["low < high must hold, got low=5, high=5; write the value itself"]),
    (uniform(0, NAN), ["bounds must be finite and below 9e307, got low=0, high=nan; write smaller ones"]),
    (uniform(-INF, 0), ["bounds must be finite and below 9e307, got low=-inf, high=0; write smaller ones"]),
    (
        uniform(0, 10**400),
        [f"bounds must be finite and below 9e307, got low=0, high=1{76 * '0'}...; write smaller ones"],
    ),
    (log_uniform(0, 1), ["a log range must start above 0, got low=0; raise it, or take the log away"]),
    (integer(0, 8, log=True), ["a log range must start above 0, got low=0; raise it, or take the log away"]),
    (integer(1, 8, step=2, log=True), ["a log range takes no step, got step=2; leave one of them out"]),
    (integer(1, 8, step=0), ["0 < step <= high - low must hold, got low=1, high=8, step=0; change the step"]),
    (integer(1, 8, step=-1), ["0 < step <= high - low must hold, got low=1, high=8, step=-1; change the step"]),
    (uniform(0, 1, step=1.5), ["0 < step <= high - low must hold, got low=0, high=1, step=1.5; change the step"]),
    (
        uniform(0, 1e300, step=1e-10),
        ["step is too small for the range, got low=0, high=1e+300, step=1e-10; take a larger one, or none"],
    ),
    (
        uniform(1 / 3, 2.6, step=0.1),
        ["with a step, low must be a round number, got low=0.3333333333333333, step=0.1; round it"],
    ),
    (integer("a", 8), ["a range needs numbers, got 'a'; write plain ones, such as 8 or 0.5"]),  # type: ignore[arg-type]
    (uniform(False, 1), ["a range needs numbers, got False; write plain ones, such as 8 or 0.5"]),
    (integer(1.5, 8), ["integer needs whole numbers, got low=1.5, high=8, step=1; use uniform with a step"]),  # type: ignore[arg-type]
    (
        integer(1, 2**63),
        ["integers must fit in 64 bit, got low=1, high=9223372036854775808, step=1; write smaller ones"],
    ),
    (repeat(1, 0, 3), ["1 <= low <= high <= 1000 must hold, got low=0, high=3; change them"]),
    (repeat(1, 3, 2), ["1 <= low <= high <= 1000 must hold, got low=3, high=2; change them"]),
    (repeat(1, 1, 1001), ["1 <= low <= high <= 1000 must hold, got low=1, high=1001; change them"]),
    (repeat(1, True, 3), ["repeat needs whole numbers, got low=True, high=3; write plain ones, such as 1 and 4"]),
    (choice(1, 2), []),
    (choice(0.1, INF), []),
    (integer(1, 2**63 - 1), []),
    (uniform(0, 1.05, step=0.1), []),
    (repeat(1, 2, 2), []),
]


@pytest.mark.parametrize(("hole", "problems"), PROBLEMS, ids=lambda value: str(value)[:60])
def test_problems(hole: Any, problems: list[str]) -> None:
    assert hole.problems() == problems


def test_labels() -> None:
    def labels(hole: Any) -> Any:
        assert isinstance(hole, Choice)
        return hole.labels

    assert labels(choice(1, "a", None, False)) == (1, "a", None, False)
    assert labels(choice(ConvNet(), VGG19(), ConvNet(filters=3))) == ("convnet", "vgg19", "convnet_2")
    assert labels(choice(None, EarlyStopping())) == (None, "earlystopping")
    assert labels(choice(ConvNet(), VGG19(), labels=("small", "large"))) == ("small", "large")
    assert labels(choice((1, 2), (3,))) == ("(1, 2)", "(3,)")


WORDS = [
    (choice(32, 64), "choice 32, 64"),
    (choice("same", "valid", "a b", None), "choice same, valid, 'a b', None"),
    (choice(False, True), "choice False, True"),
    (choice("True", "1"), "choice 'True', '1'"),
    (integer(1, 8), "integer 1 to 8"),
    (integer(3, 9, step=2), "integer 3 to 9 step 2"),
    (integer(8, 512, log=True), "integer 8 to 512 log"),
    (uniform(0.0, 0.5), "0.0 to 0.5"),
    (uniform(0.0, 0.5, step=0.1), "0.0 to 0.5 step 0.1"),
    (log_uniform(1e-5, 0.1), "1e-05 to 0.1 log"),
    (repeat(1, 2, 4), "2 to 4 items"),
    (repeat(1, 2, 2), "2 items"),
    ((1, choice(2, 3), "a"), "(1, choice 2, 3, a)"),
]


@pytest.mark.parametrize(("value", "words"), WORDS)
def test_in_words(value: Any, words: str) -> None:
    assert in_words(value) == words


def test_a_range_ends_where_its_steps_do() -> None:
    hole: Any = uniform(0.0, 1.05, step=0.1)
    assert hole.values() == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    assert hole.last == 1.0
    assert hole.holds(0.3)
    assert not hole.holds(1.05)
    assert not hole.holds(0.35)
    assert integer(1, 8, step=3).values() == [1, 4, 7]  # type: ignore[attr-defined]
    assert Range(0.0, 1.0).count is None
    assert Range(0, 10**18, 1, whole=True).count == 10**18 + 1


def test_a_range_holds_its_own_kind_only() -> None:
    assert not Range(0, 5, whole=True).holds(2.0)
    assert not Range(0, 5, whole=True).holds(True)
    assert Range(0.0, 5.0).holds(2)
    assert not Range(0.0, 5.0).holds("2")


@given(st.integers(-50, 50), st.sampled_from([0.01, 0.1, 0.25, 0.3, 1, 7]), st.integers(1, 60), st.data())
def test_steps_read_back_what_optuna_computes(low: int, step: float, count: int, data: st.DataObject) -> None:
    hole = Range(low / 10, low / 10 + count * step + step / 3, step)
    index = data.draw(st.integers(0, count))
    value = hole.nth(index)
    suggested = min(index * step + hole.low, hole.last)  # as in optuna._transform
    assert hole.count == count + 1
    assert hole.read(suggested) == value
    assert hole.suggestion(value) == suggested
    assert hole.holds(value)
    assert len(repr(value)) <= 8  # no digits that nobody wrote


def test_same_keeps_kinds_apart() -> None:
    assert same(1, 1)
    assert not same(1, True)
    assert not same(1, 1.0)
    assert is_plain(None)
    assert not is_plain((1,))
