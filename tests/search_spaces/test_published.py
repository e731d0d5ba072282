"""The studies hold the published figures: the tables here are typed in once more, as they were published."""

import csv
import re
from io import StringIO
from pathlib import Path

import pytest

from nas import (
    SGD,
    Adadelta,
    Adam,
    All,
    Augmentation,
    Backbone,
    Constant,
    CosineRestarts,
    Frozen,
    Model,
    ReduceOnPlateau,
    SearchSpace,
    Slice,
    StagedNet,
    Top,
    TrialConfig,
)
from nas.models.measure import measure_cost
from nas.space.load import load_space

FOLDER = Path(__file__).parents[2] / "search_spaces"

UNFREEZE = """\
backbone,unfreeze,resolution,test_accuracy,precision,recall,f1
MobileNetV2,frozen,64,0.6799,0.678568,0.6799,0.678798
MobileNetV2,top 40,64,0.7069,0.77001,0.7069,0.698364
MobileNetV2,top 20,64,0.8424,0.856747,0.8424,0.84268
MobileNetV2,-80:-40,64,0.8608,0.863642,0.8608,0.859554
MobileNetV2,-120:-80,64,0.8318,0.838674,0.8318,0.825733
MobileNetV2,0:40,64,0.8162,0.830133,0.8162,0.812254
MobileNetV2,top 40,96,0.9005,0.904373,0.9005,0.90054
ResNet50V2,frozen,64,0.6748,0.672565,0.6748,0.672547
ResNet50V2,top 49,64,0.8191,0.828033,0.8191,0.817325
ResNet50V2,top 49,96,0.8496,0.85081,0.8496,0.849108
"""

RUNS = """\
model,resolution,batch_size,val_accuracy,val_loss
ConvNeXt-Tiny,224,124,0.9263,0.22109
ConvNeXt-Tiny,96,128,0.8921,0.32865
MobileNetV2,224,128,0.857,0.4182
MobileNetV2,96,128,0.8587,0.41476
"""

RACCOON = """\
model,resolution,batch_size,input_scaling,val_accuracy,val_loss
raccoon,32,32,none,0.7632,0.71233
raccoon,32,64,none,0.7115,0.87548
raccoon,64,64,none,0.6843,0.97136
raccoon,32,32,unit,0.6314,1.16058
raccoon,32,128,none,0.2514,1.84612
raccoon,32,64,unit,0.2365,2.1278
raccoon,32,128,unit,0.23,2.0492
raccoon,64,128,none,0.1,2.3026
raccoon,64,32,none,0.1,2.30261
deeper,64,32,none,0.7745,0.68709
deeper,64,128,unit,0.7696,0.72646
deeper,64,64,none,0.7682,0.71935
deeper,64,32,unit,0.7627,0.72995
deeper,32,64,unit,0.7587,0.73761
deeper,64,64,unit,0.7565,0.72698
deeper,32,128,none,0.7548,0.73076
deeper,32,128,unit,0.7499,0.74118
deeper,32,32,unit,0.7404,0.77271
deeper,64,128,none,0.7372,0.76484
"""

DROPOUT = """\
dropout,test_accuracy,loss,plane,car,bird,cat,deer,dog,frog,horse,ship,truck
0.5,.84,0.106,.87,.91,.75,.78,.84,.75,.81,.87,.88,.91
0.0,.84,0.098,.85,.90,.79,.69,.85,.77,.83,.88,.91,.90
0.1,.82,0.143,.84,.89,.80,.66,.82,.78,.88,.87,.86,.88
0.3,.813,0.213,.85,.90,.74,.75,.81,.72,.86,.83,.83,.84
"""

SIZES = """\
model,params,top1,top5
LeNet-5,60000,,
AlexNet,60000000,,
VGG-16,138357544,0.713,0.901
VGG-19,,,
Inception-v1,5000000,,
ResNet-34,,,
ResNet-50,25636712,0.749,0.921
Inception-v3,23851784,0.779,0.937
Inception-v4,43000000,,
Inception-ResNet-v2,55873736,0.803,0.953
Xception,22910480,0.79,0.945
ResNeXt-50,25097128,0.777,0.938
"""


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text)))


def space_of(name: str) -> SearchSpace:
    return load_space(str(FOLDER / f"{name}.py"))


def baseline(space: SearchSpace, name: str) -> TrialConfig:
    config = space.baselines[name]
    assert isinstance(config, TrialConfig)
    return config


