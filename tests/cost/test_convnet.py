import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from nas import ConvNet
from nas.cost import DoesNotFit
from nas.records import Cost
from tests.cost.traced import formula, on_meta, traced

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


@pytest.mark.parametrize("row", PUBLISHED)
def test_params_equal_the_published_ones(row):
    *fields, params = row
    names = ("conv_layers", "filters", "kernel_size", "dense_layers", "batch_norm", "max_pool", "dropout")
    model = ConvNet(dense_width=1024, **dict(zip(names, fields, strict=True)))
    assert formula(model, (3, 8, 8), 8).params == params
    assert traced(model, (3, 32, 48), 8).params == params


def test_a_network_small_enough_to_count_by_hand():
    small = ConvNet(conv_layers=1, filters=2, kernel_size=3, dense_layers=1, dense_width=5)
    model = small.replace(batch_norm=True, max_pool=True, dropout=0.5)
    weights = 56 + (2 + 1) * 5 + (5 + 1) * 7
    channels = 2 + 5  # with batch norm
    macs = 3 * 3 * 3 * 2 * (4 * 6) + 2 * 5 + 5 * 7
    # conv, norm, ReLU on 4 x 6; pooled to 2 x 3; averaged; dense, norm, ReLU, dropout; output
    outputs = 3 * 2 * (4 * 6) + 2 * (2 * 3) + 2 + 4 * 5 + 7
    expected = Cost(weights + 4 * channels, weights + 2 * channels, 2 * macs, 4 * outputs)
    assert formula(model, (3, 4, 6), 7) == expected == Cost(141, 127, 2682, 740)


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
        assert traced(model, shape, classes) == formula(model, shape, classes)
    else:
        for cost in (formula, on_meta):
            with pytest.raises(DoesNotFit, match=r"does not fit a \d+x\d+ map"):
                cost(model, shape, classes)


def test_each_two_batch_norms_add_four_numbers_a_channel_and_train_two():
    plain, normed = (
        formula(ConvNet(conv_layers=1, filters=6, dense_layers=1, dense_width=10, batch_norm=norm), (3, 8, 8), 8)
        for norm in (False, True)
    )
    assert normed.params - plain.params == 4 * (6 + 10)
    assert normed.trainable_params - plain.trainable_params == 2 * (6 + 10)


def test_a_map_is_pooled_while_both_its_sides_are_larger_than_a_pixel():
    model = ConvNet(conv_layers=4, filters=1, max_pool=True, dense_layers=0)
    # 4 x 20 -> 2 x 10 -> 1 x 5, then no more
    outputs = 2 * 80 + 20 + 2 * 20 + 5 + 2 * (2 * 5) + 1 + 8
    assert formula(model, (3, 4, 20), 8).activation_bytes == 4 * outputs


def test_what_does_not_fit_is_named():
    valid = ConvNet(conv_layers=5, kernel_size=5, padding="valid")
    with pytest.raises(DoesNotFit, match=r"^a 5x5 kernel does not fit a 3x40 map \(layer conv4\); use padding"):
        formula(valid, (3, 15, 52), 8)
