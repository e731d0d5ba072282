"""`MlflowRuns`: makes an MLflow run equal to a trial's record, writing only what is missing."""

import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from nas.space.names import folder_name
from nas.tracking import appearance
from nas.tracking.appearance import CONFIG_FILE, CONFIG_TAG, STARTED_TAG, UID_TAG, VERDICT_TAG, Point
from nas.tracking.batches import batches
from nas.tracking.database import connect
from nas.tracking.moved_files import find_moved_files
from nas.tracking.outbox import Refused
from nas.tracking.record import TrialRecord
from nas.tracking.run_files import write_data_run, write_trial_files

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

_PAGE = 200


class NotDrawn(Exception):
    """What a study's data looks like could not be drawn."""


@dataclass
class RunState:
    """What MLflow has of one run. start: milliseconds since 1970. epochs: those logged, None if not looked up yet."""

    run_id: str
    start: int
    status: str
    tags: dict[str, str]
    params: set[str] = field(default_factory=set)
    metrics: set[str] = field(default_factory=set)
    epochs: set[int] | None = None

    def forget(self) -> None:
        """Keep of a finished run only what tells that it is finished: there may be thousands."""
        self.tags = {sys.intern(name): sys.intern(value) for name, value in self.tags.items()}
        self.params, self.metrics, self.epochs = set(), set(), None


