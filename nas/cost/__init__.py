"""What a network costs before it is trained: by closed formulas, and by tracing a built module. The two must agree.

Per image: parameters, FLOPs (2 x MACs of convolutions and dense layers; biases, norms and activations are not counted)
and the bytes of all layer outputs in fp32. Only the tracing imports torch.
"""

from collections.abc import Callable
from typing import Any

from nas.config import MLP, VGG19, ConvNet, LeNet5, Model, StagedNet
from nas.cost.chain import Chain as Chain
from nas.cost.convnet import convnet_chain as convnet_chain
from nas.cost.dense import head_chain as head_chain
from nas.cost.dense import mlp_chain as mlp_chain
from nas.cost.formulas import DoesNotFit as DoesNotFit
from nas.cost.formulas import conv_output as conv_output
from nas.cost.formulas import conv_params as conv_params
from nas.cost.lenet5 import lenet5_chain as lenet5_chain
from nas.cost.staged import staged_chain as staged_chain
from nas.cost.tracing import count_params as count_params
from nas.cost.tracing import trace_cost as trace_cost
from nas.cost.tracing import trace_layers as trace_layers
from nas.cost.vgg19 import vgg19_chain as vgg19_chain
from nas.records import Shape

CHAINS: dict[type[Model], Callable[[Any, Shape, int], Chain]] = {
    ConvNet: convnet_chain,
    LeNet5: lenet5_chain,
    MLP: mlp_chain,
    StagedNet: staged_chain,
    VGG19: vgg19_chain,
}
"""The networks that are known layer by layer. From a model, a shape (channels, height, width) and a number of classes
to its layers, or `DoesNotFit`.
"""
