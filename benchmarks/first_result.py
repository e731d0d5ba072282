"""Time from the command to the first result, against an empty Ray Tune run started beside it.

Both are whole processes on a warm disk cache, in turn A B A B. Ours: `nas search` on a fresh home until it has told the
verdict of its first trial (one epoch of a small network). Peer: import Ray, start it, run one trial that reports once.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.stats import show, summary

EMPTY = """
import os
os.environ.update(RAY_AIR_NEW_OUTPUT="0", TUNE_DISABLE_AUTO_CALLBACK_LOGGERS="1")
import ray
from ray import tune
ray.init(address="local", include_dashboard=False, log_to_driver=False)
def train(config):
    tune.report({"score": 1.0})
class First(tune.Callback):
    def on_trial_result(self, iteration, trials, trial, result, **info):
        print("first result", flush=True)
tune.Tuner(train, run_config=tune.RunConfig(verbose=0, callbacks=[First()])).fit()
"""

SPACE = """
from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice
def config(filters):
    return TrialConfig(data=Digits(channels=3), model=ConvNet(conv_layers=1, filters=filters, dense_width=16), epochs=1)
space = SearchSpace(name="first", template=config(choice(8, 16)), baselines={"small": config(8)})
"""


def until(words: str, command: list[str]) -> float:
    """Seconds from the start of a command until it prints a line with these words; it is left to end by itself."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    seen, lines = None, []
    for line in process.stdout:
        lines.append(line)
        if seen is None and words in line:
            seen = time.perf_counter() - began
    process.wait()
    if seen is None:
        raise RuntimeError(f"{command[0]} never printed {words!r}:\n{''.join(lines)}")
    return seen


def measure(repeats: int) -> dict[str, Any]:
    """Interleaved repeats; prints seconds and the ratio. The first of each is a warm-up and is not counted."""
    pairs = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "first.py"
        file.write_text(SPACE, encoding="utf-8")
        for number in range(repeats + 1):
            home = Path(folder) / f"home{number}"
            command = [sys.executable, "-m", "nas", "search", str(file), "--trials", "1", "--home", str(home)]
            pairs.append((until("complete", command), until("first result", [sys.executable, "-c", EMPTY])))
    rows = {
        "nas search": [a for a, _ in pairs[1:]],
        "empty Ray Tune run": [b for _, b in pairs[1:]],
        "nas / empty": [a / b for a, b in pairs[1:]],
    }
    show("time from the command to the first result (goal: at most 1.1 x)", rows, "s")
    return {name: summary(values) for name, values in rows.items()}
