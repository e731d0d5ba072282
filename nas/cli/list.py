"""`nas list`: the studies of the storage."""

import json

import click

from nas.cli.options import Place, nas_command, option, place_options


@nas_command(name="list")
@option("--json", "as_json", is_flag=True, section="Output", help="A list of objects, null where there is none.")
@place_options("storage")
def command(place: Place, as_json: bool) -> None:
    """The studies of the storage: how their trials ended, the best value, when they were last written."""
    from nas.cli.reading import HOW_TO_BEGIN, existing_storage
    from nas.redact import redact
    from nas.report.studies import print_studies, read_studies, study_data

    storage = existing_storage(place)
    studies = read_studies(storage) if storage else []
    if as_json:
        click.echo(json.dumps([study_data(line) for line in studies], indent=2, ensure_ascii=False, allow_nan=False))
    elif not studies:
        click.echo(f"There is no study in {redact(place.storage)} yet; {HOW_TO_BEGIN}.")
    else:
        from rich.console import Console

        print_studies(Console(), studies)
