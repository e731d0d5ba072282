import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from nas import SpaceError
from nas.report.effects import Effects, by_seed, read_effects
from nas.report.effects_export import effects_csv, effects_data, effects_markdown
from nas.report.effects_text import effect_notes, print_effects
from nas.search.ledger import Ledger
from tests.report.ablations import BASE, SPACE, ablated_study, open_ledger, regression_study, train
from tests.report.studies import small_study

TEXT = """\
ablated: 3 single changes of baseline base (trial 0, val accuracy 0.8200 ± 0.0200), best first
                            change of                                  p  change of
factor   from -> to      val_accuracy  95 % interval       clear  (Holm)     params  trial
──────────────────────────────────────────────────────────────────────────────────────────
dropout  0 -> 0.2             +0.0300  +0.0275 to +0.0325  yes    0.0011          0      1
filters  32 -> 64             +0.0200  -0.0661 to +0.1061  no       0.42    +2.00 k      2
model    convnet -> mlp       -0.1000  -0.1745 to -0.0255  yes     0.057       -500      3
change: mean difference to the base over 3 paired seeds; clear: its interval leaves out 0
intervals are not corrected for 3 comparisons at once; p is (Holm's method)
changes without a result: trial 4 (failed)
"""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return ablated_study(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def effects(ledger: Ledger) -> Effects:
    return read_effects(ledger)


def text(effects: Effects, width: int = 100) -> str:
    file = io.StringIO()
    print_effects(Console(file=file, width=width), effects)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def test_exactly(effects: Effects) -> None:
    assert text(effects) == TEXT


def test_only_trials_that_differ_in_one_hole_count(effects: Effects) -> None:
    assert {row.trial for row in effects.rows} == {1, 2, 3}
    assert effects.without == ((4, "failed"),)
    assert [row.difference.clear for row in effects.rows] == [True, False, True]


def test_the_interval_of_one_change_by_hand(effects: Effects) -> None:
    row = next(row for row in effects.rows if row.factor == "model.convnet.filters")
    # differences 0.06, 0.00, 0.00: mean 0.02, deviation sqrt(0.0012), t = 4.302653 with 2 degrees of freedom
    margin = 4.302653 * (0.0012**0.5) / 3**0.5
    assert [row.difference.low, row.difference.high] == pytest.approx([0.02 - margin, 0.02 + margin])
    assert (row.before, row.after, row.params) == (32, 64, 2000)


def test_another_metric_goes_the_way_that_is_better(ledger: Ledger) -> None:
    found = read_effects(ledger, "params")
    assert (found.metric, found.direction) == ("params", "minimize")
    assert [row.trial for row in found.rows] == [3, 1, 2]
    with pytest.raises(SpaceError, match=r"--metric: no trial of ablated has a figure 'val_acc'; did you mean val_acc"):
        read_effects(ledger, "val_acc")
    with pytest.raises(SpaceError, match="no trial of ablated has a figure 'val_accuracy_std'"):
        read_effects(ledger, "val_accuracy_std")


def test_accuracy_per_parameter_is_paired_too(ledger: Ledger) -> None:
    record = next(iter(ledger.records()))
    assert by_seed(record, "accuracy_per_million_params") == pytest.approx({0: 800, 1: 820, 2: 840})


def test_bases_by_name(ledger: Ledger) -> None:
    assert read_effects(ledger, base="base").base.number == 0
    with pytest.raises(SpaceError, match=r"--base: ablated has no baseline 'bse'; did you mean base\?"):
        read_effects(ledger, base="bse")


def test_without_replicates_there_is_no_interval_and_that_is_said(tmp_path: Path) -> None:
    effects = read_effects(regression_study(tmp_path))
    [row] = effects.rows
    assert (row.trial, row.difference.low) == (1, None)
    assert row.difference.mean == pytest.approx(-0.003)
    assert effect_notes(effects) == [
        "one seed each: these differences may be chance; replicates=3 or more in the template gives intervals"
    ]
    assert "interval" not in text(effects).splitlines()[2]


def test_a_study_that_was_no_ablation(tmp_path: Path) -> None:
    effects = read_effects(small_study(tmp_path)[0], base="10")
    assert [(row.factor, row.before, row.after) for row in effects.rows] == [("model.convnet.batch_norm", False, True)]
    alone = open_ledger(tmp_path)
    train(alone, BASE, (0.5, 0.6, 0.7), 10)
    assert effect_notes(read_effects(alone)) == [
        "no complete trial differs from it in exactly one value; --sampler ablation tries such ones"
    ]


def test_a_base_without_a_result_is_refused(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    ledger.begin(ledger.study.ask(), BASE, None)
    with pytest.raises(SpaceError, match=r"baseline base: trial 0 is running and has no val_accuracy; wait for it"):
        read_effects(ledger)


def test_for_machines_and_documents(effects: Effects) -> None:
    data = json.loads(json.dumps(effects_data(effects)))
    assert data["base"] == {"trial": 0, "baseline": ["base"], "value": pytest.approx(0.82), "std": pytest.approx(0.02)}
    assert [row["clear"] for row in data["effects"]] == [True, False, True]
    rows = list(csv.DictReader(io.StringIO(effects_csv(effects))))
    assert [(row["factor"], row["to"], row["clear"]) for row in rows][2] == ("model", "mlp", "true")
    lines = effects_markdown(effects).splitlines()
    assert lines[0].startswith("| factor | from -> to | change of val_accuracy |")
    assert lines[2].startswith("| dropout | 0 -> 0.2 | +0.0300 |")


@pytest.mark.parametrize("width", [3, 20, 40])
def test_no_width_is_too_narrow(effects: Effects, width: int) -> None:
    assert max(map(len, text(effects, width).splitlines())) <= width


def test_the_space_is_the_one_that_the_sampler_lists() -> None:
    from nas.search.listing import listed, trials_by_default

    rows = list(listed("ablation", SPACE) or ())
    assert len(rows) == 4
    assert trials_by_default("ablation", SPACE) == 5
