"""`nas clean`: frees the disk of what no study needs."""

import click

from nas.cli.asking import agreed
from nas.cli.options import Place, nas_command, option, place_options


@nas_command(name="clean")
@option("--yes", is_flag=True, help="Do not ask.")
@place_options("storage", "artifacts")
def command(place: Place, yes: bool) -> None:
    """Free the disk of checkpoints of trials that have ended, weights that are not worth keeping, decoded images, what
    frozen layers made of them, and what Ray left behind. Says first what would go.

    Trials of a search that is at work are never touched. If this home is used with several storages, end their searches
    first: only that of --storage is looked at.
    """
    from nas.cli.reading import existing_storage
    from nas.report import words
    from nas.report.disk import Spare, by_kind, visit_spare

    storage = existing_storage(place)
    found: list[Spare] = []
    for name in visit_spare(storage, place.layout, found.append):
        click.echo(f"{name} is being searched: it and what all studies share are left alone")
    if not found:
        click.echo("There is nothing to free.")
        return
    for what, (count, size) in by_kind(found).items():
        click.echo(f"{words.size(size):>9}  {what} ({words.plural(count, 'folder')})")
    if not yes and not agreed(f"Free {words.size(sum(spare.size for spare in found))}?"):
        click.echo("Nothing was freed.")
        return
    shown, freed = {spare.path for spare in found}, []
    visit_spare(storage, place.layout, lambda spare: freed.append(spare.free()) if spare.path in shown else None)
    click.echo(f"Freed {words.size(sum(freed))}.")
