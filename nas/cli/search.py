"""`nas search FILE`: the main job. Everything that can be refused is refused before the engine is imported."""

import os
import warnings
from dataclasses import asdict, dataclass, replace
from math import inf
from typing import TYPE_CHECKING, Any, Literal

import click

from nas.cli.changes import changes_of, check_data, data_options, read_space, smoke_option
from nas.cli.errors import INTERRUPTED, wrong
from nas.cli.options import Place, nas_command, option, place_options
from nas.cli.outcome import Outcome
from nas.cli.signals import interruptible
from nas.cli.smoke import cut_down
from nas.cli.terminal import result_alone
from nas.cli.values import MOST_EPOCHS, MOST_SEED, Duration, HostPort, OneOf, Share, Whole
from nas.search.executors.address import check_address
from nas.search.names import SAMPLERS, SCHEDULERS
from nas.space.adapt import Changes
from nas.space.load import LoadedSpace
from nas.tracking.quiet import quiet_environment
from nas.tracking.tracker import Tracker, open_tracker

if TYPE_CHECKING:
    from nas.search.options import Options


@dataclass(frozen=True)
class Asked:
    """The options of a search by name, as click hands them over."""

    epochs: int | None
    trials: int | None
    time: float | None
    trial_timeout: float | None
    data: str | None
    target: str | None
    image_size: int | None
    limit: int | None
    weights: str | None
    smoke: bool
    sampler: str | None
    scheduler: str
    stop_baselines: bool
    seed: int | None
    name: str | None
    fresh: bool
    keep: str
    jobs: int | None
    gpus_per_trial: float | Literal["auto"] | None
    address: str | None
    executor: str | None
    quiet: bool
    json: bool

    @property
    def changes(self) -> Changes:
        """What these options change in the space itself."""
        return changes_of(asdict(self))


@nas_command(name="search")
@click.argument("file", metavar="FILE[:NAME]")
@option("--trials", type=Whole(), section="Budget", help="The study's total, baselines first; else baselines + 10.")
@option("--epochs", type=Whole(most=MOST_EPOCHS), section="Budget", help="Epochs of each trial; else the space's.")
@option("--time", type=Duration(), section="Budget", help="Stop after this long, as 90s, 30m, 2h or 1h30m; resumable.")
@option(
    "--trial-timeout", type=Duration(), section="Budget",
    help="Fail a trial that works longer than this, as 30m, and end its worker; anew where a trial is resumed.",
)  # fmt: skip
@smoke_option
@data_options
@option(
    "--sampler", type=OneOf("sampler", SAMPLERS), section="Manner",
    help="What draws configs; else the space's, which is tpe unless its file says otherwise.",
)  # fmt: skip
@option(
    "--scheduler", type=OneOf("scheduler", SCHEDULERS), default="asha", section="Manner",
    help="What stops hopeless trials early; else asha.",
)  # fmt: skip
@option("--stop-baselines", is_flag=True, section="Manner", help="Let the scheduler stop baselines too.")
@option("--seed", type=Whole(0, MOST_SEED), section="Manner", help="Of split, weights and draws; else the space's.")
@option("--name", section="Manner", help="The study's name; else the space's.")
@option("--fresh", is_flag=True, section="Manner", help="Begin another study, NAME-2, NAME-3, ..., if NAME is taken.")
@option(
    "--keep", type=OneOf("choice", ("best", "all")), default="best", section="Manner",
    help="Keep the weights of the front and the five best, or of all trials; else best.",
)  # fmt: skip
@place_options("data_dir", "storage", "artifacts", "tracking_uri")
@option("--jobs", type=Whole(), section="Place", help="Trials at the same time; else one a core, or what cards take.")
@option(
    "--gpus-per-trial", type=Share(), metavar="NUMBER|auto", section="Place",
    help="Cards for each trial, as 0.25; auto: as many trials on a card as its memory holds; else 1 if there is one.",
)  # fmt: skip
@option("--address", type=HostPort(), section="Place", help="An existing Ray cluster; else one is started here.")
@option(
    "--executor", type=OneOf("executor", ("ray", "local")), section="Place",
    help="Ray Tune, or one trial after the other in this process; else ray, with --smoke local.",
)  # fmt: skip
@option("--quiet", is_flag=True, section="Output", help="Show nothing but mistakes and the result.")
@option("--json", is_flag=True, section="Output", help="One JSON object on stdout at the end; events on stderr.")
@click.pass_context
def command(ctx: click.Context, /, file: str, place: Place, **given: Any) -> None:
    """Search the space in FILE; the same command again goes on where it ended.

    Trains the baselines first, then what the sampler draws, then the references. Ends with a leaderboard.
    """
    asked = Asked(**given)
    os.environ.update(quiet_environment())
    warnings.filterwarnings("ignore", message=".*SOCKS support")  # urllib3 says so of itself; nas uses no proxy
    with interruptible() as received:
        try:
            _check(asked)
            with result_alone(asked.json):
                loaded = read_space(file, asked.changes)
                check_data(loaded.space, place.layout.place)
                if asked.smoke:
                    loaded, trials = cut_down(loaded, place.layout.place, asked.quiet)
                    executor = asked.executor or "local"
                    asked = replace(asked, fresh=True, trials=asked.trials or trials, executor=executor)
                tracker = open_tracker(place.tracking_uri, place.layout.mlflow_artifacts)
                _warn(asked)
                place.make_home()
                place.check_room()
                outcome = _run(loaded, asked, place, tracker)
            outcome.tell(place, as_json=asked.json)
        except KeyboardInterrupt:
            click.echo("nas: interrupted; the same command goes on", err=True)
            ctx.exit(received.exit_code or INTERRUPTED)
    ctx.exit(received.exit_code or outcome.exit_code)


