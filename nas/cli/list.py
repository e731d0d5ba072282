"""`nas list`: the studies of the storage, or the networks that `Backbone` knows."""

import json

import click

from nas.cli.options import Place, nas_command, option, place_options
from nas.cli.values import OneOf


@nas_command(name="list")
@click.argument("what", type=OneOf("list", ("studies", "backbones")), default="studies")
@option("--json", "as_json", is_flag=True, section="Output", help="A list of objects, null where there is none.")
@place_options("storage")
def command(what: str, place: Place, as_json: bool) -> None:
    """What there is: `studies` of the storage (how their trials ended, the best value, when they were last written), or
    `backbones`: the published networks, what they cost and when to use them.
    """
    if what == "backbones":
        _list_backbones(as_json)
    else:
        _list_studies(place, as_json)


def _list_backbones(as_json: bool) -> None:
    from nas.report.networks import networks_data, print_networks

    if as_json:
        _print_json(networks_data())
    else:
        from nas.cli.terminal import make_console

        print_networks(make_console())


def _list_studies(place: Place, as_json: bool) -> None:
    from nas.cli.reading import HOW_TO_BEGIN, existing_storage
    from nas.redact import redact
    from nas.report.studies import print_studies, read_studies, study_data

    storage = existing_storage(place)
    studies = read_studies(storage) if storage else []
    if as_json:
        _print_json([study_data(line) for line in studies])
    elif not studies:
        click.echo(f"There is no study in {redact(place.storage)} yet; {HOW_TO_BEGIN}.")
    else:
        from nas.cli.terminal import make_console

        print_studies(make_console(), studies)


def _print_json(rows: list[dict[str, object]]) -> None:
    click.echo(json.dumps(rows, indent=2, ensure_ascii=False, allow_nan=False))
