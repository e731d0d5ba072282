"""`nas new NAME`: a space file to start from."""

import shlex
from pathlib import Path

import click

from nas.cli.errors import wrong
from nas.cli.options import nas_command


@nas_command(name="new")
@click.argument("name")
def command(name: str) -> None:
    """Write NAME.py, a commented space file to start from, into this folder."""
    from nas.space.starter import starter

    study = name.removesuffix(".py")
    text, path = starter(study), Path(f"{study}.py")
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise wrong("NAME", f"{path} is there already", "choose another name, or remove it") from None
    name_it = shlex.quote(str(path))
    click.echo(f"Wrote {path}. Change what it says, then:\n  nas show {name_it}\n  nas search {name_it}")
