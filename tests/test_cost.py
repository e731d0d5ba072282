"""Closed formulas, traced modules and published figures must agree."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nas import VGG19, ConvNet
from nas.cost import DoesNotFit, conv_output, conv_params, convnet_cost, trace_cost, vgg19_cost
from nas.models.build import build_model
from nas.records import Cost

# conv_layers, filters, kernel_size, dense_layers, batch_norm, max_pool, dropout, params; 1,024 wide, 8 classes
PUBLISHED = [
    (1, 64, 5, 1, False, False, 0.0, 79_624),
    (2, 64, 5, 1, False, False, 0.0, 182_088),
    (4, 64, 5, 1, False, False, 0.0, 387_016),
    (8, 64, 5, 1, False, False, 0.0, 796_872),
    (4, 64, 5, 2, False, False, 0.0, 1_436_616),
    (4, 64, 5, 4, False, False, 0.0, 3_535_816),
    (4, 32, 5, 2, False, False, 0.0, 1_170_920),
    (4, 128, 5, 2, False, False, 0.0, 2_428_808),
    (4, 256, 5, 2, False, False, 0.0, 6_256_392),
    (4, 256, 5, 2, False, True, 0.0, 6_256_392),
    (4, 256, 5, 2, False, False, 0.2, 6_256_392),
    (4, 256, 5, 2, True, False, 0.0, 6_268_680),
    (4, 256, 5, 2, False, True, 0.2, 6_256_392),
    (4, 256, 5, 2, True, True, 0.0, 6_268_680),
    (4, 256, 5, 2, False, True, 0.2, 6_256_392),
    (4, 256, 5, 2, True, True, 0.2, 6_268_680),
    (4, 256, 3, 2, False, False, 0.2, 3_098_376),
    (4, 256, 5, 2, False, False, 0.2, 6_256_392),
    (4, 256, 7, 2, False, False, 0.2, 10_993_416),
    (4, 256, 9, 2, False, False, 0.2, 17_309_448),
]


def on_meta(model, shape, classes):
    with torch.device("meta"):
        return build_model(model, shape, classes)


@pytest.mark.parametrize("row", PUBLISHED)
def test_params_equal_the_published_ones(row):
    *fields, params = row
    names = ("conv_layers", "filters", "kernel_size", "dense_layers", "batch_norm", "max_pool", "dropout")
    model = ConvNet(dense_width=1024, **dict(zip(names, fields, strict=True)))
    assert convnet_cost(model, (3, 8, 8), 8).params == params
    assert trace_cost(on_meta(model, (3, 32, 48), 8), (3, 32, 48)).params == params


def test_a_vgg19_has_the_published_24_million():
    cost = vgg19_cost(VGG19(upscale_to=32), (3, 8, 8), 8)
    assert cost.params == cost.trainable_params == 20_024_384 + 4_212_744 == 24_237_128


def test_a_network_small_enough_to_count_by_hand():
    small = ConvNet(conv_layers=1, filters=2, kernel_size=3, dense_layers=1, dense_width=5)
    model = small.replace(batch_norm=True, max_pool=True, dropout=0.5)
    weights = 56 + (2 + 1) * 5 + (5 + 1) * 7
    channels = 2 + 5  # with batch norm
    macs = 3 * 3 * 3 * 2 * (4 * 6) + 2 * 5 + 5 * 7
    # conv, norm, ReLU on 4 x 6; pooled to 2 x 3; averaged; dense, norm, ReLU, dropout; output
    outputs = 3 * 2 * (4 * 6) + 2 * (2 * 3) + 2 + 4 * 5 + 7
    expected = Cost(weights + 4 * channels, weights + 2 * channels, 2 * macs, 4 * outputs)
    assert convnet_cost(model, (3, 4, 6), 7) == expected == Cost(141, 127, 2682, 740)


def test_known_values_of_the_formulas():
    assert conv_output(7, 3, 2, 1) == 4
    assert conv_params(3, 3, 2) == 56


@given(n=st.integers(1, 30), f=st.integers(1, 12), s=st.integers(1, 5), p=st.integers(0, 5))
def test_conv_output_counts_the_places_of_the_kernel(n, f, s, p):
    assert max(conv_output(n, f, s, p), 0) == len(range(0, n + 2 * p - f + 1, s))


sides = st.integers(1, 20)
shapes = st.tuples(st.integers(1, 4), sides, sides)


@st.composite
def convnets(draw):
    padding = draw(st.sampled_from(["same", "valid"]))
    return ConvNet(
        conv_layers=draw(st.integers(1, 6)),
        filters=draw(st.integers(1, 9)),
        kernel_size=draw(st.integers(1, 7).filter(lambda side: padding == "valid" or side % 2 == 1)),
        padding=padding,
        dense_layers=draw(st.integers(0, 3)),
        dense_width=draw(st.integers(1, 9)),
        batch_norm=draw(st.booleans()),
        max_pool=draw(st.booleans()),
        dropout=draw(st.sampled_from([0.0, 0.3])),
    )


def torch_takes(model, shape):
    """Whether plain torch layers, stacked without any check of ours, take images of this shape."""
    maps = torch.zeros(1, *shape, device="meta")
    padding = model.kernel_size // 2 if model.padding == "same" else 0
    try:
        for _ in range(model.conv_layers):
            convolution = nn.Conv2d(maps.shape[1], model.filters, model.kernel_size, padding=padding, device="meta")
            maps = convolution(maps)
            if model.max_pool and maps.shape[2] > 1 and maps.shape[3] > 1:
                maps = nn.functional.max_pool2d(maps, 2)
    except RuntimeError:
        return False
    return True


@settings(deadline=None, max_examples=150)
@given(model=convnets(), shape=shapes, classes=st.integers(1, 12))
def test_formula_and_trace_agree_for_convnets(model, shape, classes):
    if torch_takes(model, shape):
        assert trace_cost(on_meta(model, shape, classes), shape) == convnet_cost(model, shape, classes)
    else:
        for cost in (convnet_cost, on_meta):
            with pytest.raises(DoesNotFit, match=r"does not fit a \d+x\d+ map"):
                cost(model, shape, classes)


@settings(deadline=None, max_examples=30)
@given(
    model=st.builds(
        VGG19,
        head_width=st.integers(1, 99),
        dropout=st.sampled_from([0.0, 0.5]),
        upscale_to=st.one_of(st.none(), st.integers(20, 80)),
    ),
    shape=st.tuples(st.integers(1, 4), st.integers(1, 100), st.integers(1, 100)),
    classes=st.integers(1, 12),
)
def test_formula_and_trace_agree_for_vgg19(model, shape, classes):
    if max(min(shape[1:]), model.upscale_to or 0) < 32:
        for cost in (vgg19_cost, on_meta):
            with pytest.raises(DoesNotFit, match="VGG19 needs 32x32 pixels"):
                cost(model, shape, classes)
    else:
        assert trace_cost(on_meta(model, shape, classes), shape) == vgg19_cost(model, shape, classes)


def test_each_two_batch_norms_add_four_numbers_a_channel_and_train_two():
    plain, normed = (
        convnet_cost(ConvNet(conv_layers=1, filters=6, dense_layers=1, dense_width=10, batch_norm=norm), (3, 8, 8), 8)
        for norm in (False, True)
    )
    assert normed.params - plain.params == 4 * (6 + 10)
    assert normed.trainable_params - plain.trainable_params == 2 * (6 + 10)


def test_a_map_is_pooled_while_both_its_sides_are_larger_than_a_pixel():
    model = ConvNet(conv_layers=4, filters=1, max_pool=True, dense_layers=0)
    # 4 x 20 -> 2 x 10 -> 1 x 5, then no more
    outputs = 2 * 80 + 20 + 2 * 20 + 5 + 2 * (2 * 5) + 1 + 8
    assert convnet_cost(model, (3, 4, 20), 8).activation_bytes == 4 * outputs


def test_what_does_not_fit_is_named():
    valid = ConvNet(conv_layers=5, kernel_size=5, padding="valid")
    with pytest.raises(DoesNotFit, match=r"^a 5x5 kernel does not fit a 3x40 map \(layer conv 4\); use padding"):
        convnet_cost(valid, (3, 15, 52), 8)
    with pytest.raises(DoesNotFit, match=r"^VGG19 needs 32x32 pixels, got 8x8; set upscale_to=32$"):
        vgg19_cost(VGG19(), (3, 8, 8), 8)
    with pytest.raises(DoesNotFit, match=r"^VGG19 needs 32x32 pixels, got 16x32; set upscale_to=32$"):
        vgg19_cost(VGG19(upscale_to=16), (3, 8, 16), 8)


def test_tracing_counts_what_is_frozen_as_not_trainable_and_a_shared_layer_once():
    shared = nn.Linear(4, 4)
    module = nn.Sequential(nn.Flatten(), shared, shared, nn.Linear(4, 3).requires_grad_(False))
    cost = trace_cost(module, (1, 2, 2))
    assert cost == Cost(params=20 + 15, trainable_params=20, flops=2 * (16 + 16 + 12), activation_bytes=4 * (4 + 4 + 3))


def test_tracing_leaves_the_module_as_it_was():
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2).eval(), nn.Dropout())
    statistics = module[1].running_mean.clone()
    trace_cost(module, (1, 5, 5))
    assert [layer.training for layer in module] == [True, False, True]
    assert not any(layer._forward_hooks or layer._forward_pre_hooks for layer in module)
    assert torch.equal(module[1].running_mean, statistics)


def test_tracing_names_the_layer_that_cannot_take_its_input():
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 9)).to("meta")
    with pytest.raises(DoesNotFit, match=r"\(layer 1\)$"):
        trace_cost(module, (1, 8, 8))
    assert trace_cost(module, (1, 11, 11)).params == 20 + 326
