"""The README's two pictures of a finished study: `python docs/pictures.py STUDY [--home HOME]`.

Writes docs/leaderboard.svg (the table as a terminal shows it) and docs/tradeoff.png (accuracy against parameters).
"""

import argparse
import io
import re
from pathlib import Path

import matplotlib as mpl
from matplotlib import pyplot
from rich.console import Console

from nas.report.leaderboard import Board, read_board
from nas.report.table import print_board
from nas.search.opening import read_ledgers
from nas.search.storage import open_storage

FOLDER = Path(__file__).parent
SHOWN = 0.35
"""How far below the best accuracy the picture reaches."""


def main() -> None:
    """Read the study, draw both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("study")
    parser.add_argument("--home", type=Path, default=Path.home() / ".nas")
    asked = parser.parse_args()
    board = read_board(*read_ledgers(open_storage(f"sqlite:///{asked.home / 'optuna.db'}"), asked.study))
    console = Console(record=True, width=118, file=io.StringIO(), color_system="truecolor")
    print_board(console, board)
    svg = console.export_svg(title=f"nas leaderboard {asked.study}")
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # rich names a font on a foreign host
    (FOLDER / "leaderboard.svg").write_text(svg, encoding="utf-8")
    draw(board, asked.study)


def draw(board: Board, study: str) -> None:
    """Validation accuracy against parameters on a log axis, the front joined, baselines and reference named."""
    mpl.use("agg")
    figure, axes = pyplot.subplots(figsize=(8, 4.5), dpi=110)
    done = [row for row in board.rows if row.state == "complete" and row.params and row.val_accuracy is not None]
    kinds = {
        "baseline": ([row for row in done if row.baseline], "o", "#0072b2"),
        "sampled": ([row for row in done if not row.baseline and row.reference is None], "D", "#e69f00"),
        "reference": ([row for row in done if row.reference], "s", "#000000"),
    }
    for kind, (rows, marker, colour) in kinds.items():
        points = [(row.params or 0, row.val_accuracy or 0) for row in rows]
        axes.scatter([p for p, _ in points], [a for _, a in points], marker=marker, c=colour, label=kind, zorder=3)
        for row in rows:
            name = row.reference or ", ".join(row.baseline) or str(row.number)
            axes.annotate(
                name, (row.params or 0, row.val_accuracy or 0), (4, 4), textcoords="offset points", fontsize=7
            )
    front = sorted((row.params or 0, row.val_accuracy or 0) for row in done if row.on_front)
    axes.step([p for p, _ in front], [a for _, a in front], where="post", c="#888888", lw=1, label="front")
    best = max(row.val_accuracy or 0 for row in done)
    below = sum((row.val_accuracy or 0) < best - SHOWN for row in done)
    title = f"{study} ({below} trials lie below the picture)" if below else study
    axes.set(xscale="log", xlabel="parameters", ylabel="validation accuracy", title=title)
    axes.set_ylim(best - SHOWN, best + 0.02)
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    figure.tight_layout()
    figure.savefig(FOLDER / "tradeoff.png")


if __name__ == "__main__":
    main()
