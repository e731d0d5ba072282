import io

import pytest
from rich.console import Console

from nas.config import NETWORKS
from nas.report.networks import networks_data, print_networks


def printed(width):
    console = Console(file=io.StringIO(), width=width)
    print_networks(console)
    return console.file.getvalue().splitlines()


def test_a_line_for_each_network_with_what_it_costs_and_when_to_use_it():
    lines = printed(140)
    assert lines[1].split() == [
        "name",
        "network",
        "year",
        "params",
        "FLOPs",
        "input",
        "input",
        "top-1",
        "when",
        "to",
        "use",
        "it",
    ]
    (row,) = (line for line in lines if line.startswith("mobilenet_v2"))
    assert row.split()[:10] == ["mobilenet_v2", "MobileNetV2", "2018", "3.54", "M", "602", "M", "224", "1", "0.7215"]
    assert row.rstrip().endswith("transfer on a laptop")
    assert len(lines) == 3 + len(NETWORKS) + 2


@pytest.mark.parametrize("width", [80, 100])
def test_narrow_terminals_keep_all_but_what_the_name_says_and_break_the_advice(width):
    lines = printed(width)
    assert max(map(len, lines)) <= width
    for column in ("name", "params", "FLOPs", "input", "top-1", "when to use it"):
        assert column in " ".join(lines[:2])
    words = " ".join(lines).split()
    assert "\N{HORIZONTAL ELLIPSIS}" not in "".join(words)
    assert all(word in words for facts in NETWORKS.values() for word in facts.advice.split())


def test_as_data():
    found = {row["name"]: row for row in networks_data()}
    assert list(found) == list(NETWORKS)
    assert found["vgg16"]["params"] == found["vgg16"]["published_params"] == 138_357_544
    assert found["xception"]["smallest"] == 7
