"""`search`: one study from its space to its summary. The driver's main line, read from top to bottom."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from math import inf
from typing import Literal, Protocol

from nas.config import Data, TrialConfig
from nas.data.prepare import prepare
from nas.data.shape import shape_of
from nas.job import TrialJob
from nas.models.measure import measure_cost
from nas.records import Cost, DataInfo, Shape, Verdict
from nas.search.drawing import Draw, Drawer
from nas.search.layout import Layout
from nas.search.ledger import Ledger
from nas.search.lock import study_lock
from nas.search.names import EXTRA_TRIALS
from nas.search.opening import check_unchanged, free_name, open_references, open_study
from nas.search.queue import Budget, Listener, TrialQueue
from nas.search.retention import Retention
from nas.search.samplers import check_sampler
from nas.search.stopping import StoppingRule, check_scheduler
from nas.search.storage import open_storage, quiet_optuna
from nas.space.algebra import config_hash
from nas.space.config import Config, has_hole
from nas.space.finite import grid
from nas.space.load import LoadedSpace
from nas.space.search_space import SearchSpace
from nas.tracking.record import TrialRecord
from nas.tracking.tracker import Tracker

SECONDS_TO_FLUSH = 20.0
"""How long the end waits for the tracking service; what has not arrived by then comes with the next run."""
SECONDS_TO_FLUSH_INTERRUPTED = 3.0


@dataclass(frozen=True)
class Options:
    """Budget, place and manner of a search. Nothing here changes what a trial's result means.

    trials: the study's total of complete + pruned + failed. seconds: how long this run may take.
    jobs, gpus_per_trial: None shares out what there is. address: an existing Ray cluster. executor: `local` runs the
    trials one after the other in this process.
    """

    layout: Layout
    storage: str
    trials: int | None = None
    seconds: float = inf
    sampler: str = "tpe"
    scheduler: str = "asha"
    stop_baselines: bool = False
    keep_all: bool = False
    jobs: int | None = None
    gpus_per_trial: float | None = None
    address: str | None = None
    executor: Literal["ray", "local"] = "ray"
    fresh: bool = False


@dataclass(frozen=True)
class Summary:
    """How a search ended. counts: trials of the whole study by verdict; running: left to be resumed.

    notice: why it ended before its budget, if it did. arrived: whether the tracking service has everything.
    """

    study: str
    counts: dict[Verdict, int]
    references: dict[Verdict, int]
    running: int
    notice: str
    seconds: float
    interrupted: bool = False
    arrived: bool = True


class View(Listener, Protocol):
    """What a person watches while the study runs."""

    def opened(self, ledger: Ledger, trials: float, warnings: Sequence[str]) -> None:
        """The study is open: `trials` is its total, `warnings` are lines about the data."""


class Executor(Protocol):
    """Works on the jobs of a queue until it has no more."""

    def run(self, queue: TrialQueue) -> None:
        """Take jobs, report their epochs, hand back their outcomes."""


def search(loaded: LoadedSpace, options: Options, tracker: Tracker, view: View) -> Summary:
    """Search a space until its budget is spent; the same call again goes on where this one ended.

    Ctrl-C ends it early: running trials stay RUNNING in the ledger, for the next call to adopt.

    Raises:
        SpaceError, StudyChanged, DataError, StorageError: before any trial starts, with nothing changed.
    """
    check_scheduler(options.scheduler)
    check_sampler(options.sampler, loaded.space)
    storage = open_storage(options.storage)
    name = free_name(storage, loaded.space.name) if options.fresh else loaded.space.name
    space = replace(loaded.space, name=name)
    with quiet_optuna(), study_lock(storage, name):
        check_unchanged(storage, space)
        with _starting(options, loaded) as executor:
            data = _prepare_data(space, options.layout)
            main = open_study(storage, space, options.sampler, _seed(space), data)
            references = open_references(storage, space)
            queue = _make_queue(space, main, references, options)
            view.opened(main, queue.budget.trials, data.warnings if data else ())
            _report_to(queue, tracker, view, Retention(main, options.layout, options.keep_all))
            began, interrupted = time.monotonic(), False
            try:
                executor.result().run(queue)
            except KeyboardInterrupt:
                interrupted = True
            tracker.pause([live.ledger.record(live.trial).uid for live in queue.live.values()])
            arrived = tracker.flush(SECONDS_TO_FLUSH_INTERRUPTED if interrupted else SECONDS_TO_FLUSH)
            for ledger in (main, references):
                ledger.note_late_runs(tracker.run_ids())
            return Summary(
                study=name,
                counts=main.verdicts(),
                references=references.verdicts(),
                running=len(main.running()) + len(references.running()),
                notice=queue.budget.closed,
                seconds=time.monotonic() - began,
                interrupted=interrupted,
                arrived=arrived,
            )


@contextmanager
def _starting(options: Options, loaded: LoadedSpace) -> Iterator["Future[Executor]"]:
    """Start the executor beside the preparations: Ray takes seconds. It is shut down at the end."""
    if options.executor == "local":
        from nas.search.executors.in_process import InProcessExecutor

        ready: Future[Executor] = Future()
        ready.set_result(InProcessExecutor())
        yield ready
        return
    pool = ThreadPoolExecutor(1, thread_name_prefix="ray-start")
    try:
        yield pool.submit(_start_ray_executor, options, loaded)
    finally:
        pool.shutdown(wait=True)
        import ray

        ray.shutdown()


def _start_ray_executor(options: Options, loaded: LoadedSpace) -> "Executor":
    from nas.search.executors.ray_tune import RayTuneExecutor, resources_for, start_ray

    start_ray(options.address)
    resources = resources_for(options.jobs, options.gpus_per_trial)
    return RayTuneExecutor(resources, options.layout.ray, (loaded.module, *loaded.siblings))


def _prepare_data(space: SearchSpace, layout: Layout) -> DataInfo | None:
    """Read and decode the data of every config that may come, once. Returns what is known of the template's own."""
    if not isinstance(space.template, TrialConfig):
        return None
    seed = _seed(space)
    variants = [config for _, config in grid(space.template.data)] if has_hole(space.template.data) else []
    infos = [prepare(data, layout.place, seed) for data in variants or [space.template.data]]
    named = {config.data for config in space.references.values() if isinstance(config, TrialConfig)}
    for data in named - {space.template.data}:
        prepare(data, layout.place, seed)
    digest = infos[0].digest if len(infos) == 1 else "+".join(sorted(info.digest for info in infos))
    return replace(infos[0], digest=digest)


