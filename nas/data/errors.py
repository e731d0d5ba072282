"""What is told when data cannot be used."""


class DataError(ValueError):
    """Data that cannot be used: one or more lines for a person, each saying where, what is wrong and what to do."""

    def __init__(self, *lines: str) -> None:
        super().__init__(*lines)
        self.lines = lines

    def __str__(self) -> str:
        return "\n".join(self.lines)


def listed(lines: list[str], most: int = 10) -> list[str]:
    """The first `most` lines, then one that counts the rest."""
    rest = len(lines) - most
    return lines if rest <= 0 else [*lines[:most], f"... and {rest} more like these"]
