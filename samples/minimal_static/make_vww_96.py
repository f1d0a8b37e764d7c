#!/usr/bin/env python3
"""make_vww_96.py OUT.onnx: a network of the form of MLPerf Tiny's visual wake words (MobileNetV1 0.25, 96 x 96 pixels, two
classes), 80 % pruned. Its weights are seeded noise: it stands for the work, not for what it sees. The same bytes each time.
"""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SPARSITY = 0.8
# Output channels and stride of each separable block at a width of 0.25.
BLOCKS = [(16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *[(128, 1)] * 5, (256, 2), (256, 1)]


class Network:
    def __init__(self):
        self.rng = np.random.default_rng(96)
        self.nodes, self.constants = [], []

    def constant(self, array):
        self.constants.append(numpy_helper.from_array(array.astype(np.float32), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def node(self, op, *inputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [f"t{len(self.nodes)}"], **attributes))
        return self.nodes[-1].output[0]

    def conv(self, x, shape, stride, groups=1, prune=True):
        weight = self.rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        if prune:
            weight *= (self.rng.random(shape) >= SPARSITY) / np.sqrt(1 - SPARSITY)
        begin = 0 if stride == 2 and shape[2] == 3 else shape[2] // 2  # TensorFlow's SAME
        y = self.node("Conv", x, self.constant(weight), self.constant(self.rng.normal(0, 0.1, shape[0])),
                      kernel_shape=shape[2:], strides=[stride] * 2, pads=[begin] * 2 + [shape[2] // 2] * 2, group=groups)
        return self.node("Relu", y)


def make(path):
    net = Network()
    x, channels = net.conv("picture", (8, 3, 3, 3), 2, prune=False), 8
    for outputs, stride in BLOCKS:
        x = net.conv(x, (channels, 1, 3, 3), stride, channels, prune=False)
        x, channels = net.conv(x, (outputs, channels, 1, 1), 1), outputs
    x = net.node("Flatten", net.node("GlobalAveragePool", x))
    x = net.node("Gemm", x, net.constant(net.rng.normal(0, 0.5, (2, channels))), net.constant(np.zeros(2)), transB=1)
    x = net.node("Softmax", x, axis=1)
    graph = helper.make_graph(net.nodes, "vww_96", [helper.make_tensor_value_info("picture", TensorProto.FLOAT, [1, 3, 96, 96])],
                              [helper.make_tensor_value_info(x, TensorProto.FLOAT, [1, 2])], net.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    make(sys.argv[1])