def _make_queue(space: SearchSpace, main: Ledger, references: Ledger, options: Options) -> TrialQueue:
    trials = options.trials
    if options.sampler == "grid":
        size = main.enqueue_new((params, config) for params, config in grid(space.template))
        trials = trials or size
    baselines = len({config_hash(config) for config in space.baselines.values()})
    return TrialQueue(
        space=space,
        main=main,
        references=references,
        drawer=Drawer(space, main, _measure(options.layout), _seed(space)),
        rule=StoppingRule(options.scheduler, space.objectives, space.epochs_of(space.template)),
        make_job=_job_maker(space, options.layout),
        budget=Budget(trials or baselines + EXTRA_TRIALS, options.seconds),
        stop_baselines=options.stop_baselines,
    )


def _report_to(queue: TrialQueue, tracker: Tracker, view: View, retention: Retention) -> None:
    """Let the listeners know what happens, and the tracker what it has missed."""
    queue.listeners = (_Mirror(tracker), view, retention)
    queue.run_id = lambda record: tracker.run_ids().get(record.uid)
    for ledger in (queue.main, queue.references):
        for record in ledger.records():
            if record.verdict is not None:
                tracker.mirror(record)


def _measure(layout: Layout) -> Callable[[Config], Cost | None]:
    """Costs by config; the data's shape is looked up once for each data config."""
    shapes: dict[Data, tuple[Shape, int]] = {}

    def measure(config: Config) -> Cost | None:
        if not isinstance(config, TrialConfig):
            return None
        if config.data not in shapes:
            shapes[config.data] = shape_of(config.data, layout.place)
        return measure_cost(config.model, *shapes[config.data])

    return measure


def _job_maker(space: SearchSpace, layout: Layout) -> Callable[[Ledger, Draw], TrialJob]:
    def make_job(ledger: Ledger, draw: Draw) -> TrialJob:
        number = draw.trial.number
        return TrialJob(
            study=ledger.name,
            number=number,
            config=draw.config,
            epochs=space.epochs_of(draw.config),
            folder=layout.checkpoints(ledger.name, number),
            weights=layout.weights(ledger.name, number),
            place=layout.place,
            objective=space.objective,
        )

    return make_job


def _seed(space: SearchSpace) -> int:
    return int(getattr(space.template, "seed", 0))


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
