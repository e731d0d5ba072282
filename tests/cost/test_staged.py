"""Stages by formula, as a traced module, and worked out by hand must agree."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from nas import Dense, Head, MaxPool, Stage, StagedNet
from nas.cost import DoesNotFit, conv_output, staged_chain
from nas.records import Cost
from tests.cost.strategies import heads, stages
from tests.cost.traced import formula, on_meta, traced


def net(*stages, head=Head(), resize_to=None):  # noqa: B008 (frozen)
    return StagedNet(stages=stages, head=head, resize_to=resize_to)


def test_the_course_notes_network_has_93_322_params():
    pooled = Stage(filters=64, padding="valid", pool=MaxPool())
    head = Head(pool="flatten", dense=(Dense(width=64),))
    model = net(pooled.replace(filters=32), pooled, pooled.replace(pool=None), head=head)
    assert formula(model, (1, 28, 28), 10).params == traced(model, (1, 28, 28), 10).params == 93_322


def test_the_course_notes_walk_from_25_pixels_to_1152_numbers():
    assert (conv_output(25, 5, s=2), conv_output(11, 3, s=2, p=1)) == (11, 6)
    model = net(
        Stage(filters=16, kernel_size=5, stride=2, padding="valid"),
        Stage(filters=32, kernel_size=3, stride=2),
        head=Head(pool="flatten"),
    )
    shapes = {path: output for path, _, output in staged_chain(model, (3, 25, 25), 10).leaves()}
    assert shapes["stage1.block1.conv"] == (16, 11, 11)
    assert shapes["stage2.block1.conv"] == (32, 6, 6)
    assert shapes["head.flatten"] == (1152,)


def test_a_1x1_bottleneck_saves_nine_tenths_of_a_5x5_branch():
    branch = Stage(filters=32, kernel_size=5)
    output = 2 * 32 * 8
    assert formula(net(branch), (192, 28, 28), 8).flops - output == 2 * 120_422_400
    narrow = Stage(filters=16, kernel_size=1)
    assert formula(net(narrow, branch), (192, 28, 28), 8).flops - output == 2 * 12_443_648


@pytest.mark.parametrize(
    ("stage", "weights", "macs", "outputs"),
    [
        # 4 x 6 x 6 in, 8 x 3 x 3 out; what follows each convolution are a norm and a ReLU
        (Stage(block="plain", kernel_size=5, groups=2), 8 * 51, 9 * 8 * 50, 3 * 72),
        # 3 x 3, 3 x 3 with norms; shortcut and its norm; the ReLU of the sum
        (Stage(block="residual"), 8 * 37 + 8 * 73 + 8 * 5, 9 * 8 * (36 + 72 + 4), (3 + 2 + 2 + 1) * 72),
        # 4 -> 2 at 6 x 6; 2 -> 2 in two groups; 2 -> 8; shortcut
        (
            Stage(block="bottleneck", groups=2),
            2 * 5 + 2 * 10 + 8 * 3 + 8 * 5,
            36 * 2 * 4 + 9 * (2 * 9 + 8 * 2 + 8 * 4),
            3 * 72 + 3 * 18 + (2 + 2 + 1) * 72,
        ),
        (Stage(block="separable"), 4 * 10 + 8 * 5, 9 * (4 * 9 + 8 * 4), 3 * 36 + 3 * 72),
        # 1 x 1; 1 x 1 and 3 x 3; 1 x 1 and 5 x 5; pool and 1 x 1: narrow is 1, wide 2
        (
            Stage(block="inception"),
            2 * 5 + (5 + 2 * 10) + (5 + 2 * 26) + 2 * 5,
            9 * 2 * 4 + (36 * 4 + 9 * 2 * 9) + (36 * 4 + 9 * 2 * 25) + 9 * 2 * 4,
            4 * 3 * 18 + 2 * 3 * 36 + 36,
        ),
    ],
    ids=lambda value: value.block if isinstance(value, Stage) else "",
)
def test_blocks_small_enough_to_count_by_hand(stage, weights, macs, outputs):
    model = net(stage.replace(filters=8, stride=2, batch_norm="before"))
    normed = {"plain": 8, "residual": 24, "bottleneck": 20, "separable": 12, "inception": 10}[stage.block]
    weights, macs, outputs = weights + (8 + 1) * 3, macs + 8 * 3, outputs + 8 + 3  # the head
    expected = Cost(weights + 4 * normed, weights + 2 * normed, 2 * macs, 4 * outputs)
    assert formula(model, (4, 6, 6), 3) == traced(model, (4, 6, 6), 3) == expected


def torch_takes(model, shape):
    """Whether plain torch functions, called without any check of ours, take images of this shape."""
    side = model.resize_to
    maps = torch.zeros(1, shape[0], *((side, side) if side else shape[1:]), device="meta")
    try:
        for stage in model.stages:
            for stride in (stage.stride, *[1] * (stage.blocks - 1)):
                groups = stage.groups if stage.block != "bottleneck" else 1
                kernel = torch.zeros(stage.filters, maps.shape[1] // groups, *[stage.kernel_size] * 2, device="meta")
                padding = stage.kernel_size // 2 if stage.padding == "same" else 0
                maps = functional.conv2d(maps, kernel, None, stride, padding, groups=groups)
            if stage.pool:
                pool = functional.max_pool2d if isinstance(stage.pool, MaxPool) else functional.avg_pool2d
                maps = pool(maps, stage.pool.size, stage.pool.stride)
    except RuntimeError:
        return False
    return True


@settings(deadline=None, max_examples=80)
@given(
    model=st.builds(
        StagedNet,
        stages=st.lists(stages(), min_size=1, max_size=2).map(tuple),
        head=heads,
        resize_to=st.none() | st.integers(3, 12),
    ),
    shape=st.tuples(st.integers(1, 6), st.integers(2, 12), st.integers(2, 12)),
    classes=st.integers(1, 9),
)
def test_formula_and_trace_agree(model, shape, classes):
    if torch_takes(model, shape):
        assert traced(model, shape, classes) == formula(model, shape, classes)
    else:
        for build in (formula, on_meta):
            with pytest.raises(DoesNotFit, match=r"^.+ \(layer stage\d\.[a-z0-9.]+\); .+$"):
                build(model, shape, classes)


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (
            net(Stage(), Stage(padding="valid", kernel_size=4, blocks=4)),
            'a 4x4 kernel does not fit a 2x5 map (layer stage2.block3.conv); use padding="same", '
            "a smaller kernel_size or fewer layers",
        ),
        (
            net(*[Stage(pool=MaxPool())] * 4),
            "2x2 pooling does not fit a 1x1 map (layer stage4.pool); "
            "pool less often, use a smaller window or larger images",
        ),
        (
            net(Stage(filters=6), Stage(filters=8, block="residual", groups=4)),
            "groups=4 does not divide the 6 channels that come in (layer stage2.block1.conv1); "
            "change groups, or the filters before it",
        ),
    ],
)
def test_what_does_not_fit_is_named(model, wrong):
    with pytest.raises(DoesNotFit) as told:
        formula(model, (3, 8, 11), 10)
    assert str(told.value) == wrong


def test_images_of_the_right_size_are_not_resized():
    assert "resize" not in staged_chain(net(Stage(), resize_to=8), (1, 8, 8), 2).parts
    assert staged_chain(net(Stage(), resize_to=8), (1, 8, 9), 2).parts["resize"].output == (1, 8, 8)
