import csv
import io
import json
import math

import pytest

from nas.report.export import jsonable, to_csv, to_json, to_markdown
from nas.report.leaderboard import Board, read_board
from tests.report.studies import small_study

KEYS = {
    "number", "state", "cause", "baseline", "reference", "params", "trainable_params", "flops", "val_accuracy",
    "test_accuracy", "accuracy_per_million_params", "epochs", "seconds", "mlflow_run_id", "config", "val_accuracy_std",
    "replicates",
}  # fmt: skip

CSV = """\
number,state,cause,baseline,reference,params,trainable_params,flops,val_accuracy,test_accuracy,train_accuracy,\
accuracy_per_million_params,epochs,best_epoch,seconds,mlflow_run_id,on_front,replicates,val_accuracy_std,\
published_train_accuracy,published_test_accuracy,published_ratio,model.convnet.conv_layers,model.convnet.filters,model.convnet.batch_norm,\
model.convnet.dropout
3,complete,,,,182088,182080,364176,0.885,0.88,0.895,4.860287333596942,8,8,75.0,run3,true,,,,,,2,64,false,0.0
0,complete,,0,,79624,79616,159248,0.65,0.64,0.66,8.163367828795339,8,8,12.0,run0,true,,,0.613503,0.655514,7.705007e-07,\
1,64,false,0.0
4,pruned,stopped after 2 of 8 epochs,,,40000,39992,80000,0.25,,0.25,6.25,2,,4.0,,false,,,,,,1,32,false,0.0
"""

MARKDOWN = """\
| # | name | val acc | test acc | train acc | published test acc | params | acc per M params | published ratio \
| published train acc | FLOPs | epochs | time | config |
| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |
| 3\\* |  | 0.8850 | 0.8800 | 0.8950 |  | 182 k | 4.86 |  |  | 364 k | 8 | 1m 15s | cl2 f64 d0 |
| 0\\* | 0 | 0.6500 | 0.6400 | 0.6600 | 0.6555 | 79.6 k | 8.16 | 7.71e-07 | 0.6135 | 159 k | 8 | 12 s | cl1 f64 d0 |

config: cl conv_layers, f filters, bn batch_norm, d dropout; what is off is left out

\\*: on the front (higher val_accuracy, lower params): no other trial beats it in all of them

published test acc, published train acc: as their authors reported it, on their own data

published ratio: train accuracy / (10 x params), the authors' own measure; not acc per M params

1 infeasible draw: not trained, not counted
"""


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    return read_board(*small_study(tmp_path_factory.mktemp("home")))


def only(board: Board, *numbers: int) -> Board:
    return Board(**{**vars(board), "rows": tuple(row for row in board.rows if row.number in numbers)})


def test_json_has_the_same_keys_in_each_row_and_null_where_there_is_none(board: Board) -> None:
    found = json.loads(to_json(board), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert all(row.keys() == found[0].keys() for row in found)
    assert found[0].keys() >= KEYS
    reference, failed = found[1], found[-1]
    assert (reference["number"], reference["reference"], reference["baseline"]) == (None, "VGG19", [])
    assert (failed["state"], failed["val_accuracy"], failed["mlflow_run_id"]) == ("failed", None, None)
    assert found[3]["baseline"] == ["10", "kernel 5"]
    assert found[3]["published"]["10"]["test_accuracy"] == 0.861214


def test_csv_exactly(board: Board) -> None:
    assert to_csv(only(board, 0, 3, 4)) == CSV


def test_csv_reads_back(board: Board) -> None:
    found = list(csv.DictReader(io.StringIO(to_csv(board))))
    assert len(found) == 8
    assert found[3]["baseline"] == "10; kernel 5"
    assert float(found[3]["published_test_accuracy"]) == pytest.approx(0.860607)


def test_markdown_exactly(board: Board) -> None:
    assert to_markdown(only(board, 0, 3)) == MARKDOWN


def test_only_finite_numbers_are_json() -> None:
    assert jsonable({"a": (math.nan, math.inf, 1, 0.5, None), "b": {"c": -math.inf}}) == {
        "a": [None, None, 1, 0.5, None],
        "b": {"c": None},
    }
