from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nas.cli.main import nas

TINY = '''"""A tiny space."""
from nas import ConvNet, Digits, SearchSpace, TrialConfig, choice, max_params, maximize, minimize

template = TrialConfig(
    data=Digits(), model=ConvNet(conv_layers=1, filters=choice(2, 4), dense_layers=0), epochs=2, precision="fp32"
)
space = SearchSpace(
    "tiny", template, objectives=(maximize("val_accuracy"), minimize("params")), constraints=(max_params(5000),),
    baselines={"two": template.replace(model=ConvNet(conv_layers=1, filters=2, dense_layers=0))},
    references={"eight": template.replace(model=ConvNet(conv_layers=1, filters=8, dense_layers=0))},
)
'''

PLAIN = '''"""A parabola."""
from nas import Config, SearchSpace, choice, minimize


class Point(Config):
    x: float = 0.0


def parabola(config, budget):
    for epoch in range(1, budget + 1):
        if config.x == 9.0:
            raise ValueError("nine is too far")
        yield {"y": config.x**2 + 1 / epoch}


space = SearchSpace(
    "parabola", Point(x=choice(0.0, 1.0, 2.0)), objectives=(minimize("y"),), objective=parabola, epochs=3,
    baselines={"one": Point(x=1.0)}, references={"three": Point(x=3.0)},
)
'''

FAILING = '''"""Everything fails."""
from nas import Config, SearchSpace, choice, minimize


class Point(Config):
    x: float = 0.0


def broken(config, budget):
    raise RuntimeError("out of order")
    yield {}


space = SearchSpace("broken", Point(x=choice(0.0, 1.0)), objectives=(minimize("y"),), objective=broken)
'''

Run = Callable[..., Result]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder with the space files, and a home folder of its own."""
    for name, text in (("tiny", TINY), ("parabola", PLAIN), ("broken", FAILING)):
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


@pytest.fixture
def run(here: Path) -> Run:
    """Runs `nas` in this process; the result has exit_code, stdout and stderr."""
    runner = CliRunner()

    def run(*args: str) -> Result:
        return runner.invoke(nas, args, env={"COLUMNS": "100"})

    return run
