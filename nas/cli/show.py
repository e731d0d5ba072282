"""`nas show FILE`: what a space holds and costs, before anything is trained."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from nas.cli.changes import changes_of, check_data, data_options, read_space, smoke_option
from nas.cli.errors import wrong
from nas.cli.layers import LAYERS, show_layers
from nas.cli.options import nas_command, option, place_options
from nas.cli.smoke import cut_down
from nas.cli.terminal import result_alone
from nas.cli.values import MOST_EPOCHS, ImageShape, OneOf, Whole
from nas.config import NETWORKS, Data, TrialConfig
from nas.data.counts import expected_counts
from nas.data.errors import DataError
from nas.data.shape import shape_of
from nas.models.measure import measure_cost
from nas.records import Cost, DataPlace, Shape
from nas.search.listing import trials_by_default
from nas.space.algebra import config_hash
from nas.space.config import Config
from nas.space.describe import describe
from nas.space.finite import size
from nas.space.load import LoadedSpace
from nas.space.search_space import SearchSpace
from nas.space.survey import survey

if TYPE_CHECKING:
    from nas.cli.options import Place
    from nas.report.overview import Overview
    from nas.report.prediction import Prediction


@nas_command(name="show")
@click.argument("file", metavar="FILE[:NAME]", required=False)
@smoke_option
@data_options
@option("--input", "shape", type=ImageShape(), metavar="CxHxW", section="Data", help="Measure for such images.")
@option("--classes", type=Whole(2), section="Data", help="Measure for so many classes.")
@place_options("data_dir")
@option("--layers", metavar="NAME", type=OneOf("network", tuple(NETWORKS)), section="Output", help=LAYERS)
@option(
    "--epochs", type=Whole(most=MOST_EPOCHS), section="Output", help="Predict for so many epochs; else the space's."
)
@option("--draws", type=Whole(), default=200, section="Output", help="Random draws to judge the space by; else 200.")
@option("--no-time", is_flag=True, section="Output", help="Predict no time: nothing is measured, torch is not loaded.")
@option("--json", "as_json", is_flag=True, section="Output", help="One JSON object on stdout.")
def command(file: str | None, place: "Place", draws: int, no_time: bool, as_json: bool, **given: Any) -> None:
    """Show what the space in FILE holds: holes, size, costs, and how long a search will take.

    Nothing is trained or written. The time comes last: it is measured by a few training steps on random images.
    """
    if given["layers"]:
        show_layers(given["layers"], file, given["shape"], as_json)
        return
    trials = prediction = None
    with result_alone(as_json):
        loaded = read_space(_required(file), changes_of(given))
        images = Images(place.layout.place, given["shape"], given["classes"])
        if given["shape"] is None or given["classes"] is None:
            check_data(loaded.space, place.layout.place)
        if given["smoke"]:
            loaded, trials = cut_down(loaded, images.place)
        overview = look(loaded, images, draws)
        if as_json and not no_time:
            prediction = _predict(overview, images, trials)
    if as_json:
        _print_json(overview, prediction)
    else:
        _print(overview)
        if not no_time:
            _print_time(overview, images, trials)


def _required(file: str | None) -> str:
    if file is None:
        context = click.get_current_context()
        argument = next(param for param in context.command.params if param.name == "file")
        raise click.MissingParameter(ctx=context, param=argument)
    return file


@dataclass(frozen=True)
class Images:
    """What the networks will see: the data's own shape and classes, unless others were given."""

    place: DataPlace
    shape: Shape | None = None
    classes: int | None = None

    def of(self, data: Data) -> tuple[Shape, int]:
        """Shape and number of classes.

        Raises:
            DataError: the data's own are needed, and not known.
        """
        if self.shape is not None and self.classes is not None:
            return self.shape, self.classes
        shape, classes = shape_of(data, self.place)
        return self.shape or shape, self.classes or classes

    def cost(self, config: Config) -> Cost:
        """The cost of a config before training.

        Raises:
            ValueError: the network cannot be built for these images.
        """
        assert isinstance(config, TrialConfig)
        return measure_cost(config.trained_model, *self.of(config.data))


