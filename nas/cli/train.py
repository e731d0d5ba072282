"""`nas train FILE`: one config in this process, with a full traceback: for finding out what is wrong with a network."""

import json
import tempfile
import traceback
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nas.cli.changes import changes_of, check_data, data_options, read_space, smoke_option
from nas.cli.errors import ALL_FAILED, RESOURCES, StatusError, wrong
from nas.cli.options import Place, nas_command, option, place_options
from nas.cli.signals import interruptible
from nas.cli.smoke import cut_down
from nas.cli.terminal import result_alone
from nas.cli.values import MOST_EPOCHS, MOST_SEED, Whole
from nas.config import TrialConfig
from nas.records import EpochMetrics, TrialResult
from nas.space.config import Config
from nas.space.mistakes import SpaceError, near
from nas.space.paths import read_value, set_path
from nas.space.search_space import SearchSpace

if TYPE_CHECKING:
    from nas.job import TrialJob


@nas_command(name="train")
@click.argument("file", metavar="FILE[:NAME]")
@option("--baseline", metavar="NAME", section="Config", help="Train this baseline.")
@option("--reference", metavar="NAME", section="Config", help="Train this reference.")
@option(
    "--set", "sets", metavar="PATH=VALUE", multiple=True, section="Config",
    help="Change a value of it first, as model.convnet.filters=32; may be given several times.",
)  # fmt: skip
@option("--epochs", type=Whole(most=MOST_EPOCHS), section="Config", help="Epochs; else the config's.")
@option("--seed", type=Whole(0, MOST_SEED), section="Config", help="Of split, weights and order; else the config's.")
@option("--threads", type=Whole(), default=1, section="Config", help="Of the processor; else 1, as in a search.")
@smoke_option
@data_options
@place_options("data_dir")
@option("--folder", metavar="PATH", section="Output", help="Keep weights and checkpoints in this new or empty folder.")
@option("--json", "as_json", is_flag=True, section="Output", help="One JSON object on stdout at the end.")
@click.pass_context
def command(ctx: click.Context, /, file: str, place: Place, sets: tuple[str, ...], as_json: bool, **given: Any) -> None:
    """Train one config of the space in FILE in this process, for debugging.

    Prints a line an epoch; an error shows where it happened. Nothing is recorded in a study.
    """
    with interruptible() as received:
        try:
            with result_alone(as_json):
                loaded = read_space(file, changes_of(given))
            space = (cut_down(loaded, place.layout.place, as_json)[0] if given["smoke"] else loaded).space
            config = _with_sets(_named(space, given["baseline"], given["reference"]), sets)
            check_data(space, place.layout.place)
            place.make_home()
            _prepare_data(config, place)
            kept = _empty_folder(given["folder"]) if given["folder"] else None
            with nullcontext(kept) if kept else tempfile.TemporaryDirectory(prefix="nas-train-") as folder:
                job = _job(space, config, place, Path(folder))
                result = _train(replace(job, threads=given["threads"]), as_json)
        except KeyboardInterrupt:
            click.echo("nas: interrupted", err=True)
            ctx.exit(received.exit_code)
    if result is None:
        ctx.exit(ALL_FAILED)
    if kept and not as_json:
        click.echo(f"weights: {Path(kept) / 'weights'}")


def _prepare_data(config: Config, place: Place) -> None:
    """Decode the data before it is trained on, so that what is wrong with it is said in lines, not in a traceback."""
    if not isinstance(config, TrialConfig):
        return
    from nas.data.prepare import prepare

    for warning in prepare(config.data, place.layout.place, config.seed).warnings:
        click.echo(f"nas: warning: {warning}", err=True)


def _named(space: SearchSpace, baseline: str | None, reference: str | None) -> Config:
    """The config that the options name."""
    if baseline is not None and reference is not None:
        raise wrong("--baseline", "stands beside --reference", "give one of them")
    for option_name, name, configs in (
        ("--baseline", baseline, space.baselines),
        ("--reference", reference, space.references),
    ):
        if name is None:
            continue
        if name not in configs:
            kind = option_name.removeprefix("--")
            raise wrong(option_name, f"{space.name} has no {kind} {name!r}", near(name, configs))
        return configs[name]
    known = [f"--baseline {name}" for name in space.baselines] + [f"--reference {name}" for name in space.references]
    raise wrong("--baseline", "is missing", f"say which config: {', '.join(known[:6]) or 'the space has none'}")


def _with_sets(config: Config, sets: tuple[str, ...]) -> Config:
    """The config with the values of --set, in their order."""
    for text in sets:
        path, equals, value = text.partition("=")
        if not equals:
            raise wrong("--set", f"{text!r} has no value", "write PATH=VALUE, as model.convnet.filters=32")
        try:
            config = set_path(config, path.strip(), read_value(value.strip()))
        except SpaceError as error:
            raise SpaceError(replace(mistake, where=f"--set {mistake.where}") for mistake in error.mistakes) from None
    return config


def _empty_folder(text: str) -> str:
    folder = Path(text).expanduser().absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise wrong("--folder", f"{folder} is not empty", "choose a new one")
    except OSError as error:
        what = "is a file" if folder.is_file() else f"cannot be written ({error.strerror})"
        raise StatusError(f"--folder: {folder} {what}; choose a new one", RESOURCES) from None
    return str(folder)


def _job(space: SearchSpace, config: Config, place: Place, folder: Path) -> "TrialJob":
    from nas.job import TrialJob

    return TrialJob(
        study=space.name,
        number=0,
        config=config,
        epochs=space.epochs_of(config),
        folder=folder / "checkpoints",
        weights=folder / "weights",
        place=place.layout.place,
        objective=space.objective,
        gpu=_has_card(),
    )


def _train(job: "TrialJob", as_json: bool) -> TrialResult | None:
    """The result; None after an error, which has been told with its traceback."""
    from nas.trial import run_trial

    def report(point: EpochMetrics) -> bool:
        if not as_json:
            click.echo(f"epoch {point.epoch}/{job.epochs}: {_figures(point.values)}")
        return True

    try:
        with result_alone(as_json):
            result = run_trial(job, report)
    except Exception:
        traceback.print_exc()
        return None
    if as_json:
        found = {"metrics": dict(result.metrics), "epochs": result.epochs, "best_epoch": result.best_epoch}
        click.echo(json.dumps({**found, "details": dict(result.details)}, indent=2))
    else:
        click.echo(f"result: {_figures(result.metrics)}")
    return result


def _figures(values: Any) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())


def _has_card() -> bool:
    import torch

    return torch.cuda.is_available()
