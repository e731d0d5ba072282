import json
import re
from pathlib import Path

import pytest

MANUAL_ABLATION = Path(__file__).parents[2] / "search_spaces" / "manual_ablation.py"
PUBLISHED_PARAMS = {
    "0": 79_624, "1": 182_088, "2": 387_016, "3": 796_872, "4": 1_436_616, "5": 3_535_816, "6": 1_170_920,
    "7": 2_428_808, "8": 6_256_392, "9": 6_256_392, "10": 6_256_392, "11": 6_268_680, "12": 6_256_392, "13": 6_268_680,
    "14": 6_256_392, "15": 6_268_680, "kernel_3": 3_098_376, "kernel_5": 6_256_392, "kernel_7": 10_993_416,
    "kernel_9": 17_309_448,
}  # fmt: skip
"""Of the published tables, for 3 channels and 8 classes."""

TINY = """\
tiny: A tiny space.
aims        maximize val_accuracy, minimize params
within      params <= 5,000
images      1 x 8 x 8, 10 classes
epochs      2
size        2 configs
params      50 smallest, 50 median, 90 largest of 200 draws
infeasible  0% of the draws

hole                    domain        values
────────────────────────────────────────────
model.convnet.filters   choice 2, 4        2

named config   params   trainable   FLOPs/image
───────────────────────────────────────────────
two                50          50        2.34 k
eight (ref)       170         170        9.38 k
"""


def without_padding(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.split("\n"))


def test_a_space_as_a_table(run):
    result = run("show", "tiny.py", "--no-time")
    assert (result.exit_code, result.stderr) == (0, "")
    assert without_padding(result.stdout) == TINY


def test_the_predicted_time_stands_last(run):
    lines = without_padding(run("show", "tiny.py").stdout).split("\n")
    assert "\n".join(lines[: len(TINY.split("\n")) - 1]) + "\n" == TINY
    assert lines[-3].startswith("predicted time: about 10 s for 3 trials, ")  # 2 configs and the reference


def test_json(run):
    found = json.loads(run("show", "tiny.py", "--json", "--draws", "10").stdout)
    assert found["name"] == "tiny"
    assert (found["input"], found["classes"], found["epochs"], found["size"]) == ([1, 8, 8], 10, 2, 2)
    assert found["objectives"] == [["val_accuracy", "maximize"], ["params", "minimize"]]
    assert found["holes"] == [{"name": "model.convnet.filters", "domain": "choice 2, 4", "values": 2}]
    assert found["baselines"] == {"two": {"params": 50, "trainable_params": 50, "flops": 2344}}
    assert found["references"] == {"eight": {"params": 170, "trainable_params": 170, "flops": 9376}}
    assert (found["draws"]["drawn"], found["draws"]["share_infeasible"]) == (10, 0.0)
    assert found["predicted"]["trials"] == 3
    assert found["predicted"]["seconds"] > 0


def test_published_parameter_counts_for_the_published_images(run):
    args = ("--input", "3x128x128", "--classes", "8", "--draws", "1", "--no-time", "--json")
    found = json.loads(run("show", str(MANUAL_ABLATION), *args).stdout)
    assert {name: cost["params"] for name, cost in found["baselines"].items()} == PUBLISHED_PARAMS
    assert found["references"]["VGG19"]["params"] == 24_237_128
    assert found["baselines"]["11"]["trainable_params"] == 6_268_680 - 2 * (4 * 256 + 2 * 1024)
    assert found["baselines"]["0"]["flops"] == 2 * (128 * 128 * 5 * 5 * 3 * 64 + 64 * 1024 + 1024 * 8)


def test_a_baseline_that_does_not_fit_is_told_and_the_rest_is_shown(run, here):
    text = (here / "tiny.py").read_text().replace("filters=8,", 'filters=8, kernel_size=9, padding="valid",')
    (here / "tiny.py").write_text(text)
    problem = "a 9x9 kernel does not fit a 8x8 map (layer conv1)"
    assert f"eight: {problem}" in run("show", "tiny.py", "--no-time").stdout.replace("\n", " ")
    found = json.loads(run("show", "tiny.py", "--no-time", "--json").stdout)
    eight = found["references"]["eight"]
    assert eight.pop("error").startswith(problem)
    assert eight == {"params": None, "trainable_params": None, "flops": None}