def _run(loaded: LoadedSpace, asked: Asked, place: Place, tracker: Tracker) -> Outcome:
    """Search, with a view of it on the terminal."""
    from nas.cli.terminal import make_console
    from nas.report.live import search_view
    from nas.search.run import search

    console = make_console(stderr=asked.json)
    try:
        with search_view(console, quiet=asked.quiet, as_json=asked.json and not asked.quiet) as view:
            summary = search(loaded, _options(asked, place, loaded.space.sampler), tracker, view)
    finally:
        tracker.close()
    return Outcome(summary, asked.fresh, asked.smoke)


def _options(asked: Asked, place: Place, sampler: str) -> "Options":
    from nas.search.options import Options

    return Options(
        layout=place.layout,
        storage=place.storage,
        trials=asked.trials,
        seconds=asked.time or inf,
        timeout=asked.trial_timeout,
        sampler=asked.sampler or sampler,
        scheduler=asked.scheduler,
        stop_baselines=asked.stop_baselines,
        keep_all=asked.keep == "all",
        jobs=asked.jobs,
        gpus_per_trial=asked.gpus_per_trial,
        address=asked.address,
        executor="local" if asked.executor == "local" else "ray",
        fresh=asked.fresh,
        notes=tuple(filter(None, [None if asked.smoke else place.local_only()])),
    )


def _check(asked: Asked) -> None:
    """Refuse what cannot go together, and a cluster that is not there."""
    for name, value in (("--address", asked.address), ("--gpus-per-trial", asked.gpus_per_trial)):
        if value and asked.executor == "local":
            raise wrong(name, "stands beside --executor local, which runs trials in this process", "leave one out")
    executor = asked.executor or ("local" if asked.smoke else "ray")
    if asked.trial_timeout is not None and executor == "local":
        raise wrong(
            "--trial-timeout", "trials that run in this process cannot be ended", "leave it out, or use --executor ray"
        )
    if asked.address is not None and executor == "ray":
        check_address(asked.address)


def _warn(asked: Asked) -> None:
    cores = os.cpu_count() or 1
    if asked.jobs is not None and asked.jobs > cores and asked.address is None:
        click.echo(f"nas: warning: --jobs: {asked.jobs} trials share {cores} cores; each will be slower", err=True)