class MlflowRuns:
    """The runs of all studies whose records come. One thread writes; `ids` may be read by others.

    tracking_uri: a database or a server. artifacts: folder for files; None leaves the place to the server.
    ids: uid of the trial -> id of its run, of all runs known so far.
    """

    def __init__(self, tracking_uri: str, artifacts: Path | None) -> None:
        self._uri, self._artifacts = tracking_uri, artifacts
        self._connected: MlflowClient | None = None
        self._experiments: dict[str, str] = {}
        self._runs: dict[tuple[str, str], RunState] = {}
        self._doubted: set[str] = set()
        self.ids: dict[str, str] = {}

    @property
    def client(self) -> "MlflowClient":
        """The connection, made at its first use."""
        if self._connected is None:
            self._connected = connect(self._uri)
        return self._connected

    def write(self, record: TrialRecord, paused: bool) -> bool:
        """Make the trial's run equal to its record; a second time writes nothing. paused: the trial is interrupted.

        Returns whether anything was missing. After an error nobody knows what had arrived: the next call looks
        everything up again.

        Raises:
            Refused: MLflow will never take this record.
            Exception: whatever else MLflow raises.
        """
        try:
            experiment = self._experiments.get(record.study) or self._load(record)
            found = self._find(record)
            changed = self._complete(found or self._create(record, experiment), record, paused)
        except Exception as error:
            self._experiments.clear()
            self._runs.clear()
            if getattr(error, "error_code", None) == "INVALID_PARAMETER_VALUE":  # also for a run that somebody deleted
                if record.uid in self._doubted:
                    raise Refused(str(error)) from error
                self._doubted.add(record.uid)
            raise
        self._doubted.discard(record.uid)
        return changed or found is None

    def write_data(self, study: str, draw: Callable[[], Path]) -> bool:
        """Show the data of a study of which a trial has been written, in a run of its own; a second time does nothing.

        draw: fills a folder with what to show, if it is not shown yet. Returns whether it was not.

        Raises:
            NotDrawn: `draw` failed.
            Exception: whatever MLflow raises.
        """

        def drawn() -> Path:
            try:
                return draw()
            except Exception as error:
                raise NotDrawn(str(error) or type(error).__name__) from error

        known = self._experiments.get(study) or self.client.get_experiment_by_name(study)
        assert known is not None  # a trial has been written
        return write_data_run(self.client, known if isinstance(known, str) else known.experiment_id, study, drawn)

    def _load(self, record: TrialRecord) -> str:
        """Find or create the experiment of the record's study, and look up its runs. Returns the experiment's id."""
        study = record.study
        found = self.client.get_experiment_by_name(study)
        if found is None:
            location = None if self._artifacts is None else str(self._artifacts / folder_name(study))
            experiment = str(self.client.create_experiment(study, location, tags=appearance.experiment_tags(record)))
        else:
            experiment = str(found.experiment_id)
            if found.lifecycle_stage == "deleted":
                self.client.restore_experiment(experiment)
            if self._artifacts is not None:
                find_moved_files(self.client, experiment, self._artifacts / folder_name(study))
        for run in active_runs(self.client, experiment):
            if UID_TAG in run.data.tags:
                self._remember(_state_of(run))
        self._experiments[study] = experiment
        return experiment

    def _create(self, record: TrialRecord, experiment: str) -> RunState:
        start = round(1000 * (time.time() if record.started is None else record.started))
        tags = {"mlflow.source.name": "nas", **appearance.standing_tags(record), VERDICT_TAG: "running"}
        run = self.client.create_run(experiment, start, tags, run_name=appearance.run_name(record))
        state = RunState(run.info.run_id, start, "RUNNING", tags, epochs=set())
        self.ids.pop(record.uid, None)
        self._remember(state)
        return state

    def _find(self, record: TrialRecord) -> RunState | None:
        """The trial's run, unless it is that of a deleted study of the same name: that one started at another time."""
        return self._runs.get((record.uid, str(record.started))) or self._runs.get((record.uid, ""))

    def _remember(self, run: RunState) -> None:
        uid = run.tags[UID_TAG]
        self._runs[uid, run.tags.get(STARTED_TAG, "")] = run
        self.ids.setdefault(uid, run.run_id)

    def _complete(self, run: RunState, record: TrialRecord, paused: bool) -> bool:
        """Write what the run lacks. The final status comes last: a run that has it lacks nothing but later names.

        Returns whether it lacked anything.
        """
        status, closing = appearance.status(record, paused), appearance.closing_tags(record, paused)
        standing = _missing(appearance.standing_tags(record), run.tags)
        if "nas.baseline" in standing:
            standing["mlflow.runName"] = appearance.run_name(record)
        if record.verdict is not None and run.status == status and run.tags[VERDICT_TAG] == closing[VERDICT_TAG]:
            return self._log(run, [], {}, standing)
        ends = record.verdict is not None or status not in ("RUNNING", run.status)
        goes_on = status == "RUNNING" != run.status
        if goes_on:
            self.client.update_run(run.run_id, status)
        write_trial_files(self.client, run.run_id, record, run.tags)  # first: a tag says that they are there
        stored = {CONFIG_TAG: CONFIG_FILE} if record.config else {}
        tags = standing | _missing(closing | stored, run.tags)
        logged = self._log(
            run, self._missing_points(run, record), _missing(appearance.params(record), run.params), tags
        )
        if ends:
            end = time.time() if record.finished is None else record.finished
            self.client.set_terminated(run.run_id, status, round(1000 * end))
        run.status = status
        if record.verdict is not None:
            run.forget()
        return logged or ends or goes_on

    def _missing_points(self, run: RunState, record: TrialRecord) -> list[list[Point]]:
        if run.epochs is None:
            names = [name for name in appearance.witnesses(record) if name in run.metrics]
            histories = (self.client.get_metric_history(run.run_id, name) for name in names)
            run.epochs = {metric.step for history in histories for metric in history}
        figures = [point for point in appearance.figures(record, run.start) if point.name not in run.metrics]
        curve = list(appearance.curve(record, run.start, run.epochs))
        run.epochs |= {point.step for epoch in curve for point in epoch}
        return [*curve, figures]

    def _log(
        self, run: RunState, points: Iterable[list[Point]], params: Mapping[str, str], tags: Mapping[str, str]
    ) -> bool:
        """Write in as few calls as MLflow allows. An epoch arrives as a whole or not at all. Whether any was needed."""
        from mlflow.entities import Metric, Param, RunTag

        logged = False
        for batch in batches(points, params, tags):
            logged = True
            self.client.log_batch(
                run.run_id,
                metrics=[Metric(*point) for point in batch.points],
                params=[Param(*item) for item in batch.params],
                tags=[RunTag(*item) for item in batch.tags],
            )
            run.metrics |= {point.name for point in batch.points}
        run.params |= set(params)
        run.tags |= tags
        return logged


def active_runs(client: "MlflowClient", experiment: str) -> Iterator["Run"]:
    """All runs of an experiment that are not deleted, with their tags, params and newest metrics."""
    token = None
    while True:
        page = client.search_runs([experiment], max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _state_of(run: "Run") -> RunState:
    state = RunState(
        run_id=run.info.run_id,
        start=run.info.start_time,
        status=run.info.status,
        tags={VERDICT_TAG: "", **run.data.tags},
        params=set(run.data.params),
        metrics=set(run.data.metrics),
    )
    if state.tags[VERDICT_TAG] in appearance.STATUS:
        state.forget()
    return state


def _missing(wanted: Mapping[str, str], there: Mapping[str, str] | set[str]) -> dict[str, str]:
    """What of the wanted is not there, or is there with another value."""
    if isinstance(there, set):
        return {name: text for name, text in wanted.items() if name not in there}
    return {name: text for name, text in wanted.items() if there.get(name) != text}
