"""The answer to a study's question in a few sentences."""

from math import sqrt

from nas.report import words
from nas.report.leaderboard import COMPLETE, Board
from nas.report.row import Row


def answer(board: Board) -> list[str]:
    """The best trial by the first objective, the best by accuracy per parameter, the smallest within one standard error
    of the best, and what each reference reaches beside the best; a sentence each, as far as the figures are known.
    """
    done = board.complete()
    if not done:
        return [f"{board.study}: no trial is complete yet."]
    metric = board.objectives[0].metric
    best = done[0]
    found = [f"Best {_in_words(metric)}: {_describe(best, board)}"]
    sized = [row for row in done if row.accuracy_per_million_params is not None]
    if sized:
        thrifty = max(sized, key=lambda row: row.accuracy_per_million_params or 0.0)
        shown = words.ratio(thrifty.accuracy_per_million_params)
        found.append(f"Best accuracy per parameter ({shown} per million): {_describe(thrifty, board, best)}")
        found += _smallest(sized, board)
    return found + [
        _beside(row, best, board) for row in board.rows if row.reference is not None and row.state == COMPLETE
    ]


def standard_error(accuracy: float, images: int) -> float:
    """Of a share of `images` independent images, by the binomial distribution: sqrt(p (1 - p) / n)."""
    return sqrt(accuracy * (1 - accuracy) / images)


def _smallest(done: list[Row], board: Board) -> list[str]:
    """The smallest config that cannot be told from the most accurate one by its validation accuracy."""
    if not board.validation_images:
        return []
    top = max(row.val_accuracy or 0.0 for row in done)
    error = standard_error(top, board.validation_images)
    close = [row for row in done if row.val_accuracy is not None and row.val_accuracy >= top - error]
    smallest = min(close, key=lambda row: (row.params or 0, -(row.val_accuracy or 0.0)))
    most_accurate = next(row for row in done if row.val_accuracy == top)
    return [
        f"Smallest within one standard error of the best ({words.share(top)} - {words.share(error)}, "
        f"{board.validation_images:,} validation images): {_describe(smallest, board, most_accurate)}"
    ]


def _describe(row: Row, board: Board, best: Row | None = None) -> str:
    if row is best:
        return f"the same, trial {row.number}."
    name = f"trial {row.number}" + (f" (baseline {row.name})" if row.baseline else "")
    config = board.telling.sentence(row.config)
    return f"{', '.join([name, *_facts(row, board)])}" + (f": {config}." if config else ".")


def _beside(row: Row, best: Row, board: Board) -> str:
    times = f"{words.ratio(row.params / best.params)} times those of the best" if row.params and best.params else ""
    return f"Reference {row.reference}: {', '.join(filter(None, [*_facts(row, board), times]))}."


def _facts(row: Row, board: Board) -> list[str]:
    """The first objective, the validation accuracy and the size, as far as they are known."""
    told = dict.fromkeys((board.objectives[0].metric, "val_accuracy", "params"))
    return [_fact(row, metric) for metric in told if row.value(metric) is not None]


def _fact(row: Row, metric: str) -> str:
    if metric == "params":
        return f"{words.amount(row.params)} parameters"
    return f"{_in_words(metric)} {_value(row, metric)}"


def _value(row: Row, metric: str) -> str:
    value = row.value(metric)
    return words.share(value) if metric.endswith("_accuracy") else words.figure(value)


def _in_words(metric: str) -> str:
    return metric.replace("_", " ")
