"""Asking a person before something is deleted."""

import click

from nas.cli.errors import wrong


def agreed(question: str) -> bool:
    """Whether the person says yes.

    Raises:
        UsageError: nobody can answer, for stdin has ended.
    """
    try:
        return click.confirm(question)
    except click.Abort as error:
        if isinstance(error.__context__, EOFError):
            click.echo()
            raise wrong(
                "--yes", "is not given, and nobody is here to answer", "give it to go on without asking"
            ) from None
        raise
