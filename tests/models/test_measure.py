import subprocess
import sys

import pytest
import torch
from torch import nn

from nas import MLP, VGG19, ConvNet, Cost, LeNet5, Model, Stage, StagedNet
from nas.cost import CHAINS, DoesNotFit
from nas.models.measure import measure_cost


class Mlp(Model, kind="test_measure_mlp"):
    width: int = 5

    def build(self, shape, classes):
        pixels = shape[0] * shape[1] * shape[2]
        return nn.Sequential(nn.Flatten(), nn.Linear(pixels, self.width), nn.ReLU(), nn.Linear(self.width, classes))


class NeedsNumbers(Model, kind="test_measure_numbers"):
    def build(self, shape, classes):
        rates = torch.linspace(0, 0.5, 2)
        return nn.Sequential(nn.Flatten(), nn.Dropout(rates[1].item()), nn.Linear(shape[1] * shape[2], classes))


class Shrinks(Model, kind="test_measure_shrinks"):
    def build(self, shape, classes):
        return nn.Sequential(nn.Conv2d(shape[0], 2, 5), nn.Conv2d(2, 2, 5), nn.AdaptiveAvgPool2d(1), nn.Flatten())


class Broken(Model, kind="test_measure_broken"):
    def build(self, shape, classes):
        return nn.Linear(shape[3], classes)


class WiderConvNet(ConvNet, kind="test_measure_wider"):
    def build(self, shape, classes):
        return nn.Sequential(nn.Flatten(), nn.Linear(shape[0] * shape[1] * shape[2], classes))


@pytest.mark.parametrize("model", [ConvNet(), LeNet5(), MLP(), StagedNet(stages=(Stage(),)), VGG19()])
def test_known_networks_are_measured_by_formula(model):
    assert measure_cost(model, (3, 40, 32), 8) == CHAINS[type(model)](model, (3, 40, 32), 8).cost()


def test_known_networks_are_measured_without_torch():
    code = """
import sys
from nas import MLP, VGG19, ConvNet, LeNet5, Stage, StagedNet
from nas.models.measure import measure_cost
for model in ConvNet(), VGG19(upscale_to=32), MLP(), LeNet5(), StagedNet(stages=(Stage(),)):
    print(measure_cost(model, (3, 8, 8), 8).params)
print(sorted({"torch", "torchvision", "numpy", "optuna", "ray", "mlflow", "pandas"} & set(sys.modules)))
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    convnet = 1_792 + 3 * 36_928 + 66_560 + 8_200
    lenet5 = 61_706 + 2 * 150 - 2 * 85  # two channels more, two classes fewer
    mlp, staged = 193 * 128 + 129 * 8, 28 * 32 + 33 * 8
    assert run.stdout.split() == [*map(str, (convnet, 24_237_128, mlp, lenet5, staged)), "[]"]


def test_a_model_of_ones_own_is_built_and_traced():
    # 1 x 3 x 4 pixels -> 5 -> 2
    assert measure_cost(Mlp(), (1, 3, 4), 2) == Cost(65 + 12, 65 + 12, 2 * (60 + 10), 4 * (5 + 5 + 2))


def test_a_model_far_too_large_for_the_memory_is_measured_too():
    assert measure_cost(Mlp(width=10**9), (1, 3, 4), 2).params == 13 * 10**9 + 2 * 10**9 + 2


def test_a_model_that_reads_numbers_while_it_is_built_is_measured_with_them():
    assert measure_cost(NeedsNumbers(), (1, 3, 4), 2) == Cost(26, 26, 48, 4 * (12 + 2))


def test_a_model_of_ones_own_that_is_too_deep_for_the_image_does_not_fit():
    assert measure_cost(Shrinks(), (1, 9, 9), 2).params == 52 + 102
    with pytest.raises(DoesNotFit, match=r"\(layer 1\)$"):
        measure_cost(Shrinks(), (1, 8, 8), 2)


def test_a_mistake_in_a_models_own_code_is_not_taken_for_a_misfit():
    with pytest.raises(IndexError, match="tuple index out of range"):
        measure_cost(Broken(), (1, 8, 8), 2)


def test_a_known_network_with_a_build_of_its_own_is_measured_by_that():
    assert measure_cost(WiderConvNet(), (1, 3, 4), 2).params == 26
