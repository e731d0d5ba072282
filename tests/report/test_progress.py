import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from nas.records import TrialFailure, TrialResult
from nas.report.live import BarsView, search_view
from nas.report.progress import Progress
from nas.report.views import JsonView, LinesView, QuietView
from nas.search.ledger import Ledger
from nas.search.opening import open_references, open_study
from tests.report.studies import DATA, SPACE, begin, config, result, small_study, storage_in, train


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return open_study(storage_in(tmp_path), SPACE, "random", 0, DATA)


@pytest.fixture
def references(ledger: Ledger) -> Ledger:
    return open_references(ledger.storage, SPACE)


def console(width: int = 80) -> Console:
    return Console(file=io.StringIO(), width=width)


def written(view: Any) -> list[str]:
    text: str = view.console.file.getvalue()
    return text.splitlines()


def feed(view: Any, ledger: Ledger, references: Ledger, clock: Clock) -> Iterator[str]:
    """Two baselines side by side, a failure, a reference; names the moment after each step."""
    view.opened(ledger, 3, ["5 images of the test part are in train too"])
    yield "opened"
    one, two = begin(ledger, None, 79_624), begin(ledger, None, 6_256_392)
    view.started(ledger.record(one))
    view.started(ledger.record(two))
    yield "started"
    for epoch in range(1, 5):
        clock.now += 4
        for trial in (one, two):
            train(ledger, trial, [0.1 * epoch] * epoch)
            view.advanced(ledger.record(trial))
    yield "half"
    clock.now += 4
    ledger.complete(one, result(0.65, 0.64, 12.0), [0.65, 79_624.0])
    view.ended(ledger.record(one))
    ledger.complete(two, result(0.86, 0.85, 725.0), [0.86, 6_256_392.0])
    view.ended(ledger.record(two))
    three = begin(ledger, config(2, 64), 182_088)
    view.started(ledger.record(three))
    ledger.fail(three, TrialFailure("out of memory: 9 GB"))
    view.ended(ledger.record(three))
    reference = begin(references, None, 24_237_128)
    view.started(references.record(reference))
    references.complete(reference, result(0.8875, 0.88, 20.0), [0.8875])
    view.ended(references.record(reference))
    yield "done"


def test_plain_lines(ledger: Ledger, references: Ledger, clock: Clock) -> None:
    view = LinesView(console(), clock)
    for _ in feed(view, ledger, references, clock):
        pass
    assert written(view) == [
        "warning: 5 images of the test part are in train too",
        "small: 0 of 3 trials done",
        "trial 0, baseline 0: started, 79.6 k params, cl1 f64 d0",
        "trial 1, baseline 10, kernel 5: started, 6.26 M params, cl4 f256 d0.2",
        "trial 0, baseline 0: epoch 3 of 8, val accuracy 0.3000",
        "trial 0, baseline 0: complete, val accuracy 0.6500, 79.6 k params, 12 s; 1 of 3 done, best 0.6500 (trial 0, "
        "baseline 0), about 20 s left",
        "trial 1, baseline 10, kernel 5: complete, val accuracy 0.8600, 6.26 M params, 12m 05s; 2 of 3 done, best "
        "0.8600 (trial 1, baseline 10, kernel 5), about 10 s left",
        "trial 2: started, 182 k params, cl2 f64 d0",
        "trial 2: failed, out of memory: 9 GB, 182 k params; 3 of 3 done, best 0.8600 (trial 1, baseline 10, kernel 5)",
        "VGG19 (ref): started, 24.2 M params",
        "VGG19 (ref): complete, val accuracy 0.8875, 24.2 M params, 20 s",
    ]


def test_time_left_counts_running_trials_by_their_epochs(ledger: Ledger, references: Ledger, clock: Clock) -> None:
    progress = Progress(clock=clock)
    view = LinesView(console(), clock)
    view.progress = progress
    moments = {}
    for moment in feed(view, ledger, references, clock):
        moments[moment] = progress.seconds_left()
    # half: 16 s for 2 x 4/8 of a trial, 3 - 2 x 4/8 = 2 trials to go
    assert moments == {"opened": None, "started": None, "half": pytest.approx(32.0), "done": 0.0}


