"""`search`: one study from its space to its summary. The driver's main line, read from top to bottom."""

import time
from collections.abc import Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from typing import Protocol

from nas.records import DataInfo, Verdict
from nas.search.drawing import Drawer, Measure
from nas.search.gallery import gallery
from nas.search.ledger import Ledger
from nas.search.listing import LISTED, listed, trials_by_default
from nas.search.lock import study_lock
from nas.search.opening import check_unchanged, free_name, open_references, open_study
from nas.search.options import Options
from nas.search.preparation import (
    check_trainable,
    cost_measure,
    has_backbones,
    job_maker,
    prepare_data,
    seed_of,
)
from nas.search.pretraining import augmentation_warnings, prepare_backbones
from nas.search.queue import Budget, Listener, TrialQueue
from nas.search.retention import Retention
from nas.search.samplers import GP_LIMIT, check_sampler
from nas.search.starting import share_cards, starting
from nas.search.stopping import StoppingRule, check_scheduler
from nas.search.storage import StorageError, open_storage, quiet_optuna, sqlite_path
from nas.space.load import LoadedSpace
from nas.space.search_space import SearchSpace
from nas.tracking.record import TrialRecord
from nas.tracking.stores import note_store
from nas.tracking.tracker import Tracker

SECONDS_TO_FLUSH = 20.0
"""How long the end waits for the tracking service; what has not arrived by then comes with the next run."""
SECONDS_TO_FLUSH_INTERRUPTED = 3.0


@dataclass(frozen=True)
class Summary:
    """How a search ended. counts: trials of the whole study by verdict; running: left to be resumed.

    notice: why it ended before its budget, if it did. arrived: whether the tracking service has everything.
    sampler: what drew the configs. balanced: path of the choice whose options were drawn equally often, if any.
    """

    study: str
    counts: dict[Verdict, int]
    references: dict[Verdict, int]
    running: int
    notice: str
    seconds: float
    interrupted: bool = False
    arrived: bool = True
    sampler: str = "tpe"
    balanced: str | None = None


class View(Listener, Protocol):
    """What a person watches while the study runs."""

    def opened(self, ledger: Ledger, trials: float, warnings: Sequence[str]) -> None:
        """The study is open: `trials` is its total, `warnings` are lines about the data."""


def search(loaded: LoadedSpace, options: Options, tracker: Tracker, view: View) -> Summary:
    """Search a space until its budget is spent; the same call again goes on where this one ended.

    Ctrl-C ends it early: running trials stay RUNNING in the ledger, for the next call to adopt.

    Raises:
        SpaceError, StudyChanged, DataError, WeightsError, StorageError: before any trial starts, with nothing changed.
        ResourceError: the machine or cluster does not have what was asked for; or Ray died and could not be had again.
    """
    check_scheduler(options.scheduler)
    check_sampler(options.sampler, loaded.space)
    measure, slowly = cost_measure(options.layout), has_backbones(loaded.space)
    if not slowly:
        check_trainable(loaded.space, measure)
    storage = open_storage(options.storage)
    name = free_name(storage, loaded.space.name) if options.fresh else loaded.space.name
    space = replace(loaded.space, name=name)
    with quiet_optuna(), study_lock(storage, name) as lock:
        check_unchanged(storage, space)
        with starting(options, loaded) as executor:
            prepare_backbones(space, options.layout.place)
            data = prepare_data(space, options.layout)
            if slowly:  # torch is loaded while Ray starts
                check_trainable(space, measure)
            ready = executor.result()  # what the machine cannot give is said before the study exists
            shares = share_cards(ready, space, measure, options, data)
            main = open_study(lock, space, options.sampler, seed_of(space), data)
            references = open_references(lock, space)
            main.layout = references.layout = options.layout
            queue = _make_queue(space, main, references, measure, options)
            view.opened(main, queue.budget.trials, [*_warnings(options, queue, data), *shares])
            _report_to(queue, tracker, view, Retention(main, options.layout, options.keep_all))
            began, interrupted = time.monotonic(), False
            try:
                ready.run(queue)
            except KeyboardInterrupt:
                interrupted = True
                lock.insist.patience = 0  # a person is waiting
            except Exception:
                _pause(tracker, (main, references))
                tracker.flush(SECONDS_TO_FLUSH_INTERRUPTED)
                raise
            arrived = _finish_tracking(tracker, (main, references), interrupted)
            return Summary(
                study=name,
                counts=main.verdicts(),
                references=references.verdicts(),
                running=len(main.running()) + len(references.running()),
                notice=queue.budget.closed,
                seconds=time.monotonic() - began,
                interrupted=interrupted,
                arrived=arrived,
                sampler=options.sampler,
                balanced=space.balanced,
            )


