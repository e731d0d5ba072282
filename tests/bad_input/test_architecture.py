"""Bad input: networks that cannot be built, and weights that do not belong to them."""

import pickle
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.bad_input.case import Case, run_case

FILE = """
from nas import *

template = TrialConfig(data={data}, model={model}, epochs=1{more})
space = SearchSpace("bad", template, constraints=({limits}))
"""
OWN = """
import torch
from nas import *

class Mine(Model, kind="mine"):
    width: int = 8

    def build(self, shape, classes):
        return torch.nn.Sequential({layers})

space = SearchSpace("bad", TrialConfig(data=Digits(), model=Mine(width=choice(2, 4)), epochs=1))
"""
STAGES = "StagedNet(stages=({},))"
NONE = "configs can be trained, "
ALL = f"none of its 2 {NONE}2 of them for this: "
SLOW = 30
"""Seconds, on a busy machine: torch traces the network."""
WIDEN = "widen the space or its constraints"
RESNET = 'Backbone("resnet18", unfreeze={})'
UNFREEZE = "template.model.backbone.unfreeze"
LISTED = "`nas show --layers resnet18` lists them"


def net(model: str, data: str = "Digits()", more: str = "", limits: str = "") -> Callable[[Path], Sequence[str]]:
    return written(FILE.format(model=model, data=data, more=more and f", {more}", limits=limits and f"{limits},"))


def own(layers: str) -> Callable[[Path], Sequence[str]]:
    return written(OWN.format(layers=layers))


def written(text: str, *options: str) -> Callable[[Path], Sequence[str]]:
    def arrange(folder: Path) -> Sequence[str]:
        (folder / "bad.py").write_text(text, encoding="utf-8")
        return ["search", "bad.py", *options]

    return arrange