def test_bars(ledger: Ledger, references: Ledger, clock: Clock) -> None:
    view = BarsView(console(), clock)
    shown = {}
    for moment in feed(view, ledger, references, clock):
        with view.console.capture() as capture:
            view.console.print(view)
        shown[moment] = capture.get()
    assert shown["opened"].split()[-4:] == ["0", "of", "3", "trials"]
    half = [line.strip() for line in shown["half"].splitlines()]
    assert half[0].split() == ["small", "0", "of", "3", "trials"]
    assert half[1].startswith("trial 0, baseline 0 ")
    assert half[1].endswith(" epoch 4 of 8, val accuracy 0.4000")
    assert 2 <= half[1].count("━") <= 10
    assert half[3] == "about 32 s left"
    assert shown["done"].splitlines()[-1].strip() == "best 0.8600 (trial 1, baseline 10, kernel 5)"
    assert "trial 2: failed, out of memory: 9 GB, 182 k params" in written(view)


def test_bars_fit_any_width(ledger: Ledger, references: Ledger, clock: Clock) -> None:
    view = BarsView(console(), clock)
    for _ in feed(view, ledger, references, clock):
        for width in (5, 20, 40, 71, 200):
            view.console.width = width
            with view.console.capture() as capture:
                view.console.print(view)
            assert max(map(len, capture.get().splitlines())) <= width


def test_more_trials_than_lines(ledger: Ledger, clock: Clock) -> None:
    view = BarsView(Console(file=io.StringIO(), width=80, height=6), clock)
    view.opened(ledger, 10, [])
    for number in range(4):
        view.started(ledger.record(begin(ledger, None if number < 2 else config(2, 64, number > 2), 100)))
    with view.console.capture() as capture:
        view.console.print(view)
    assert "and 2 more running" in capture.get()


@pytest.mark.parametrize("kind", [RuntimeError, KeyboardInterrupt])
def test_the_terminal_is_restored_whatever_happens(ledger: Ledger, kind: type[BaseException]) -> None:
    terminal = Console(file=io.StringIO(), width=80, force_terminal=True, force_interactive=True)
    view = BarsView(terminal)
    view.opened(ledger, 3, [])
    with pytest.raises(kind), view:
        raise kind
    text = terminal.file.getvalue()  # type: ignore[attr-defined]
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_json_lines(ledger: Ledger, references: Ledger, clock: Clock) -> None:
    view = JsonView(console(20))
    for _ in feed(view, ledger, references, clock):
        pass
    events = [json.loads(line) for line in written(view)]
    assert events[0] == {
        "event": "opened",
        "study": "small",
        "trials": 3,
        "warnings": ["5 images of the test part are in train too"],
    }
    assert [event["event"] for event in events].count("advanced") == 8
    assert events[3]["val_accuracy"] == 0.1
    ended = [event for event in events if event["event"] == "ended"]
    assert [(event["number"], event["reference"], event["state"], event["cause"]) for event in ended] == [
        (0, None, "complete", None),
        (1, None, "complete", None),
        (2, None, "failed", "out of memory: 9 GB"),
        (None, "VGG19", "complete", None),
    ]


def test_the_view_that_fits() -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True)
    assert type(search_view(terminal)) is BarsView
    assert type(search_view(terminal, quiet=True)) is QuietView
    assert type(search_view(terminal, as_json=True)) is JsonView
    assert type(search_view(Console(file=io.StringIO()))) is LinesView


def test_quiet_says_nothing(
    ledger: Ledger, references: Ledger, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with search_view(Console(), quiet=True) as view:
        for _ in feed(view, ledger, references, clock):
            pass
    assert capsys.readouterr().out == ""


def test_a_continued_study_begins_where_it_ended(tmp_path: Path, clock: Clock) -> None:
    main, _ = small_study(tmp_path)
    view = LinesView(console(), clock)
    view.opened(main, 12, [])
    assert written(view) == ["small: 6 of 12 trials done"]
    assert view.progress.line_of_best() == "best 0.8925 (trial 2)"
    running = main.running()[0]
    view.started(main.record(running))
    assert written(view)[-1] == "trial 7: started, 300 k params, cl1 f256 d0, goes on, 3 epochs known"
    clock.now += 10
    main.complete(running, TrialResult({"val_accuracy": 0.7}, epochs=8), [0.7, 300_000.0])
    view.ended(main.record(running))
    assert written(view)[-1].endswith("7 of 12 done, best 0.8925 (trial 2), about 50 s left")


def test_holes_are_shown_by_the_labels_of_their_options(ledger: Ledger, clock: Clock) -> None:
    view = LinesView(console(), clock)
    record = ledger.record(begin(ledger, None, 300))
    view.started(replace(record, params={"model": "wide", "model.wide.unfreeze": "top_36"}))
    assert written(view)[-1].endswith("started, 300 params, m=wide u=top_36")
