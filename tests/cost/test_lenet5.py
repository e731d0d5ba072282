import pytest

from nas import LeNet5
from nas.cost import lenet5_chain
from tests.cost.traced import formula, traced

BY_HAND = 6 * 26 + 16 * (6 * 25 + 1) + 120 * 401 + 84 * 121 + 10 * 85


@pytest.mark.parametrize("variant", ["original", "modern"])
@pytest.mark.parametrize("side", [28, 32, 40])
def test_it_has_61_706_params_at_every_size(variant, side):
    cost = formula(LeNet5(variant=variant), (1, side, side), 10)
    assert cost.params == cost.trainable_params == BY_HAND == 61_706
    assert cost == traced(LeNet5(variant=variant), (1, side, side), 10)
    assert cost.flops == 2 * (28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 120 * 400 + 84 * 120 + 10 * 84)


def test_a_colour_adds_its_kernels():
    assert formula(LeNet5(), (3, 32, 32), 10).params == 61_706 + 2 * 6 * 25


@pytest.mark.parametrize(
    ("sides", "first"), [((28, 28), "pad"), ((32, 32), "conv1"), ((28, 32), "resize"), ((8, 8), "resize")]
)
def test_images_are_brought_to_32_pixels(sides, first):
    chain = lenet5_chain(LeNet5(), (1, *sides), 10)
    assert next(iter(chain.parts)) == first
    assert chain.parts["conv1"].output == (6, 28, 28)


def test_its_layers_bear_readable_names():
    names = "conv1 tanh1 pool1 conv2 tanh2 pool2 flatten dense1 dense1_tanh dense2 dense2_tanh output"
    assert list(lenet5_chain(LeNet5(), (1, 32, 32), 10).parts) == names.split()