def look(loaded: LoadedSpace, images: Images, draws: int) -> "Overview":
    """Gather what there is to show."""
    from nas.report.overview import Overview

    space, template = loaded.space, loaded.space.template
    trained = isinstance(template, TrialConfig) and space.objective is None
    if not trained and (images.shape or images.classes):
        raise wrong("--input", f"{space.name} has a plain objective instead of networks", "leave it out")
    shape = classes = None
    if trained and isinstance(template, TrialConfig) and isinstance(template.data, Data):
        shape, classes = images.of(template.data)
    return Overview(
        space=space,
        title=(loaded.module.__doc__ or "").strip().split("\n")[0],
        shape=shape or images.shape,
        classes=classes or images.classes,
        holes=tuple(describe(template)),
        size=size(template),
        survey=survey(space, images.cost, draws) if trained else None,
        baselines=_costs(space.baselines, images) if trained else dict.fromkeys(space.baselines),
        references=_costs(space.references, images) if trained else dict.fromkeys(space.references),
    )


def _costs(configs: Mapping[str, Config], images: Images) -> dict[str, Cost | str]:
    found: dict[str, Cost | str] = {}
    for name, config in configs.items():
        try:
            found[name] = images.cost(config)
        except ValueError as error:
            found[name] = str(error)
    return found


def _predict(overview: "Overview", images: Images, trials: int | None) -> "Prediction | None":
    """How long a search of so many trials (None: as many as by default) takes; None where there is nothing to train."""
    space = overview.space
    if overview.survey is None or not isinstance(space.template, TrialConfig):
        return None
    from nas.report.prediction import Plan, predict
    from nas.training.speed import MEASURABLE_FLOPS, seconds_per_image

    def measure(config: TrialConfig, cost: Cost) -> float:
        return seconds_per_image(config, *images.of(config.data), cost.flops)

    drawn = [(config, cost) for config, cost in overview.survey.feasible if isinstance(config, TrialConfig)]
    costs = {**overview.baselines, **overview.references}
    named = [(config, cost) for name, config in _named(space) if isinstance(cost := costs[name], Cost)]
    try:
        counts = expected_counts((drawn or named)[0][0].data)
    except (DataError, IndexError):  # shape and classes were given, so that the data need not be there
        return None
    baselines = len({config_hash(config) for config in space.baselines.values()})
    extra = int(max(0, min(trials or _trials(space), overview.size) - baselines))
    return predict(Plan(named, drawn, extra, counts["train"], counts["val"], MEASURABLE_FLOPS), measure)


def _trials(space: SearchSpace) -> int:
    """The trials of a search by default.

    Raises:
        SpaceError: the space cannot be searched by the sampler that it names.
    """
    from nas.search.samplers import check_sampler

    check_sampler(space.sampler, space)
    return trials_by_default(space.sampler, space)


def _named(space: SearchSpace) -> list[tuple[str, TrialConfig]]:
    """Baselines and references by name, equal ones once."""
    found: dict[str, tuple[str, TrialConfig]] = {}
    for name, config in {**space.baselines, **space.references}.items():
        if isinstance(config, TrialConfig):
            found.setdefault(config_hash(config), (name, config))
    return list(found.values())


def _print(overview: "Overview") -> None:
    from nas.cli.terminal import make_console
    from nas.report.overview import print_overview

    print_overview(make_console(), overview)


def _print_time(overview: "Overview", images: Images, trials: int | None) -> None:
    """The predicted time, when it is measured."""
    from nas.cli.terminal import make_console
    from nas.report.overview import in_sentence

    if overview.survey is None:
        return
    console = make_console()
    console.print()
    prediction = _predict(overview, images, trials)
    if prediction is not None:
        console.print(f"predicted time: {in_sentence(prediction)}", markup=False, highlight=False)


def _print_json(overview: "Overview", prediction: "Prediction | None") -> None:
    from dataclasses import asdict

    from nas.report.overview import to_data

    data = {**to_data(overview), "predicted": asdict(prediction) if prediction else None}
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))
