import csv
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from nas import MLP, SpaceError
from nas.report.compared import Comparison, compare_options
from nas.report.compared_text import print_comparison, verdict
from nas.report.effects_export import comparison_csv, comparison_data, comparison_markdown
from nas.search.ledger import Ledger
from tests.report.ablations import BASE, ablated_study, fail, open_ledger, regression_study, train
from tests.report.studies import small_study

TEXT = """\
ablated: options of model by val_accuracy
                            best           difference                        train                   best
model    trials     val_accuracy  median  to the best  95 % interval         - val    test  params  trial
─────────────────────────────────────────────────────────────────────────────────────────────────────────
convnet       5  0.9100 ± 0.0173  0.8450                                   +0.0100  0.9000  3.00 k      5
mlp           1  0.7200 ± 0.0265  0.7200      -0.1900  -0.2796 to -0.1004  +0.1000  0.7100     500      3
best of convnet: trial 5, filters 64, dropout 0.2, batch_size 128
best of mlp: trial 3, batch_size 128
"""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return ablated_study(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def comparison(ledger: Ledger) -> Comparison:
    return compare_options(ledger, "model")


def text(comparison: Comparison, width: int = 120) -> str:
    file = io.StringIO()
    print_comparison(Console(file=file, width=width), comparison)
    return "".join(f"{line.rstrip()}\n" for line in file.getvalue().splitlines())


def test_the_table(comparison: Comparison) -> None:
    assert text(comparison).startswith(TEXT)
    assert "its config" in text(comparison, 200)


def test_which_did_better_and_why(comparison: Comparison) -> None:
    assert verdict(comparison) == [
        "convnet did better than mlp: 0.9100 against 0.7200; over 3 paired seeds the difference is clear (+0.1900, "
        "95 % interval +0.1004 to +0.2796).",
        "Why: it overfits less (train - val accuracy +0.0100 against +0.1000); it has 6.00 times the parameters "
        "(3.00 k).",
        "The numbers of trials differ (convnet 5, mlp 1): more trials are more chances to find a good config.",
    ]


def test_equal_budgets_and_one_seed(tmp_path: Path) -> None:
    ledger = regression_study(tmp_path)
    found = compare_options(ledger, "model.mlp.layers.0.width")
    assert [(option.value, option.trials, option.median) for option in found.options] == [
        (16, 1, 0.5),
        (4, 2, pytest.approx(0.3985)),
    ]
    assert verdict(found)[0] == (
        "width 16 did better than width 4: 0.5000 against 0.4970; with one seed each this may be chance, replicates=3 "
        "or more would tell."
    )
    assert "it overfits no less (train - val r2 +0.1000 against +0.1000)" in verdict(found)[1]


def test_an_option_without_a_result_is_named(tmp_path: Path) -> None:
    ledger = open_ledger(tmp_path)
    train(ledger, BASE, (0.5, 0.6, 0.7), 10)
    fail(ledger, BASE.replace(model=MLP()))
    found = compare_options(ledger, "model")
    assert found.equal
    assert verdict(found) == ["Without a complete trial: mlp."]


def test_a_choice_that_does_not_always_come_up(ledger: Ledger) -> None:
    found = compare_options(ledger, "filters")
    assert found.path == "model.convnet.filters"
    assert [(option.value, option.trials, option.named) for option in found.options] == [(64, 2, 0), (32, 3, 1)]
    assert verdict(found)[-1] == "1 trial had no model.convnet.filters."


def test_an_unknown_hole_is_answered_with_the_nearest(ledger: Ledger) -> None:
    with pytest.raises(SpaceError, match=r"--by: no trial of ablated has a hole 'modl'; did you mean model\?"):
        compare_options(ledger, "modl")


def test_by_a_cost_the_smallest_is_best(tmp_path: Path) -> None:
    found = compare_options(small_study(tmp_path)[0], "model.convnet.filters", "params")
    assert [(option.value, option.score) for option in found.options] == [(64, 79_624), (256, 6_256_392), (32, None)]
    assert found.seen == "accuracy"


def test_for_machines_and_documents(comparison: Comparison) -> None:
    data = json.loads(json.dumps(comparison_data(comparison)))
    assert (data["equal_trials"], data["options"][1]["pairs"], data["options"][1]["clear"]) == (False, 3, True)
    assert data["options"][0]["config"]["model"]["filters"] == 64
    rows = list(csv.DictReader(io.StringIO(comparison_csv(comparison))))
    assert [(row["option"], row["trials"], row["baselines"]) for row in rows] == [
        ("convnet", "5", "1"),
        ("mlp", "1", "0"),
    ]
    assert comparison_markdown(comparison).splitlines()[2].startswith("| convnet | 5 | 0.9100 ± 0.0173 |")


@pytest.mark.parametrize("width", [3, 20, 40])
def test_no_width_is_too_narrow(comparison: Comparison, width: int) -> None:
    assert max(map(len, text(comparison, width).splitlines())) <= width
