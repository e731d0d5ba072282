"""`nas effects STUDY`: what each value is worth."""

import json
from typing import TYPE_CHECKING

import click

from nas.cli.errors import wrong
from nas.cli.options import Place, nas_command, option, place_options

if TYPE_CHECKING:
    from nas.report.compared import Comparison
    from nas.report.effects import Effects


@nas_command(name="effects")
@click.argument("study")
@option("--by", metavar="PATH", section="What", help="Compare the options of this hole, such as model or optimizer.")
@option("--metric", metavar="NAME", section="What", help="Such as val_accuracy or seconds; else the first objective.")
@option("--base", metavar="NAME", section="What", help="The baseline to compare with; else the first one.")
@option("--csv", "as_csv", is_flag=True, section="Output", help="A line for each change or option.")
@option("--markdown", "as_markdown", is_flag=True, section="Output", help="A table for a README.")
@option("--json", "as_json", is_flag=True, section="Output", help="One object, null where there is none.")
@place_options("storage")
def command(study: str, place: Place, by: str | None, metric: str | None, base: str | None, **formats: bool) -> None:
    """What each value is worth in STUDY: every trial that differs from a baseline in one value is compared with it.

    Trials with replicates are compared seed by seed, with 95 % confidence intervals. With --by the options of one
    choice are compared instead: which did better, and why.
    """
    chosen = [name for name, wanted in formats.items() if wanted]
    if len(chosen) > 1:
        flags = " and ".join(f"--{name.removeprefix('as_')}" for name in chosen)
        raise wrong("effects", f"{flags} exclude each other", "choose one")
    if by is not None and base is not None:
        raise wrong("effects", "--by and --base exclude each other", "options are compared with the best one")
    from nas.cli.reading import read_study
    from nas.report.compared import compare_options
    from nas.report.effects import read_effects

    main, _ = read_study(place, study)
    found = read_effects(main, metric, base) if by is None else compare_options(main, by, metric)
    show(found, chosen[0] if chosen else "as_text")


def show(found: "Effects | Comparison", form: str) -> None:
    """Print effects or a comparison as text, JSON, CSV or Markdown (`as_text`, `as_json`, ...)."""
    from nas.cli.terminal import make_console
    from nas.report import effects_export as export
    from nas.report.compared_text import print_comparison
    from nas.report.effects import Effects
    from nas.report.effects_text import print_effects
    from nas.report.export import jsonable

    if form == "as_json":
        data = export.effects_data(found) if isinstance(found, Effects) else export.comparison_data(found)
        click.echo(json.dumps(jsonable(data), indent=2, ensure_ascii=False, allow_nan=False))
    elif form == "as_csv":
        text = export.effects_csv(found) if isinstance(found, Effects) else export.comparison_csv(found)
        click.echo(text, nl=False)
    elif form == "as_markdown":
        text = export.effects_markdown(found) if isinstance(found, Effects) else export.comparison_markdown(found)
        click.echo(text.rstrip("\n"))
    elif isinstance(found, Effects):
        print_effects(make_console(), found)
    else:
        print_comparison(make_console(), found)