def _warnings(options: Options, queue: TrialQueue, data: DataInfo | None) -> list[str]:
    """What a person should know before it starts."""
    found = [*options.notes, *(data.warnings if data else ()), *augmentation_warnings(queue.space)]
    if options.sampler == "gp" and queue.budget.trials > GP_LIMIT:
        found.append(f"--sampler: gp takes seconds a draw beyond {GP_LIMIT} trials; tpe does not")
    if options.sampler in LISTED and queue.space.balanced:
        found.append(f"--sampler: {options.sampler} tries what it lists; balanced={queue.space.balanced!r} has no say")
    if options.address and sqlite_path(options.storage) is not None:
        found.append("--address: the home folder must lie where every node sees it")
    return found


def _make_queue(space: SearchSpace, main: Ledger, references: Ledger, measure: Measure, options: Options) -> TrialQueue:
    kind = "the ablation" if options.sampler == "ablation" else "the space"
    drawer = Drawer(space, main, measure, seed_of(space), grid=listed(options.sampler, space), listed=kind)
    # an ablation compares finished trials, each with the base: none of them is stopped
    scheduler = "none" if options.sampler == "ablation" else options.scheduler
    return TrialQueue(
        space=space,
        main=main,
        references=references,
        drawer=drawer,
        rule=StoppingRule(scheduler, space.objectives, space.epochs_of(space.template)),
        make_job=job_maker(space, options.layout, options.timeout),
        budget=Budget(options.trials or trials_by_default(options.sampler, space), options.seconds),
        stop_baselines=options.stop_baselines,
    )


def _report_to(queue: TrialQueue, tracker: Tracker, view: View, retention: Retention) -> None:
    """Let the listeners know what happens, and the tracker what it has missed."""
    note_store(queue.main.study, tracker.uri, retention.layout.tracking_uri)
    queue.listeners = (_Mirror(tracker), view, retention)
    queue.run_id = lambda record: tracker.run_ids().get(record.uid)
    draw = gallery(queue.space, retention.layout)
    if draw is not None:
        tracker.show_data(queue.space.name, draw)
    for ledger in (queue.main, queue.references):
        retention.make_up(ledger)
        for record in ledger.records():
            if record.verdict is not None:
                tracker.mirror(record)


def _finish_tracking(tracker: Tracker, ledgers: Sequence[Ledger], interrupted: bool) -> bool:
    """Show what still runs as interrupted, wait a while, note the runs. Returns whether all has arrived."""
    _pause(tracker, ledgers)
    arrived = tracker.flush(SECONDS_TO_FLUSH_INTERRUPTED if interrupted else SECONDS_TO_FLUSH)
    with suppress(StorageError) if interrupted else nullcontext():  # the next run notes them as well
        for ledger in ledgers:
            ledger.note_late_runs(tracker.run_ids())
    return arrived


def _pause(tracker: Tracker, ledgers: Sequence[Ledger]) -> None:
    for ledger in ledgers:
        tracker.pause([f"{ledger.name}/{trial.number}" for trial in ledger.running()])


@dataclass
class _Mirror:
    """Hands every record to the tracker."""

    tracker: Tracker

    def started(self, record: TrialRecord) -> None:
        self.tracker.mirror(record)

    def advanced(self, record: TrialRecord) -> None:
        self.tracker.mirror(record)

    def ended(self, record: TrialRecord) -> None:
        self.tracker.mirror(record)
