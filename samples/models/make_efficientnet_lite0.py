#!/usr/bin/env python3
"""Writes EfficientNet-Lite0 as an ONNX file from the trained weights of a PyTorch checkpoint.

    make_efficientnet_lite0.py efficientnet-lite0-57934424.pth efficientnet_lite0.onnx

Needs numpy and onnx only. Input `input` [1, 3, 224, 224] fp32, RGB, (value - 127) / 128. Output `logits` [1, 1000],
ImageNet's classes in their usual order. Batch norm stays a node of its own. The same weights give the same bytes.
The network: M. Tan, Q. Le, EfficientNet, ICML 2019, in its Lite form (no squeeze-and-excite, ReLU6).
"""
import argparse
import collections
import os
import pickle
import struct
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

IMAGE_SIZE = 224
BATCH_NORM_EPSILON = 1e-3

# (blocks, stride of the first) of each stage; kernels and channels follow from the weights' shapes.
STAGES = [(1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1)]

# ------------------------------------------------------------------------------------------------------- checkpoint

Storage = collections.namedtuple("Storage", "key dtype")
Slice = collections.namedtuple("Slice", "storage offset shape strides")  # offset and strides in elements


class CheckpointUnpickler(pickle.Unpickler):
    """Reads the objects of a checkpoint; every class but the four that a table of tensors needs is refused."""

    CLASSES = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch", "FloatStorage"): np.dtype("<f4"),
        ("torch", "LongStorage"): np.dtype("<i8"),
        ("torch._utils", "_rebuild_tensor_v2"):
            lambda storage, offset, shape, strides, *_: Slice(storage, offset, shape, strides),
    }

    def find_class(self, module, name):
        try:
            return self.CLASSES[module, name]
        except KeyError:
            raise pickle.UnpicklingError(f"unexpected class {module}.{name} in the checkpoint") from None

    def persistent_load(self, pid):
        _, dtype, key, _, _, _ = pid
        return Storage(key, dtype)


def read_checkpoint(path):
    """Returns {name: array} of a checkpoint in PyTorch's format before 1.6.

    That format is a row of pickles (magic number, version, platform, table of tensors, keys of the storages) and
    then, for each key, the number of elements as int64 and the elements.
    """
    with open(path, "rb") as file:
        if CheckpointUnpickler(file).load() != 0x1950A86A20F9469CFC6C:
            raise ValueError("not a PyTorch checkpoint of the old format")
        for _ in ("version", "platform"):
            CheckpointUnpickler(file).load()
        table = CheckpointUnpickler(file).load()
        dtypes = {slice_.storage.key: slice_.storage.dtype for slice_ in table.values()}
        storages = {}
        for key in CheckpointUnpickler(file).load():
            (count,) = struct.unpack("<q", file.read(8))
            storages[key] = np.frombuffer(file.read(count * dtypes[key].itemsize), dtypes[key])
    return {name: as_array(slice_, storages[slice_.storage.key]) for name, slice_ in table.items()}


def as_array(slice_, storage):
    strides = [stride * storage.itemsize for stride in slice_.strides]
    return np.ascontiguousarray(np.lib.stride_tricks.as_strided(storage[slice_.offset:], slice_.shape, strides))


# ---------------------------------------------------------------------------------------------------------- network


class Network:
    """The graph under construction. Methods take a value's name, append nodes and return the name of the result."""

    def __init__(self, weights):
        self.weights, self.nodes, self.initializers = weights, [], []
        self.relu6_bounds = [self.constant("relu6_min", np.float32(0)), self.constant("relu6_max", np.float32(6))]

    def constant(self, name, array):
        self.initializers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weight(self, name):
        return self.constant(name, self.weights[name])

    def node(self, op, name, inputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [name], name=name, **attributes))
        return name

    def conv(self, x, size, name, norm, stride=1, depthwise=False):
        """Convolution with SAME padding of a size x size map, then batch norm. Returns the value and its new size."""
        channels, _, kernel, _ = self.weights[f"{name}.weight"].shape
        out_size = -(-size // stride)
        total = max((out_size - 1) * stride + kernel - size, 0)
        before, after = total // 2, total - total // 2
        y = self.node("Conv", f"{name}.out", [x, self.weight(f"{name}.weight")], kernel_shape=[kernel, kernel],
                      strides=[stride, stride], pads=[before, before, after, after], group=channels if depthwise else 1)
        parameters = [self.weight(f"{norm}.{p}") for p in ("weight", "bias", "running_mean", "running_var")]
        return self.node("BatchNormalization", f"{norm}.out", [y, *parameters], epsilon=BATCH_NORM_EPSILON), out_size

    def relu6(self, x):
        return self.node("Clip", f"{x}.relu6", [x, *self.relu6_bounds])

    def block(self, x, size, name, stride, residual):
        """An inverted residual block; the first one of the network has no expansion."""
        y = x
        if f"{name}._expand_conv.weight" in self.weights:
            y, _ = self.conv(y, size, f"{name}._expand_conv", f"{name}._bn0")
            y = self.relu6(y)
        y, size = self.conv(y, size, f"{name}._depthwise_conv", f"{name}._bn1", stride, depthwise=True)
        y, _ = self.conv(self.relu6(y), size, f"{name}._project_conv", f"{name}._bn2")
        return self.node("Add", f"{name}.out", [x, y]) if residual else y, size


def efficientnet_lite0(weights):
    net = Network(weights)
    x, size = net.conv("input", IMAGE_SIZE, "_conv_stem", "_bn0", stride=2)
    x = net.relu6(x)
    index = 0
    for blocks, first_stride in STAGES:
        for repeat in range(blocks):
            stride = first_stride if repeat == 0 else 1
            x, size = net.block(x, size, f"_blocks.{index}", stride, residual=repeat > 0)
            index += 1
    x, size = net.conv(x, size, "_conv_head", "_bn1")
    x = net.node("GlobalAveragePool", "pooled", [net.relu6(x)])
    x = net.node("Flatten", "features", [x], axis=1)
    net.node("Gemm", "logits", [x, net.weight("_fc.weight"), net.weight("_fc.bias")], transB=1)
    graph = helper.make_graph(
        net.nodes, "efficientnet_lite0",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, IMAGE_SIZE, IMAGE_SIZE])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, 1000])], net.initializers)
    model = helper.make_model(graph, producer_name="lacuna", opset_imports=[helper.make_opsetid("", 13)], ir_version=7)
    onnx.checker.check_model(model)
    return model


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", help="trained weights, .pth")
    parser.add_argument("output", help="the ONNX file to write")
    args = parser.parse_args()
    try:
        model = efficientnet_lite0(read_checkpoint(args.checkpoint))
    except (OSError, EOFError, KeyError, ValueError, struct.error, pickle.UnpicklingError) as error:
        parser.exit(1, f"cannot read EfficientNet-Lite0 from {args.checkpoint}: {error}\n")
    part = f"{args.output}.part"
    with open(part, "wb") as file:
        file.write(model.SerializeToString(deterministic=True))
    os.replace(part, args.output)


if __name__ == "__main__":
    sys.exit(main())
