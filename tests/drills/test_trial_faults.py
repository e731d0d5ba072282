"""Trials that go wrong in every way beside good ones: only they fail, each with its true cause."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.drills.study import Drill

SPACE = '''
from nas import Digits, Model, SearchSpace, TrialConfig, choice, maximize


class Mine(Model, kind="mine"):
    """One layer, and in front of it what goes wrong while it is trained."""

    width: int = 8
    fault: str = "none"

    def build(self, shape, classes):
        import torch

        pixels = shape[0] * shape[1] * shape[2]
        layers = torch.nn.Linear(pixels, self.width), torch.nn.ReLU(), torch.nn.Linear(self.width, classes)
        return torch.nn.Sequential(torch.nn.Flatten(), fault(self.fault), *layers)


def fault(kind):
    import ctypes
    import torch

    class Fault(torch.nn.Module):
        def forward(self, x):
            if x.is_meta or kind == "none":
                return x
            if kind == "nan":
                return x * float("nan")
            if kind == "raises":
                raise ArithmeticError("this layer always breaks")
            if kind == "memory":
                return x + torch.empty(2**50)
            if kind == "segfault":
                ctypes.string_at(0)
            ctypes.PyDLL(None).sleep(1000)  # hangs with Python's lock held: no thread and no signal gets through

    return Fault()


def config(width, kind="none"):
    return TrialConfig(data=Digits(), model=Mine(width=width, fault=kind), epochs={epochs}, precision="fp32")


good = {{f"good {{width}}": config(width) for width in (8, 16, 24, 32)}}
bad = {{kind: config(8, kind) for kind in ("nan", "raises", "memory", "segfault", "hangs")}}
named = [pair for pairs in zip(good.items(), bad.items()) for pair in pairs] + [*bad.items()][-1:]
space = SearchSpace(
    name="{name}",
    template=config(choice(8, 16, 24, 32), choice("none", *bad)),
    objectives=(maximize("val_accuracy"),),
    baselines=dict(named) if "{name}" == "faults" else good,
)
'''
SECONDS = 10
CAUSES = {
    "nan": r"the training loss .* nan .*|.*nan.*",
    "raises": "ArithmeticError: this layer always breaks",
    "memory": "out of memory: .*",
    "segfault": r"the worker process died 3 times: SIGSEGV, segmentation fault in forward, .*faults\.py:\d+",
    "hangs": rf"timed out after {SECONDS} s \(--trial-timeout\) in forward, .*faults\.py:\d+",
}


def of_width(drill: Drill, what: str) -> dict[int, Any]:
    """An attribute by its trial's width, of those without a fault; what the clock measured is left out."""
    configs = drill.attributes("config")
    good = {
        number: config["model"]["width"] for number, config in configs.items() if config["model"]["fault"] == "none"
    }
    found = {}
    for number, value in drill.attributes(what).items():
        if number in good:
            points = value if isinstance(value, list) else [value]
            found[good[number]] = [{k: v for k, v in point.items() if "second" not in k} for point in points]
    return found


@pytest.mark.slow
def test_only_the_trials_at_fault_fail(tmp_path: Path) -> None:
    undisturbed = Drill(tmp_path / "a", trials=4, epochs=3, name="sound", executor="local", space=SPACE, forked=True)
    undisturbed.finish()
    options = ("--trial-timeout", f"{SECONDS}s", "--jobs", "2")
    drill = Drill(tmp_path / "b", trials=9, epochs=3, name="faults", space=SPACE, options=options, forked=True)
    drill.finish()

    causes = drill.attributes("cause")
    kinds = {number: config["model"]["fault"] for number, config in drill.attributes("config").items()}
    assert sorted(kinds[number] for number in causes) == sorted(CAUSES)
    for number, cause in causes.items():
        assert re.fullmatch(CAUSES[kinds[number]], cause), cause
    assert drill.states() == {"COMPLETE": 4, "FAIL": 5}
    assert len(of_width(undisturbed, "curve")) == 4
    for what in ("curve", "metrics"):
        assert of_width(drill, what) == of_width(undisturbed, what)
    assert drill.processes() == []