def backbone(space: SearchSpace, name: str) -> Backbone:
    model = baseline(space, name).model
    assert isinstance(model, Backbone)
    return model


def figures(row: dict[str, str], *names: str) -> dict[str, float]:
    return {name: float(row[name]) for name in names if row[name]}


NAMES = {"MobileNetV2": "mobilenet_v2", "ResNet50V2": "resnet50_v2", "ConvNeXt-Tiny": "convnext_tiny"}
BY_BLOCK = {  # what each published slice of Keras layers is among our leaf layers, counted by hand
    ("MobileNetV2", "frozen"): Frozen(),
    ("MobileNetV2", "top 40"): Top(36),  # from the batch norm at the end of block 12 on
    ("MobileNetV2", "top 20"): Top(19),  # from block 15 on
    ("MobileNetV2", "-80:-40"): Slice(-73, -36),  # from block 8's first activation to block 12's projection
    ("MobileNetV2", "-120:-80"): Slice(-109, -73),  # from block 3's projection to the batch norm before that activation
    ("MobileNetV2", "0:40"): Slice(0, 36),  # up to the depthwise convolution of block 4
    ("ResNet50V2", "frozen"): Frozen(),
    ("ResNet50V2", "top 49"): Top(39),  # the last block of the third stage, the fourth stage, the last norm
}


@pytest.mark.parametrize("row", rows(UNFREEZE), ids=lambda row: f"{row['backbone']} {row['unfreeze']}")
def test_transfer_unfreeze_holds_the_published_slices(row: dict[str, str]) -> None:
    space = space_of("transfer_unfreeze")
    name = f"{row['backbone']} {row['unfreeze']} {row['resolution']}"
    model = backbone(space, name)
    assert (model.name, model.resize_to) == (NAMES[row["backbone"]], int(row["resolution"]))
    assert model.unfreeze == BY_BLOCK[row["backbone"], row["unfreeze"]]
    assert space.published[name] == figures(row, "test_accuracy", "precision", "recall", "f1")


@pytest.mark.parametrize("row", rows(RUNS), ids=lambda row: f"{row['model']} {row['resolution']}")
def test_transfer_unfreeze_holds_the_best_frozen_runs(row: dict[str, str]) -> None:
    space = space_of("transfer_unfreeze")
    name = f"{row['model']} {row['resolution']}"
    model = backbone(space, name)
    assert (model.name, model.unfreeze, model.resize_to) == (NAMES[row["model"]], Frozen(), int(row["resolution"]))
    assert baseline(space, name).batch_size == int(row["batch_size"])
    assert baseline(space, name).augmentation is not None
    assert space.published[name] == figures(row, "val_accuracy", "val_loss")


def test_the_slice_that_could_not_be_afforded_is_a_baseline_without_figures() -> None:
    space = space_of("transfer_unfreeze")
    model = backbone(space, "MobileNetV2 -80:-40 96")
    assert (model.name, model.unfreeze, model.resize_to) == ("mobilenet_v2", Slice(-73, -36), 96)
    assert not space.published.get("MobileNetV2 -80:-40 96")
    assert len(space.baselines) == len(rows(UNFREEZE)) + len(rows(RUNS)) + 1


@pytest.mark.parametrize("row", rows(RACCOON), ids=lambda row: "-".join(list(row.values())[:4]))
def test_raccoon_cnn_holds_every_published_run(row: dict[str, str]) -> None:
    space = space_of("raccoon_cnn")
    assert len(space.baselines) == len(rows(RACCOON))
    name = f"{row['model']} {row['resolution']} batch {row['batch_size']} {row['input_scaling']}"
    config = baseline(space, name)
    assert isinstance(config.model, StagedNet)
    assert config.model.resize_to == int(row["resolution"])
    assert (config.batch_size, config.input_scaling) == (int(row["batch_size"]), row["input_scaling"])
    widths = [stage.filters for stage in config.model.stages]
    norms = {stage.batch_norm for stage in config.model.stages}
    if row["model"] == "raccoon":
        assert (widths, norms) == ([16, 32, 64, 128], {"none"})
        assert all(stage.dropout for stage in config.model.stages)
        assert sum(stage.pool is not None for stage in config.model.stages) == 2
    else:
        assert (len(widths), norms) == (4, {"before"})
    assert space.published[name] == figures(row, "val_accuracy", "val_loss")


