"""`nas show --layers`: what `Slice` and `Top` count."""

import json

import click

from nas.cli.errors import wrong
from nas.config import NETWORKS
from nas.records import Shape

LAYERS = "Instead of a space: the layers of this published network, numbered as Slice and Top count them."


def show_layers(name: str, file: str | None, given: Shape | None, as_json: bool) -> None:
    """Print the layers of the backbone `name` for images of the shape that was given, else of its published input."""
    if file is not None:
        raise wrong("--layers", f"shows {name} instead of a space", "leave out FILE")
    facts = NETWORKS[name]
    shape = given or (3, facts.input, facts.input)
    if min(shape[1:]) < facts.smallest:
        least = f"{facts.smallest}x{facts.smallest}"
        raise wrong("--input", f"{name} needs {least} pixels, got {shape[1]}x{shape[2]}", f"give at least {least}")
    from nas.models.backbones.layers import trace_backbone
    from nas.report.layers import layers_data, print_layers

    layers = trace_backbone(name, shape).layers
    if as_json:
        click.echo(json.dumps(layers_data(name, shape, layers), indent=2))
    else:
        from nas.cli.terminal import make_console

        print_layers(make_console(), name, shape, layers)
