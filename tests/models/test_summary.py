import torch
from torch import nn

from nas import ConvNet
from nas.cost import convnet_chain
from nas.models.build import build_model
from nas.models.summary import layers


def test_the_table_of_a_convnet():
    model = ConvNet(conv_layers=1, filters=4, batch_norm=True, max_pool=True, dense_layers=1, dense_width=6)
    with torch.device("meta"):
        rows = layers(build_model(model, (3, 8, 6), 5), (3, 8, 6))
    assert rows == [
        ("conv1", "SpectralConv2d", (4, 8, 6), 112),
        ("norm1", "BatchNorm2d", (4, 8, 6), 16),
        ("relu1", "ReLU", (4, 8, 6), 0),
        ("pool1", "MaxPool2d", (4, 4, 3), 0),
        ("average_pool", "GlobalAveragePool", (4,), 0),
        ("dense1", "Linear", (6,), 30),
        ("dense1_norm", "BatchNorm1d", (6,), 24),
        ("dense1_relu", "ReLU", (6,), 0),
        ("output", "Linear", (5,), 35),
    ]
    assert sum(row.params for row in rows) == convnet_chain(model, (3, 8, 6), 5).cost().params


def test_a_layer_within_layers_bears_its_path_and_a_shared_one_counts_once():
    shared = nn.Linear(2, 2)
    module = nn.Sequential(nn.Flatten(), nn.Sequential(shared, shared))
    assert [(row.name, row.params) for row in layers(module, (1, 1, 2))] == [("0", 0), ("1.0", 6), ("1.0", 0)]
