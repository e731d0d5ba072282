"""`nas trial STUDY N`: everything about one trial."""

import json

import click

from nas.cli.errors import quoted, wrong
from nas.cli.options import Place, nas_command, option, place_options


@nas_command(name="trial")
@click.argument("study")
@click.argument("trial", metavar="N")
@option("--json", "as_json", is_flag=True, section="Output", help="One object, null where there is none.")
@place_options("storage", "artifacts", "tracking_uri")
def command(study: str, trial: str, place: Place, as_json: bool) -> None:
    """Everything about one trial of STUDY: config, cost, verdict, curve, figures, and where its weights are.

    N is the trial's number, or the name of a baseline or reference.
    """
    from nas.cli.reading import read_study
    from nas.report.export import jsonable
    from nas.report.trial import NoSuchTrial, read_sheet, sheet_data

    main, references = read_study(place, study)
    try:
        sheet = read_sheet(main, references, trial, place.layout, place.tracking_uri)
    except NoSuchTrial as error:
        raise wrong(f"trial {quoted(trial)}", str(error)) from None
    if as_json:
        click.echo(json.dumps(jsonable(sheet_data(sheet)), indent=2, ensure_ascii=False, allow_nan=False))
        return
    from nas.cli.terminal import make_console
    from nas.report.trial_text import print_sheet

    print_sheet(make_console(), sheet)
