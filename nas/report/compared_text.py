"""A comparison of options as a text table, and in sentences: which did better, and why."""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from nas.report import words
from nas.report.columns import Column, fitting, make_table
from nas.report.compared import Comparison, Option
from nas.report.effects_text import in_words, interval, signed

_EQUAL_SIZE = 1.05
"""Networks whose parameters differ by less than this factor are called equally large."""


def option_columns(comparison: Comparison) -> list[Column[Option]]:
    """All columns in which some row has something to show."""
    metric = comparison.metric

    def config(option: Option) -> str:
        return "" if option.best is None else comparison.telling.sentence(option.best.config)

    columns: list[Column[Option]] = [
        Column(comparison.path.rpartition(".")[2], 1, lambda row: in_words(row.value), right=False),
        Column("trials", 3, lambda row: str(row.trials)),
        Column(f"best\n{metric}", 2, lambda row: words.metric(metric, row.score, row.deviation)),
        Column("median", 4, lambda row: words.metric(metric, row.median)),
        Column("difference\nto the best", 5, lambda row: signed(row.behind.mean, metric) if row.behind else ""),
        Column("95 % interval", 6, lambda row: interval(row.behind, metric), right=False),
        Column("train\n- val", 7, lambda row: signed(row.gap, comparison.seen)),
        Column("test", 9, lambda row: words.metric(comparison.seen, row.test)),
        Column("params", 8, lambda row: words.amount(row.params)),
        Column("best\ntrial", 10, lambda row: "" if row.best is None else str(row.best.number)),
        Column("its config", 11, config, right=False),
    ]
    return [column for column in columns if any(column.cell(row) for row in comparison.options)]


def print_comparison(console: Console, comparison: Comparison) -> None:
    """Print heading, table and sentences."""
    console.print(Text(f"{comparison.study}: options of {comparison.path} by {comparison.metric}", style="bold"))
    columns = fitting(option_columns(comparison), comparison.options, console.width)
    console.print(make_table(columns, comparison.options))
    if "its config" not in {column.title for column in columns}:
        for option in comparison.options:
            if option.best is not None:
                told = filter(None, [f"trial {option.best.number}", comparison.telling.sentence(option.best.config)])
                console.print(Text(f"best of {in_words(option.value)}: {', '.join(told)}"))
    for sentence in verdict(comparison):
        console.print(Text(sentence))


def verdict(comparison: Comparison) -> list[str]:
    """Which option did better, by how much, and what speaks for a reason; then what to keep in mind."""
    ranked = [option for option in comparison.options if option.score is not None]
    found = []
    if len(ranked) > 1:
        found += [_who(comparison, ranked), _why(comparison, ranked[0], ranked[1])]
    if not comparison.equal:
        counts = ", ".join(f"{in_words(option.value)} {option.trials}" for option in comparison.options)
        found.append(f"The numbers of trials differ ({counts}): more trials are more chances to find a good config.")
    failed = [option for option in comparison.options if option.score is None]
    if failed:
        found.append(f"Without a complete trial: {', '.join(in_words(option.value) for option in failed)}.")
    if comparison.without:
        found.append(f"{words.plural(comparison.without, 'trial')} had no {comparison.path}.")
    return found


def _name(comparison: Comparison, option: Option) -> str:
    """The label of an option; a number or truth value with the name of its hole."""
    plain = in_words(option.value)
    return plain if isinstance(option.value, str) else f"{comparison.path.rpartition('.')[2]} {plain}"


def _who(comparison: Comparison, ranked: Sequence[Option]) -> str:
    first, second = ranked[:2]
    metric, names = comparison.metric, [_name(comparison, option) for option in ranked[:2]]
    shown = [words.metric(metric, option.score) for option in (first, second)]
    line = f"{names[0]} did better than {names[1]}: {shown[0]} against {shown[1]}"
    if first.score == second.score:
        line = f"{names[0]} and {names[1]} did equally well: {shown[0]}"
    behind = second.behind
    if behind is None or behind.low is None or behind.high is None:
        return f"{line}; with one seed each this may be chance, replicates=3 or more would tell."
    ahead = (
        f"{signed(-behind.mean, metric)}, 95 % interval {signed(-behind.high, metric)} to {signed(-behind.low, metric)}"
    )
    doubt = "clear" if behind.clear else "not clear"
    return f"{line}; over {behind.pairs} paired seeds the difference is {doubt} ({ahead})."


def _why(comparison: Comparison, first: Option, second: Option) -> str:
    """What else tells the two best options apart: training against validation, size, their usual trial."""
    facts = []
    if first.gap is not None and second.gap is not None:
        name = comparison.seen
        gaps = [signed(option.gap, name) for option in (first, second)]
        less = "less" if abs(first.gap) < abs(second.gap) and gaps[0] != gaps[1] else "no less"
        facts.append(f"it overfits {less} (train - val {name} {gaps[0]} against {gaps[1]})")
    if first.params and second.params:
        facts.append(f"it has {_size(first.params / second.params)} ({words.amount(first.params)})")
    if first.median is not None and second.median is not None and first.complete > 1 and second.complete > 1:
        sign = 1 if comparison.direction == "maximize" else -1
        ahead = sign * (first.median - second.median)
        facts.append(f"its median trial is {'better' if ahead > 0 else 'worse' if ahead < 0 else 'as good'}")
    return f"Why: {'; '.join(facts)}." if facts else "Why cannot be told from these figures."


def _size(ratio: float) -> str:
    if 1 / _EQUAL_SIZE < ratio < _EQUAL_SIZE:
        return "about as many parameters"
    return f"{words.ratio(ratio)} times the parameters"
