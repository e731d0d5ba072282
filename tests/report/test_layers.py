import io

from rich.console import Console

from nas.models.summary import Layer
from nas.report.layers import layers_data, print_layers

LAYERS = (Layer("features.0", "Conv2d", (4, 8, 6), 1120), Layer("features.1", "ReLU", (4, 8, 6), 0))


def test_layers_bear_the_numbers_that_slices_count():
    console = Console(file=io.StringIO(), width=100)
    print_layers(console, "some", (3, 8, 6), LAYERS)
    assert [line.rstrip() for line in console.file.getvalue().splitlines()] == [
        "some: 2 layers without the classifier, 1.12 k parameters, images 3 x 8 x 6",
        "layer  path        kind       output  params",
        "────────────────────────────────────────────",
        "    0  features.0  Conv2d  4 x 8 x 6   1,120",
        "    1  features.1  ReLU    4 x 8 x 6",
    ]


def test_as_data():
    assert layers_data("some", (3, 8, 6), LAYERS[1:]) == {
        "name": "some",
        "input": [3, 8, 6],
        "layers": [{"index": 0, "path": "features.1", "kind": "ReLU", "output": [4, 8, 6], "params": 0}],
    }
