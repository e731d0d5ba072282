"""Effects and comparisons of options for machines and documents: JSON data, CSV, Markdown."""

import csv
import io
from collections.abc import Sequence
from typing import Any

from nas.report.compared import Comparison, Option
from nas.report.compared_text import option_columns, verdict
from nas.report.effects import Effect, Effects
from nas.report.effects_text import effect_columns, effect_notes, effects_heading, markdown_table
from nas.report.paired import Difference


def effects_data(effects: Effects) -> dict[str, Any]:
    """The effects as data for JSON; null where there is none."""
    return {
        "study": effects.study,
        "metric": effects.metric,
        "direction": effects.direction,
        "base": {
            "trial": effects.base.number,
            "baseline": effects.base.baseline,
            "value": effects.value,
            "std": effects.deviation,
        },
        "effects": [_effect(row) for row in effects.rows],
        "without_result": [{"trial": number, "state": state} for number, state in effects.without],
    }


def comparison_data(comparison: Comparison) -> dict[str, Any]:
    """The comparison as data for JSON; null where there is none."""
    return {
        "study": comparison.study,
        "by": comparison.path,
        "metric": comparison.metric,
        "direction": comparison.direction,
        "equal_trials": comparison.equal,
        "options": [{**_option(row), "config": row.best.config if row.best else None} for row in comparison.options],
        "sentences": verdict(comparison),
    }


def effects_csv(effects: Effects) -> str:
    """A line for each change."""
    return _csv([_effect(row) for row in effects.rows])


def comparison_csv(comparison: Comparison) -> str:
    """A line for each option."""
    return _csv([_option(row) for row in comparison.options])


def effects_markdown(effects: Effects) -> str:
    """A table for a README, with the notes below it."""
    notes = [effects_heading(effects), *effect_notes(effects)]
    return markdown_table(effect_columns(effects), effects.rows, notes)


def comparison_markdown(comparison: Comparison) -> str:
    """A table for a README, with the sentences below it."""
    return markdown_table(option_columns(comparison), comparison.options, verdict(comparison))


def _effect(row: Effect) -> dict[str, Any]:
    return {
        "trial": row.trial,
        "factor": row.factor,
        "from": row.before,
        "to": row.after,
        **_difference(row.difference),
        "p_holm": row.holm,
        "params": row.params,
    }


def _option(row: Option) -> dict[str, Any]:
    return {
        "option": row.value,
        "trials": row.trials,
        "baselines": row.named,
        "complete": row.complete,
        "best_trial": row.best.number if row.best else None,
        "best": row.score,
        "best_std": row.deviation,
        "median": row.median,
        **_difference(row.behind),
        "train": row.train,
        "train_val_gap": row.gap,
        "test": row.test,
        "params": row.params,
    }


def _difference(difference: Difference | None) -> dict[str, Any]:
    return {
        "difference": difference.mean if difference else None,
        "low": difference.low if difference else None,
        "high": difference.high if difference else None,
        "p": difference.p if difference else None,
        "pairs": difference.pairs if difference else None,
        "clear": difference.clear if difference else None,
    }


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    """Truth values as in JSON."""
    return str(value).lower() if isinstance(value, bool) else value
