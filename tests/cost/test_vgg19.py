import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nas import VGG19
from nas.cost import DoesNotFit
from tests.cost.traced import formula, on_meta, traced


def test_a_vgg19_has_the_published_24_million():
    cost = formula(VGG19(upscale_to=32), (3, 8, 8), 8)
    assert cost.params == cost.trainable_params == 20_024_384 + 4_212_744 == 24_237_128


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
        for cost in (formula, on_meta):
            with pytest.raises(DoesNotFit, match="VGG19 needs 32x32 pixels"):
                cost(model, shape, classes)
    else:
        assert traced(model, shape, classes) == formula(model, shape, classes)


def test_images_that_are_too_small_are_refused():
    with pytest.raises(DoesNotFit, match=r"^VGG19 needs 32x32 pixels, got 8x8; set upscale_to=32$"):
        formula(VGG19(), (3, 8, 8), 8)
    with pytest.raises(DoesNotFit, match=r"^VGG19 needs 32x32 pixels, got 16x32; set upscale_to=32$"):
        formula(VGG19(upscale_to=16), (3, 8, 16), 8)