@pytest.mark.parametrize("row", rows(DROPOUT), ids=lambda row: str(row["dropout"]))
def test_alexnet_dropout_holds_the_four_rates(row: dict[str, str]) -> None:
    space = space_of("alexnet_dropout")
    name = f"dropout {row['dropout']}"
    assert backbone(space, name).dropout == float(row["dropout"])
    assert backbone(space, name).name == "alexnet"
    assert baseline(space, name).optimizer == SGD(lr=1e-3, momentum=0.9)
    assert baseline(space, name).replicates == 3
    classes = list(row)[3:]
    of_classes = {f"accuracy_{name}": value for name, value in figures(row, *classes).items()}
    assert space.published[name] == figures(row, "test_accuracy", "loss") | of_classes


@pytest.mark.parametrize("row", rows(SIZES), ids=lambda row: str(row["model"]))
def test_literature_holds_the_published_sizes(row: dict[str, str]) -> None:
    space = space_of("literature")
    assert list(space.baselines) == ["LeNet-5", "LeNet-5, ReLU", *(row["model"] for row in rows(SIZES)[1:])]
    assert space.published[row["model"]] == figures(row, "params", "top1", "top5")


@pytest.mark.parametrize("name", ["VGG-16", "Xception", "ResNeXt-50"])
def test_literature_is_built_in_the_published_size(name: str) -> None:
    space = space_of("literature")
    trainable = measure_cost(backbone(space, name).replace(resize_to=None), (3, 299, 299), 1000).trainable_params
    total = measure_cost(backbone(space, name).replace(resize_to=None), (3, 299, 299), 1000).params
    assert space.published[name]["params"] in (trainable, total)


AUGMENTATIONS = {
    "rotation 30 degrees": (Augmentation(rotation=30.0), 0.2184),
    "translation 30 %": (Augmentation(shift=0.3), 0.209),
    "shear 40 degrees": (Augmentation(shear=40.0), 0.2137),
    "flip both ways": (Augmentation(flip="both"), 0.1977),
    "zoom 30 %": (Augmentation(zoom=0.3), 0.2151),
    "mixup, rotation 10 degrees": (Augmentation(mixup=0.5, rotation=10.0), 0.2186),
}


def test_augmentation_holds_six_kinds_and_a_control_after_20_000_images() -> None:
    space = space_of("augmentation")
    assert baseline(space, "none").augmentation is None
    assert list(space.baselines) == ["none", *AUGMENTATIONS]
    for name, (augmentation, accuracy) in AUGMENTATIONS.items():
        config = baseline(space, name)
        assert config.augmentation == augmentation
        assert space.published[name] == {"test_accuracy": accuracy}
        assert config.epochs * (config.images_per_epoch or 0) == 20_000


def test_resnet_schedule_holds_both_runs_and_each_change_alone() -> None:
    space = space_of("resnet_schedule")
    assert space.published == {
        "Adam": {"test_accuracy": 0.8373},
        "restarts and clipping": {"test_accuracy": 0.8505},
    }
    runs = {
        name: (type(config.schedule), config.regularisation.clip_weights is not None)
        for name in space.baselines
        for config in [baseline(space, name)]
    }
    assert runs == {
        "Adam": (Constant, False),
        "restarts and clipping": (CosineRestarts, True),
        "restarts alone": (CosineRestarts, False),
        "clipping alone": (Constant, True),
    }
    assert {(backbone(space, name).name, backbone(space, name).weights) for name in runs} == {("resnet50_v2", None)}


def test_finetune_two_phase_holds_the_published_runs() -> None:
    space = space_of("finetune_two_phase")
    assert space.published == {
        "EfficientNetV2-B0": {"test_accuracy": 0.8421, "frozen_accuracy": 0.8259, "external_accuracy": 0.7717},
        "EfficientNetV2-B0 ReLU, moved": {"test_accuracy": 0.90019},
        "ResNet50V2 ReLU, moved": {"test_accuracy": 0.9053, "frozen_accuracy": 0.8963},
    }
    for name in space.baselines:
        config, model = baseline(space, name), backbone(space, name)
        assert model.name == ("resnet50_v2" if name.startswith("ResNet") else "efficientnet_v2_b0")
        assert model.unfreeze == Frozen()
        assert model.head is not None
        [dense] = model.head.dense
        assert (dense.width, dense.dropout) == (256, 0.5)
        [phase] = config.phases
        assert (phase.unfreeze, phase.optimizer) == (All(), Adam(lr=1e-5))
    assert baseline(space, "EfficientNetV2-B0").phases[0].begins * 24 == 10
    assert baseline(space, "ResNet50V2 ReLU, moved").phases[0].begins * 18 == pytest.approx(15)
    assert baseline(space, "ResNet50V2, turned").augmentation == Augmentation(rotation=72.0)


