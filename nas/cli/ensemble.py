"""`nas ensemble STUDY...`: the best networks of finished studies together."""

import json
from dataclasses import asdict

import click

from nas.cli.options import Place, nas_command, option, place_options
from nas.cli.reading import read_study
from nas.cli.values import Whole


@nas_command(name="ensemble")
@click.argument("studies", metavar="STUDY...", nargs=-1, required=True)
@option("--top", type=Whole(2), default=2, section="Manner", help="Put so many networks together; else 2.")
@option("--json", "as_json", is_flag=True, section="Output", help="One JSON object on stdout.")
@place_options("data_dir", "storage", "artifacts")
def command(studies: tuple[str, ...], place: Place, top: int, as_json: bool) -> None:
    """Average the predictions of the best networks of one or more studies, without further training.

    The best by validation accuracy are taken, of those whose weights are kept; all must have been trained on the same
    data. Shows what each reaches alone, and all of them together.
    """
    ledgers = [read_study(place, study) for study in dict.fromkeys(studies)]
    from nas.artifacts.members import best_members

    best = best_members(ledgers, place.layout, top)
    from nas.artifacts.ensemble import measure

    measured = measure(best, place.layout.place)
    if as_json:
        *members, together = map(asdict, measured)
        click.echo(json.dumps({"members": members, "ensemble": together}, indent=2))
        return
    from nas.cli.terminal import make_console
    from nas.report.ensemble import print_ensemble

    print_ensemble(make_console(), measured)
