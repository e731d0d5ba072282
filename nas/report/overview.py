"""A space at a glance, before it is searched: its holes, its size, what its networks cost, how long a search takes."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nas.records import Cost, Shape
from nas.report import words
from nas.report.prediction import Prediction
from nas.search.listing import LISTED, trials_by_default
from nas.space.describe import HoleRow
from nas.space.search_space import SearchSpace
from nas.space.survey import Survey
from nas.space.tasks import task_of

_COUNTED = 10**15
Named = Mapping[str, Cost | str | None]
"""The cost of each named config, or why it cannot be built for these images; None where nothing can be measured."""


@dataclass(frozen=True)
class Overview:
    """What `nas show` tells. shape, classes: of the images; None for a plain objective, which has no networks.

    size: how many configs there are, infinity where a hole is endless. survey, baselines, references: as far as
    networks can be measured.
    """

    space: SearchSpace
    title: str
    shape: Shape | None
    classes: int | None
    holes: tuple[HoleRow, ...]
    size: float
    survey: Survey | None
    baselines: Named
    references: Named

    @property
    def epochs(self) -> int | None:
        """Epochs of a trial; None where a hole decides."""
        given = getattr(self.space.template, "epochs", None) or self.space.epochs
        return given if isinstance(given, int) else None


def to_data(overview: Overview) -> dict[str, Any]:
    """The overview as JSON data; null where there is nothing to tell."""
    space, survey = overview.space, overview.survey
    params = survey.params() if survey else None
    return {
        "name": space.name,
        "title": overview.title or None,
        "input": list(overview.shape) if overview.shape else None,
        "classes": overview.classes,
        "epochs": overview.epochs,
        "objectives": [[objective.metric, objective.direction] for objective in space.objectives],
        "constraints": [limit.name for limit in space.constraints],
        "holes": [asdict(hole) for hole in overview.holes],
        "size": overview.size if overview.size < _COUNTED else None,
        "draws": survey
        and {
            "drawn": survey.drawn,
            "share_infeasible": survey.share_infeasible,
            "infeasible": survey.infeasible,
            "params": params and dict(zip(("smallest", "median", "largest"), params, strict=True)),
        },
        "baselines": {name: _cost(cost) for name, cost in overview.baselines.items()},
        "references": {name: _cost(cost) for name, cost in overview.references.items()},
    }


def print_overview(console: Console, overview: Overview) -> None:
    """Print the overview as tables."""
    title = f"{overview.space.name}: {overview.title}" if overview.title else overview.space.name
    console.print(title, style="bold", markup=False, highlight=False)
    facts = Table.grid(padding=(0, 2))
    for label, value in _facts(overview):
        facts.add_row(label, escape(value))
    console.print(facts, highlight=False)
    console.print()
    console.print(_hole_table(overview))
    if overview.baselines or overview.references:
        console.print()
        console.print(_cost_table(overview))
    for name, problem in {**overview.baselines, **overview.references}.items():
        if isinstance(problem, str):
            console.print(f"{name}: {problem}", style="red", markup=False, highlight=False)


def roughly(seconds: float) -> str:
    """A length of time that is not known well: `20 s`, `7 min`, `3.5 h`, `2 days`."""
    if seconds < 55:
        return f"{max(10, round(seconds, -1)):.0f} s"
    if seconds < 90 * 60:
        return f"{max(1, round(seconds / 60)):.0f} min"
    if seconds < 36 * 3600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86400:.0f} days"


def in_sentence(prediction: Prediction) -> str:
    """The predicted time in words."""
    return (
        f"about {roughly(prediction.seconds)} for {words.plural(prediction.trials, 'trial')}, "
        f"{prediction.at_once} at a time on this machine; rough, from a few measured training steps"
    )


def _facts(overview: Overview) -> list[tuple[str, str]]:
    space, survey = overview.space, overview.survey
    found = [("aims", ", ".join(f"{objective.direction} {objective.metric}" for objective in space.objectives))]
    if space.constraints:
        found.append(("within", ", ".join(limit.name for limit in space.constraints)))
    if overview.shape and task_of(space.template) == "regression":
        found.append(("table", f"{words.plural(overview.shape[0], 'column')}, one number to predict"))
    elif overview.shape:
        found.append(("images", f"{' x '.join(map(str, overview.shape))}, {overview.classes} classes"))
    replicates = getattr(space.template, "replicates", 1)
    if overview.epochs:
        found.append(("epochs", f"{overview.epochs}" + (f", under {replicates} seeds" if replicates > 1 else "")))
    if space.sampler in LISTED:
        trials = words.plural(trials_by_default(space.sampler, space), "config")
        found.append(("sampler", f"{space.sampler}, which lists {trials}"))
    endless = [hole.name for hole in overview.holes if hole.values is None]
    size = (
        f"endless ({', '.join(endless)})"
        if overview.size == float("inf")
        else f"{overview.size:,} configs"
        if overview.size < _COUNTED
        else "over 10^15 configs"
    )
    found.append(("size", size))
    if survey is None:
        return found
    params = survey.params()
    if params:
        smallest, median, largest = map(words.amount, params)
        found.append(("params", f"{smallest} smallest, {median} median, {largest} largest of {survey.drawn:,} draws"))
    reasons = ", ".join(f"{reason}: {count:,}" for reason, count in survey.infeasible.items())
    found.append(("infeasible", f"{survey.share_infeasible:.0%} of the draws" + (f" ({reasons})" if reasons else "")))
    return found


def _hole_table(overview: Overview) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("hole", overflow="fold")
    table.add_column("domain", overflow="fold")
    table.add_column("values", justify="right")
    for hole in overview.holes:
        table.add_row(escape(hole.name), escape(hole.domain), "endless" if hole.values is None else f"{hole.values:,}")
    return table


def _cost_table(overview: Overview) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    table.add_column("named config", overflow="fold")
    columns = ("params", "trainable", "FLOPs/image") if overview.survey is not None else ()
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    for suffix, named in (("", overview.baselines), (" (ref)", overview.references)):
        for name, cost in named.items():
            figures = ["", "", ""]
            if isinstance(cost, Cost):
                figures = [f"{cost.params:,}", f"{cost.trainable_params:,}", words.amount(cost.flops)]
            table.add_row(escape(name + suffix), *figures[: len(columns)])
    return table


def _cost(cost: Cost | str | None) -> dict[str, Any]:
    names = ("params", "trainable_params", "flops")
    if isinstance(cost, Cost):
        return {name: getattr(cost, name) for name in names}
    return dict.fromkeys(names) | ({"error": cost} if cost else {})