REFUSED_BY_THEIR_VALUES = {
    "ConvNet(conv_layers=0)": (
        "template.model.convnet.conv_layers", "must be greater than or equal to 1, got 0", "raise it"),
    "ConvNet(conv_layers=10**9)": (
        "template.model.convnet.conv_layers", "must be less than or equal to 1000, got 1000000000", "lower it"),
    "ConvNet(dropout=1.0)": ("template.model.convnet.dropout", "must be less than 1, got 1.0", "lower it"),
    "ConvNet(dropout=1)": ("template.model.convnet.dropout", "must be less than 1, got 1", "lower it"),
    "ConvNet(kernel_size=4)": ("template.model.convnet.kernel_size", "must be odd", "change one of them"),
    "StagedNet(stages=())": ("template.model.staged.stages", "must have at least 1 items, got 0", "add one"),
    STAGES.format("Stage(blocks=10**9)"): (
        "template.model.staged.stages.0.blocks", "must be less than or equal to 1000, got 1000000000", "lower it"),
    STAGES.format("Stage(pool=Pool())"): ("template.model.staged.stages.0.pool", "does nothing", "use MaxPool"),
    "StagedNet(stages=(Stage(),), resize_to=10**6)": (
        "template.model.staged.resize_to", "must be less than or equal to 4096, got 1000000", "lower it"),
    'Backbone("resnet19")': (
        "template.model.backbone.name", "unknown network 'resnet19'", "did you mean resnet18 or resnet50 or resnet34?"),
    'Backbone(choice("resnet18", "resnet180"))': (
        "template.model.backbone.name", "unknown network 'resnet180'", "did you mean resnet18 or"),
    "Backbone(18)": ("template.model.backbone.name", "must be a string, got 18", "write it in quotes"),
    "Backbone()": ("template.model.backbone.name", "Backbone needs this field", "give it a value"),
    RESNET.format("Top(0)"): (f"{UNFREEZE}.top.layers", "must be greater than or equal to 1, got 0", "raise it"),
    RESNET.format("Top(10**9)"): (UNFREEZE, "Top(1000000000) is out of range: there are 50 layers", LISTED),
    RESNET.format("choice(Top(3), Top(300))"): (UNFREEZE, "Top(300) is out of range: there are 50 layers", LISTED),
    RESNET.format("Slice(40, 20)"): (UNFREEZE, "Slice(40, 20) is reversed: of 50 layers it means 40 to 20", LISTED),
    RESNET.format("Slice(20, 20)"): (UNFREEZE, "Slice(20, 20) is empty: of 50 layers it means 20 to 20", LISTED),
    RESNET.format("Slice(0, 500)"): (UNFREEZE, "Slice(0, 500) is out of range: there are 50 layers", LISTED),
    RESNET.format("Slice(-500, -1)"): (UNFREEZE, "Slice(-500, -1) is out of range: there are 50 layers", LISTED),
    RESNET.format("Slice(0, 'a')"): (f"{UNFREEZE}.slice.stop", "must be a whole number, got 'a'", "write a whole"),
    RESNET.format("'all'"): (UNFREEZE, "must be an Unfreeze, got 'all'", "write one"),
    RESNET.format("Unfreeze()"): (UNFREEZE, "Unfreeze itself names no layers", "use Frozen, All, Top or Slice"),
}  # fmt: skip
NEVER_FITS = {
    'ConvNet(conv_layers=1, kernel_size=11, padding="valid", filters=choice(2, 4))': (
        f"{ALL}a 11x11 kernel does not fit a 8x8 map (layer conv1)"),
    'ConvNet(conv_layers=choice(5, 6), padding="valid", filters=2)': f"{ALL}a 3x3 kernel does not fit a 2x2 map",
    STAGES.format('Stage(kernel_size=11, padding="valid", filters=choice(4, 8))'): (
        f"{ALL}a 11x11 kernel does not fit a 8x8 map (layer stage1.block1.conv)"),
    STAGES.format("Stage(pool=MaxPool(size=16), filters=choice(4, 8))"): ALL,
    "StagedNet(stages=repeat(Stage(pool=MaxPool(), filters=choice(4, 8)), 5, 6))": NONE,
    "VGG19(head_width=choice(8, 16))": f"{ALL}VGG19 needs 32x32 pixels, got 8x8; set upscale_to=32",
}  # fmt: skip
OF_DATA_AND_TRAINING = [
    Case(f"images of {side}", net("ConvNet()", f"Digits(image_size={side})"), "template.data.digits.image_size", *told)
    for side, told in {
        "0": ("must be greater than or equal to 1, got 0", "raise it"),
        "-1": ("must be greater than or equal to 1, got -1", "raise it"),
        "10**6": ("must be less than or equal to 4096, got 1000000", "lower it"),
        "8.5": ("must be a whole number, got 8.5", "write a whole number"),
    }.items()
] + [
    Case("two channels", net("ConvNet()", "Digits(channels=2)"), "template.data.digits.channels", "got 2", "write one"),
    Case(
        "batch norm, batches of 1", net("ConvNet(batch_norm=choice(False, True))", more="batch_size=choice(1, 2)"),
        "template.batch_size", "must be 2 or more with batch norm", "raise it",
    ),
    Case(
        "a backbone with batch norm, batches of 1", net('Backbone("resnet18")', more="batch_size=1"),
        "template.batch_size", "must be 2 or more with batch norm", "raise it",
    ),
    Case("params", net("ConvNet(filters=choice(2, 4))", limits="max_params(9)"), "template", f"{ALL}over", WIDEN),
    Case("FLOPs", net("ConvNet(filters=choice(2, 4))", limits="max_flops(9)"), "template", f"{ALL}over", WIDEN),
    Case(
        "a network of 10^12 parameters over its limit",
        net("MLP(layers=(Dense(width=choice(10**11, 10**12)),))", limits="max_params(10**9)"),
        "template", f"{ALL}over its limit: params <= 1,000,000,000", WIDEN,
    ),
    Case(
        "a network that returns other classes", own("torch.nn.Flatten(), torch.nn.Linear(64, 5)"),
        "network Mine", "returns [1, 5] for one image, where [1, 10] is wanted", "mend its code", seconds=SLOW,
    ),
    Case(
        "a network for other images", own("torch.nn.Flatten(), torch.nn.Linear(99, classes)"),
        "template", ALL, WIDEN, seconds=SLOW,
    ),
    Case(
        "a network that pools all away", own("torch.nn.MaxPool2d(99), torch.nn.Flatten(), torch.nn.Linear(1, classes)"),
        "template", f"{ALL}Given input size: (1x8x8)", WIDEN, seconds=SLOW,
    ),
]  # fmt: skip
CASES = [
    *(Case(model, net(model), *told) for model, told in REFUSED_BY_THEIR_VALUES.items()),
    *(Case(model, net(model), "template", what, WIDEN) for model, what in NEVER_FITS.items()),
    *OF_DATA_AND_TRAINING,
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_refused(case: Case, tmp_path: Path) -> None:
    import torch  # noqa: F401  so that no case is charged for loading it

    run_case(case, tmp_path)


class Marked:
    """Writes a file when it is unpickled."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.write_text, (self.place, "code ran")


def foreign_pickle(file: Path) -> None:
    file.write_bytes(pickle.dumps(Marked(file.parent / "code_ran")))


def foreign_torch_file(file: Path) -> None:
    import torch

    torch.save({"conv1.weight": Marked(file.parent / "code_ran")}, file)


def archive(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as opened:
        opened.writestr("a.txt", "text")


def other_network(file: Path) -> None:
    import torch

    torch.save({"features.0.weight": torch.zeros(8, 3, 3, 3)}, file)


def other_shapes(file: Path) -> None:
    import torch
    from torchvision.models import squeezenet1_1

    state = squeezenet1_1().state_dict()
    state["features.0.weight"] = torch.zeros(5, 3, 3, 3)
    torch.save(state, file)


def no_tensors(file: Path) -> None:
    import torch

    torch.save([1, 2, 3], file)


def cut_short(file: Path) -> None:
    import torch
    from safetensors.torch import save

    file.write_bytes(save({"features.0.weight": torch.zeros(8, 3, 3, 3)})[:-100])


UNREADABLE = "is no file of weights"
WEIGHTS: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "a pickle that runs code.pth": (foreign_pickle, UNREADABLE, ""),
    "a pickle that runs code.safetensors": (foreign_pickle, UNREADABLE, ""),
    "a torch file that runs code.pth": (foreign_torch_file, UNREADABLE, ""),
    "an archive.pth": (archive, UNREADABLE, ""),
    "a text.pth": (lambda file: file.write_text("weights"), UNREADABLE, ""),
    "empty.pth": (Path.touch, UNREADABLE, ""),
    "empty.safetensors": (Path.touch, UNREADABLE, ""),
    "cut short.safetensors": (cut_short, UNREADABLE, ""),
    "no tensors.pth": (no_tensors, "is no file of weights (no tensors by name)", ""),
    "another network.pth": (
        other_network,
        "does not fit squeezenet1_1: 49 missing (features.0.bias",
        "give weights of",
    ),
    "other shapes.pth": (other_shapes, "1 of another shape (features.0.weight: 5 x 3 x 3 x 3 instead of 64", "give"),
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_weights_are_refused(name: str, tmp_path: Path) -> None:
    import torch  # noqa: F401  so that no case is charged for loading it

    make, what, todo = WEIGHTS[name]
    text = FILE.format(model='Backbone("squeezenet1_1", resize_to=32)', data="Digits()", more="", limits="")

    def arrange(folder: Path) -> Sequence[str]:
        make(folder / name)
        return written(text, "--weights", name, "--executor", "local", "--tracking-uri", "none")(folder)

    run_case(Case(name, arrange, name, what, todo, seconds=10), tmp_path)
    assert not (tmp_path / "code_ran").exists()


def test_a_backbone_without_its_weights_is_refused(tmp_path: Path) -> None:
    case = written(
        FILE.format(model='Backbone("resnet18")', data="Digits()", more="", limits=""), "--weights", "no.pth"
    )
    run_case(Case("absent", case, "--weights", "'no.pth' is not here", "give a file, a folder"), tmp_path)
