"""What a search says at its end: beside the leaderboard the effects of an ablation and the balanced options."""

import json
from pathlib import Path

from tests.cli.conftest import Run

ABLATION = '''"""One value at a time."""
from nas import Config, SearchSpace, choice, maximize, uniform


class Point(Config):
    x: float = 0.0
    side: str = "a"


def height(config, budget):
    for epoch in range(1, budget + 1):
        yield {"y": config.x + (config.side == "b")}


space = SearchSpace(
    "hill", Point(x=choice(0.0, 1.0, 2.0), side=choice("a", "b")), objectives=(maximize("y"),), objective=height,
    baselines={"low": Point()}, sampler="ablation", epochs=4,
)
balanced = SearchSpace(
    "even", Point(x=uniform(0.0, 1.0), side=choice("a", "b")), objectives=(maximize("y"),), objective=height,
    sampler="random", balanced="side",
)
'''


def search(here: Path, run: Run, name: str, *options: str) -> str:
    (here / "hill.py").write_text(ABLATION)
    result = run("search", f"hill.py:{name}", "--executor", "local", "--tracking-uri", "none", "--quiet", *options)
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_an_ablation_ends_with_its_effects(here: Path, run: Run) -> None:
    lines = search(here, run, "space").splitlines()
    begin = lines.index("hill: 3 single changes of baseline low (trial 0, y 0), best first")
    assert [line.split() for line in lines[begin + 4 : begin + 7]] == [
        ["x", "0", "->", "2", "+2", "2"],
        ["x", "0", "->", "1", "+1", "1"],
        ["side", "a", "->", "b", "+1", "3"],
    ]
    assert "hill: 4 trials (4 complete)" in lines  # all of it by default, none stopped early
    assert lines[begin + 7].startswith("one seed each")


def test_balanced_options_are_compared_at_the_end(here: Path, run: Run) -> None:
    lines = search(here, run, "balanced", "--trials", "6").splitlines()
    assert "even: options of side by y" in lines
    begin = lines.index("even: options of side by y")
    assert [line.split()[:2] for line in lines[begin + 4 : begin + 6]] == [["b", "3"], ["a", "3"]]
    assert any(line.startswith("b did better than a: ") for line in lines)


def test_the_same_as_json(here: Path, run: Run) -> None:
    [found] = json.loads(search(here, run, "space", "--json"))["effects"]
    assert [(row["factor"], row["to"], row["difference"]) for row in found["effects"]] == [
        ("x", 2.0, 2.0),
        ("x", 1.0, 1.0),
        ("side", "b", 1.0),
    ]
    [found] = json.loads(search(here, run, "balanced", "--trials", "2", "--json"))["effects"]
    assert (found["by"], found["equal_trials"]) == ("side", True)
