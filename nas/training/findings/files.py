"""Tables as files, in UTF-8."""

import csv
import json
from collections.abc import Iterable, Sequence
from pathlib import Path


def write_json(path: Path, data: object) -> None:
    """JSON for programs and people: indented, letters as they are."""
    path.write_text(json.dumps(data, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """A header and rows, comma-separated."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
