"""The answer to a study's question in a few sentences."""

from collections.abc import Sequence
from math import sqrt

from nas.report import words
from nas.report.leaderboard import COMPLETE, Board, usual_direction
from nas.report.row import REGRESSION_COLUMNS, Row

NEARLY = 0.01
"""Of numbers predicted by one training each: whoever comes within this share of the best is as good."""


def answer(board: Board) -> list[str]:
    """The best trial by the first objective, the best by accuracy per parameter, the smallest that is about as good as
    the best, and what each reference reaches beside the best; a sentence each, as far as the figures are known.
    """
    done = board.complete()
    if not done:
        return [f"{board.study}: no trial is complete yet."]
    metric = board.objectives[0].metric
    best = done[0]
    found = [f"Best {_in_words(metric)}: {_describe(best, board)}"]
    sized = [row for row in done if row.accuracy_per_million_params is not None]
    if board.regression:
        found += _smallest_of_regression(done, board)
    elif sized:
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


def _smallest_of_regression(done: Sequence[Row], board: Board) -> list[str]:
    """The smallest config within one standard error (of the best one's replicates) of the best, or within 1 %."""
    metric = board.objectives[0].metric if board.objectives[0].metric in REGRESSION_COLUMNS else "val_r2"
    sign = 1 if usual_direction(metric) == "maximize" else -1
    known = [row for row in done if row.value(metric) is not None and row.params is not None]
    if not known:
        return []
    best = max(known, key=lambda row: sign * float(row.value(metric)))
    top = float(best.value(metric))
    deviation = best.spread.get(metric)
    if deviation is not None and best.replicates:
        margin = deviation / sqrt(best.replicates)
        how = f"one standard error of the best ({words.metric(metric, top)} ± {words.metric(metric, margin)}, "
        how += f"{best.replicates} replicates)"
    else:
        margin = NEARLY * abs(top)
        how = f"1 % of the best ({_in_words(metric)} {words.metric(metric, top)})"
    close = [row for row in known if sign * (float(row.value(metric)) - top) >= -margin]
    smallest = min(close, key=lambda row: (row.params or 0, -sign * float(row.value(metric))))
    return [f"Smallest within {how}: {_describe(smallest, board, best)}"]


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
    """The first objective, the usual validation figure and the size, as far as they are known."""
    usual = "val_r2" if board.regression else "val_accuracy"
    told = dict.fromkeys((board.objectives[0].metric, usual, "params"))
    return [_fact(row, metric) for metric in told if row.value(metric) is not None]


def _fact(row: Row, metric: str) -> str:
    if metric == "params":
        return f"{words.amount(row.params)} parameters"
    return f"{_in_words(metric)} {words.metric(metric, row.value(metric), row.spread.get(metric))}"


def _in_words(metric: str) -> str:
    return metric.replace("_", " ")
