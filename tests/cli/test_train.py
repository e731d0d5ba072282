import json

import pytest

RESULT = {"train_accuracy", "val_accuracy", "test_accuracy", "val_loss", "macro_f1", "seconds"}


def test_a_line_an_epoch_and_the_result(run, here):
    result = run("train", "tiny.py", "--baseline", "two", "--epochs", "3")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["epoch 1/3", "epoch 2/3", "epoch 3/3", "result"]
    assert "val_accuracy" in lines[0]
    assert "test_accuracy" in lines[3]
    assert not (here / "home" / "optuna.db").exists()


def test_json_is_one_object(run):
    result = run("train", "tiny.py", "--reference", "eight", "--json", "--epochs", "1")
    found = json.loads(result.stdout)
    assert found["metrics"].keys() >= RESULT
    assert found["epochs"] == 1


def test_smoke_trains_as_a_smoke_run_does(run, here):
    result = run("train", "tiny.py", "--baseline", "two", "--smoke", "--folder", "kept")
    assert result.exit_code == 0
    assert result.stderr.startswith("nas: smoke: 1 epoch, 120 images")
    config = json.loads((here / "kept" / "weights" / "config.json").read_text())
    assert (config["epochs"], config["data"]["limit"], config["batch_size"]) == (1, 120, 32)


def test_values_are_set_by_path(run, here):
    sets = ("--set", "model.convnet.filters=16", "--set", "optimizer={'kind': 'sgd', 'lr': 0.01}", "--set", "epochs=1")
    result = run("train", "tiny.py", "--baseline", "two", *sets, "--folder", "kept")
    assert (result.exit_code, result.stderr) == (0, "")
    config = json.loads((here / "kept" / "weights" / "config.json").read_text())
    assert config["model"]["filters"] == 16
    assert (config["optimizer"]["kind"], config["optimizer"]["lr"]) == ("sgd", 0.01)
    assert result.stdout.splitlines()[-1] == f"weights: {here}/kept/weights"


def test_an_error_shows_its_traceback(run):
    result = run("train", "parabola.py", "--baseline", "one", "--set", "x=9.0")
    assert result.exit_code == 5
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert 'raise ValueError("nine is too far")' in result.stderr
    assert result.stderr.endswith("ValueError: nine is too far\n")


def test_a_plain_objective_runs_too(run):
    result = run("train", "parabola.py", "--reference", "three", "--json")
    assert json.loads(result.stdout)["metrics"]["y"] == pytest.approx(9 + 1 / 3)


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ([], "--baseline: is missing; say which config: --baseline two, --reference eight"),
        (["--baseline", "twoo"], "--baseline: tiny has no baseline 'twoo'; did you mean two?"),
        (["--reference", "two"], "--reference: tiny has no reference 'two'; known are eight"),
        (["--baseline", "two", "--reference", "eight"], "--baseline: stands beside --reference; give one of them"),
        (
            ["--baseline", "two", "--set", "model.convnet.filters"],
            "--set: 'model.convnet.filters' has no value; write PATH=VALUE, as model.convnet.filters=32",
        ),
        (
            ["--baseline", "two", "--set", "model.convnet.filters=many"],
            "--set model.convnet.filters: must be a whole number, got 'many'; write a whole number, such as 3",
        ),
        (
            ["--baseline", "two", "--set", "precisio=fp32"],
            "--set precisio: no such value in the config; did you mean precision?",
        ),
        (["--baseline", "two", "--folder", "."], "--folder: {here} is not empty; choose a new one"),
    ],
)
def test_wrong_arguments(run, here, args, line):
    result = run("train", "tiny.py", *args)
    assert (result.stderr, result.stdout, result.exit_code) == (f"nas: error: {line.format(here=here)}\n", "", 2)


def test_a_config_that_does_not_fit_its_images_is_told(run):
    result = run("train", "tiny.py", "--baseline", "two", "--set", "model.convnet.padding=valid", "--set",
                 "model.convnet.kernel_size=9")  # fmt: skip
    assert result.exit_code == 5
    assert "a 9x9 kernel does not fit a 8x8 map" in result.stderr
