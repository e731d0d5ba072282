"""`nas leaderboard STUDY`: the trials of a study, the best first."""

import click

from nas.cli.errors import wrong
from nas.cli.options import Place, nas_command, option, place_options
from nas.cli.values import Whole

_ROWS_SHOWN = 40


@nas_command(name="leaderboard")
@click.argument("study")
@option("--sort", metavar="COLUMN", section="Order", help="Such as accuracy_per_param, params, test_accuracy, seconds.")
@option("--top", type=Whole(), section="Order", help=f"Show so many trials; else {_ROWS_SHOWN} as text, all otherwise.")
@option("--all", "everything", is_flag=True, section="Order", help="Show all trials.")
@option("--csv", "as_csv", is_flag=True, section="Output", help="A line for each trial, all columns.")
@option("--markdown", "as_markdown", is_flag=True, section="Output", help="A table for a README.")
@option("--json", "as_json", is_flag=True, section="Output", help="A list of objects, null where there is none.")
@place_options("storage")
def command(study: str, place: Place, sort: str | None, top: int | None, everything: bool, **formats: bool) -> None:
    """The trials of STUDY, finished or not, the best by its first objective first.

    Pruned and failed trials follow, references stand among the others.
    """
    chosen = [name for name, wanted in formats.items() if wanted]
    if len(chosen) > 1:
        flags = " and ".join(f"--{name.removeprefix('as_')}" for name in chosen)
        raise wrong("leaderboard", f"{flags} exclude each other", "choose one")
    if top is not None and everything:
        raise wrong("leaderboard", "--top and --all exclude each other", "choose one")
    from nas.cli.reading import read_study
    from nas.report.export import to_csv, to_json, to_markdown
    from nas.report.leaderboard import read_board

    board = read_board(*read_study(place, study))
    if sort is not None:
        board = board.sorted(sort)
    limit = top if chosen or everything or top is not None else _ROWS_SHOWN
    shown = board.top(limit)
    if chosen:
        write = {"as_csv": to_csv, "as_markdown": to_markdown, "as_json": to_json}[chosen[0]]
        click.echo(write(shown).rstrip("\n"))
        return
    from nas.cli.terminal import make_console
    from nas.report.table import print_board

    print_board(make_console(), board, limit)