def test_a_plain_objective_has_holes_but_no_networks(run):
    found = json.loads(run("show", "parabola.py", "--json").stdout)
    assert (found["size"], found["input"], found["draws"], found["predicted"]) == (3, None, None, None)
    assert found["baselines"] == {"one": {"params": None, "trainable_params": None, "flops": None}}
    assert run("show", "parabola.py").exit_code == 0


def test_the_budget_and_the_infeasible_share(run, here):
    (here / "tiny.py").write_text((here / "tiny.py").read_text().replace("max_params(5000)", "max_params(60)"))
    found = json.loads(run("show", "tiny.py", "--no-time", "--json").stdout)["draws"]
    assert found["params"] == {"smallest": 50, "median": 50, "largest": 50}
    assert 0.35 < found["share_infeasible"] < 0.65
    assert found["infeasible"] == {"params <= 60": round(200 * found["share_infeasible"])}


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (
            ["tiny.py", "--input", "128"],
            "--input: '128' is not a shape of images; write channels x height x width as 3x128x128",
        ),
        (["--layers", "mobilenetv2"], "--layers: unknown network 'mobilenetv2'; did you mean mobilenet_v2?"),
        (["tiny.py", "--layers", "vgg16"], "--layers: shows vgg16 instead of a space; leave out FILE"),
        (
            ["--layers", "vgg16", "--input", "3x32x31"],
            "--input: vgg16 needs 32x32 pixels, got 32x31; give at least 32x32",
        ),
        ([], "FILE[:NAME]: is missing; see nas show --help"),
        (["tiny.py", "--classes", "1"], "--classes: 1 is too low; give 2 or more"),
        (["tiny.py", "--draws", "0"], "--draws: 0 is too low; give 1 or more"),
        (
            ["parabola.py", "--classes", "8"],
            "--input: parabola has a plain objective instead of networks; leave it out",
        ),
    ],
)
def test_wrong_arguments(run, args, line):
    result = run("show", *args)
    assert (result.stderr, result.stdout, result.exit_code) == (f"nas: error: {line}\n", "", 2)


def test_the_layers_of_a_network(run):
    lines = run("show", "--layers", "vgg16", "--input", "1x32x48").stdout.splitlines()
    assert lines[0] == "vgg16: 31 layers without the classifier, 14.7 M parameters, images 1 x 32 x 48"
    assert lines[3].split() == ["0", "features.0", "Conv2d", "64", "x", "32", "x", "48", "640"]
    assert lines[-1].split() == ["30", "features.30", "MaxPool2d", "512", "x", "1", "x", "1"]
    assert len(lines) == 3 + 31


def test_the_layers_of_a_network_as_json(run):
    found = json.loads(run("show", "--layers", "mobilenet_v2", "--json").stdout)
    assert (found["name"], found["input"], len(found["layers"])) == ("mobilenet_v2", [3, 224, 224], 139)
    first = {"index": 0, "path": "features.0.0", "kind": "Conv2d", "output": [32, 112, 112], "params": 864}
    assert found["layers"][0] == first


def test_what_an_ablation_lists_and_under_how_many_seeds(run, here):
    text = (here / "tiny.py").read_text().replace('precision="fp32"', 'precision="fp32", replicates=3')
    (here / "listed.py").write_text(text.replace('"tiny", template,', '"tiny", template, sampler="ablation",'))
    shown = run("show", "listed.py", "--no-time").stdout
    assert re.search(r"epochs +2, under 3 seeds", shown)
    assert re.search(r"sampler +ablation, which lists 2 configs", shown)


def test_nothing_is_written(run, here):
    before = sorted(here.rglob("*.py"))
    run("show", "tiny.py", "--no-time")
    assert sorted(here.rglob("*.py")) == before
    assert not (here / "home").exists()
