#!/usr/bin/env python3
"""Writes the pruned networks that the benchmark times, as ONNX files.

    make_networks.py DIR [--networks resnet50 ...] [--sparsities 0 80 90 95]

Weights are random and seeded, zeros fall anywhere: speed depends on shapes and on the number of zeros, not on what a
network has learnt. The first convolution, the depthwise ones and the classifier stay dense, as pruning leaves them.
Batch norm is folded already. Needs numpy and onnx. The same call gives the same weights.

ResNet-50: He et al., CVPR 2016, with the stride in the 3x3 convolution. MobileNet v1: Howard et al., 2017.
MobileNet v2: Sandler et al., CVPR 2018.
"""
import argparse
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

CLASSES = 1000
IMAGE_CHANNELS = 3
SPARSITIES = [0, 80, 90, 95]  # per cent of the prunable weights


class Network:
    """A graph under construction; every method appends nodes and returns the name of their output."""

    def __init__(self, sparsity, size=224):
        self.keep, self.size = 1 - sparsity / 100, size
        self.rng = np.random.default_rng(2024)
        self.nodes, self.constants = [], []

    def constant(self, values):
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, np.float32), name))
        return name

    def node(self, op, *inputs, **attributes):
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def weights(self, shape, gain=2.0):
        """He and others' initialisation for ReLU, ICCV 2015; `gain` is what the layer does to the variance."""
        return self.rng.normal(0, np.sqrt(gain / np.prod(shape[1:])), shape)

    def conv(self, x, inputs, outputs, kernel=1, stride=1, groups=1, gain=2.0):
        weights = self.weights((outputs, inputs // groups, kernel, kernel), gain)
        if groups == 1 and inputs > IMAGE_CHANNELS:
            weights *= self.rng.random(weights.shape) < self.keep
        bias = self.rng.normal(0, 0.02, outputs)
        return self.node("Conv", x, self.constant(weights), self.constant(bias), kernel_shape=[kernel] * 2,
                         strides=[stride] * 2, pads=[kernel // 2] * 4, group=groups)

    def relu(self, x):
        return self.node("Relu", x)

    def relu6(self, x):
        return self.node("Clip", x, self.constant(0), self.constant(6))

    def classifier(self, x, inputs, classes=CLASSES):
        flat = self.node("Flatten", self.node("GlobalAveragePool", x), axis=1)
        return self.node("Gemm", flat, self.constant(self.weights((classes, inputs))),
                         self.constant(np.zeros(classes)), transB=1)

    def save(self, output, path, classes=CLASSES):
        shape = [1, IMAGE_CHANNELS, self.size, self.size]
        graph = helper.make_graph(
            self.nodes, path.stem, [helper.make_tensor_value_info("image", TensorProto.FLOAT, shape)],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, classes])], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def resnet50(net):
    x = net.relu(net.conv("image", IMAGE_CHANNELS, 64, kernel=7, stride=2))
    x = net.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    channels = 64
    for stage, blocks in enumerate([3, 4, 6, 3]):
        width = 64 << stage
        for block in range(blocks):
            stride = 2 if stage > 0 and block == 0 else 1
            y = net.relu(net.conv(x, channels, width))
            y = net.relu(net.conv(y, width, width, kernel=3, stride=stride))
            y = net.conv(y, width, 4 * width, gain=0.2)  # small, so that the sum does not grow from block to block
            if block == 0:
                x = net.conv(x, channels, 4 * width, stride=stride, gain=1.0)
            x, channels = net.relu(net.node("Add", x, y)), 4 * width
    return net.classifier(x, channels)


def mobilenet_v1(net):
    x, channels = net.relu(net.conv("image", IMAGE_CHANNELS, 32, kernel=3, stride=2)), 32
    for outputs, stride in [(64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2)] + 5 * [(512, 1)] + \
            [(1024, 2), (1024, 1)]:
        x = net.relu(net.conv(x, channels, channels, kernel=3, stride=stride, groups=channels))
        x, channels = net.relu(net.conv(x, channels, outputs)), outputs
    return net.classifier(x, channels)


def mobilenet_v2(net):
    x, channels = net.relu6(net.conv("image", IMAGE_CHANNELS, 32, kernel=3, stride=2)), 32
    for expansion, outputs, blocks, first_stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                                     (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for block in range(blocks):
            stride, wide = first_stride if block == 0 else 1, channels * expansion
            y = net.relu6(net.conv(x, channels, wide)) if expansion > 1 else x
            y = net.relu6(net.conv(y, wide, wide, kernel=3, stride=stride, groups=wide))
            y = net.conv(y, wide, outputs, gain=1.0)
            x = net.node("Add", x, y) if block > 0 else y
            channels = outputs
    return net.classifier(net.relu6(net.conv(x, channels, 1280)), 1280)


BUILDERS = {"resnet50": resnet50, "mobilenet_v1": mobilenet_v1, "mobilenet_v2": mobilenet_v2}


def make(name, sparsity, path):
    """Writes one of BUILDERS."""
    net = Network(sparsity)
    net.save(BUILDERS[name](net), path)


def prune(source, sparsity, path):
    """Writes `source` with the smallest weights of each prunable convolution, `sparsity` per cent of them, at zero."""
    model = onnx.load(source)
    constants = {constant.name: constant for constant in model.graph.initializer}
    for node in model.graph.node:
        if node.op_type != "Conv" or any(a.name == "group" and a.i > 1 for a in node.attribute):
            continue
        weights = numpy_helper.to_array(constants[node.input[1]])
        if weights.shape[1] > IMAGE_CHANNELS and sparsity > 0:
            size = np.abs(weights)
            pruned = np.where(size > np.quantile(size, sparsity / 100), weights, np.float32(0))
            constants[node.input[1]].CopyFrom(numpy_helper.from_array(pruned, node.input[1]))
    onnx.save(model, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dir", type=pathlib.Path)
    parser.add_argument("--networks", nargs="+", choices=BUILDERS, default=list(BUILDERS))
    parser.add_argument("--sparsities", type=int, nargs="+", default=SPARSITIES, metavar="PERCENT")
    args = parser.parse_args()
    args.dir.mkdir(parents=True, exist_ok=True)
    for name in args.networks:
        for sparsity in args.sparsities:
            make(name, sparsity, args.dir / f"{name}_{sparsity}.onnx")


if __name__ == "__main__":
    main()