KERAS = {
    "keras_mnist": (
        "conv 32 3x3 valid; pool; drop .2; conv 64 same; pool; drop .25; conv 128 same; pool; drop .3; "
        "conv 256 same; drop .4; conv 512 same; drop .5; flatten; dense 256; drop .35; dense 128; drop .25; dense 10",
        {
            "test_loss": 0.0111, "test_accuracy": 0.9963,
            "loss_3_epochs": 0.08078844527509063, "accuracy_3_epochs": 0.9753,
        },
        Augmentation(rotation=5.0, zoom=0.2, shift=0.15),
        (1, 28, 28),
    ),
    "keras_cifar10": (
        "conv 64 3x3 valid x2; pool; drop .25; conv 128 same x2; pool; drop .25; conv 256 same x2; pool; drop .35; "
        "flatten; dense 256; drop .35; dense 128; drop .25; dense 10",
        {"test_loss": 0.4985, "test_accuracy": 0.8385, "loss_3_epochs": 2.1507, "accuracy_3_epochs": 0.2071},
        Augmentation(rotation=10.0, shift=0.1, flip="horizontal"),
        (3, 32, 32),
    ),
}  # fmt: skip


def in_words(model: Model) -> str:
    """The network in the notes' words."""
    assert isinstance(model, StagedNet)
    words = []
    for index, stage in enumerate(model.stages):
        assert (stage.kernel_size, stage.activation, stage.batch_norm) == (3, "relu", "none")
        size = "3x3 " if index == 0 else ""
        words.append(f"conv {stage.filters} {size}{stage.padding}" + (" x2" if stage.blocks == 2 else ""))
        words += ["pool"] * (stage.pool is not None) + [f"drop {stage.dropout:g}"]
    assert model.head.pool == "flatten"
    words.append("flatten")
    for dense in model.head.dense:
        words += [f"dense {dense.width}", f"drop {dense.dropout:g}"]
    return "; ".join([*words, "dense 10"]).replace("drop 0.", "drop .")


def params_in_words(text: str, shape: tuple[int, int, int]) -> int:
    """Weights and biases of the notes' layers, counted from their words: 'same' after the first convolutions."""
    channels, side, _ = shape
    total = 0
    for word in text.split("; "):
        if found := re.fullmatch(r"conv (\d+)( 3x3)? (valid|same)( x2)?", word):
            for _ in range(2 if found[4] else 1):
                total += 9 * channels * int(found[1]) + int(found[1])
                channels = int(found[1])
                side -= 2 * (found[3] == "valid")
        elif word == "pool":
            side //= 2
        elif word == "flatten":
            channels *= side * side
        elif word.startswith("dense"):
            width = int(word.split()[1])
            total += channels * width + width
            channels = width
    return total


@pytest.mark.parametrize("name", KERAS)
def test_the_notes_networks_stand_layer_by_layer(name: str) -> None:
    space = space_of(name)
    text, published, augmentation, shape = KERAS[name]
    config = baseline(space, "notes")
    assert in_words(config.model) == text
    assert space.published == {"notes": published}
    assert config.augmentation == augmentation
    assert config.optimizer == Adadelta(lr=1.0)
    assert config.schedule == ReduceOnPlateau(factor=0.5, patience=5, min_lr=0.001)
    assert config.batch_size == 512
    assert measure_cost(config.model, shape, 10).params == params_in_words(text, shape)


def test_the_ablation_starts_from_a_published_network() -> None:
    space = space_of("ablation_one_at_a_time")
    by_hand = space_of("manual_ablation")
    assert baseline(space, "base").model == baseline(by_hand, "2").model
    figures = {name: by_hand.published["2"][name] for name in ("train_accuracy", "test_accuracy", "params")}
    assert space.published == {"base": figures}
    assert measure_cost(baseline(space, "base").model, (3, 256, 256), 8).params == figures["params"]


@pytest.mark.parametrize("name", ["mlp_cifar10", "house_prices"])
def test_nothing_was_published_of(name: str) -> None:
    assert space_of(name).published == {}
