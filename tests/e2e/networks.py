"""Small pruned networks of the kinds that people prune, with seeded random weights, as ONNX files."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SIZE = 64  # of the input image


class Network:
    """A graph under construction; every method appends nodes and returns the name of their output."""

    def __init__(self, sparsity):
        self.sparsity = sparsity
        self.rng = np.random.default_rng(1)
        self.nodes, self.constants = [], []

    def constant(self, array):
        self.constants.append(numpy_helper.from_array(np.asarray(array, np.float32), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def node(self, op, *inputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [f"t{len(self.nodes)}"], **attributes))
        return self.nodes[-1].output[0]

    def pruned(self, shape):
        weight = self.rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        return weight * (self.rng.random(shape) >= self.sparsity)

    def conv(self, x, inputs, outputs, kernel=1, stride=1, groups=1, batch_norm=True):
        weight = self.pruned((outputs, inputs // groups, kernel, kernel))
        pads = [kernel // 2] * 4
        x = self.node("Conv", x, self.constant(weight), kernel_shape=[kernel] * 2, strides=[stride] * 2, pads=pads,
                      group=groups)
        if not batch_norm:
            return x
        scale, shift, mean = (self.rng.normal(offset, 0.1, outputs) for offset in (1, 0, 0))
        variance = self.rng.uniform(0.5, 1.5, outputs)
        return self.node("BatchNormalization", x, *map(self.constant, (scale, shift, mean, variance)))

    def relu6(self, x):
        return self.node("Clip", x, self.constant(0.0), self.constant(6.0))

    def save(self, output, path):
        image = helper.make_tensor_value_info("data", TensorProto.FLOAT, ["batch", 3, SIZE, SIZE])
        result = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", 10])
        graph = helper.make_graph(self.nodes, "network", [image], [result], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, path)


def head(net, x, channels):
    x = net.node("Flatten", net.node("GlobalAveragePool", x))
    return net.node("Gemm", x, net.constant(net.pruned((10, channels))), net.constant(np.zeros(10)), transB=1)


def bottlenecks(net):
    """ResNet-50's blocks."""
    x = net.node("Relu", net.conv("data", 3, 32, 7, 2))
    x = net.node("MaxPool", x, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = 32
    for width, stride in ((32, 1), (64, 2), (128, 2)):
        y = net.node("Relu", net.conv(x, channels, width))
        y = net.node("Relu", net.conv(y, width, width, 3, stride))
        y = net.conv(y, width, 4 * width)
        x = net.node("Relu", net.node("Add", y, net.conv(x, channels, 4 * width, 1, stride)))
        channels = 4 * width
    return head(net, x, channels)


def inverted_residuals(net):
    """MobileNetV2's blocks."""
    x = net.relu6(net.conv("data", 3, 16, 3, 2))
    inputs = 16
    for outputs, stride, kernel in ((24, 2, 3), (24, 1, 3), (40, 2, 5), (40, 1, 5), (300, 2, 3)):
        y = net.relu6(net.conv(x, inputs, 6 * inputs))
        y = net.relu6(net.conv(y, 6 * inputs, 6 * inputs, kernel, stride, 6 * inputs))
        y = net.conv(y, 6 * inputs, outputs)
        x, inputs = (net.node("Add", x, y) if stride == 1 else y), outputs
    return head(net, x, inputs)


def squeeze_excite(net):
    """A block of EfficientNet's kind, with grouped convolution and concatenation."""
    x = net.conv("data", 3, 32, 3, 2)
    x = net.node("Mul", x, net.node("Sigmoid", x))
    gate = net.node("ReduceMean", x, axes=[2, 3], keepdims=1)
    gate = net.node("Relu", net.conv(gate, 32, 8, batch_norm=False))
    gate = net.node("HardSigmoid", net.conv(gate, 8, 32, batch_norm=False))
    x = net.node("Mul", x, gate)
    parts = [net.conv(x, 32, 32, 3, 1, 4), net.node("AveragePool", x, kernel_shape=[3, 3], pads=[1, 1, 1, 1])]
    x = net.node("Concat", *parts, axis=1)
    return head(net, net.node("Resize", x, "", net.constant([1, 1, 0.5, 0.5])), 64)


KINDS = {"bottlenecks": bottlenecks, "inverted_residuals": inverted_residuals, "squeeze_excite": squeeze_excite}


def make(kind, sparsity, path):
    net = Network(sparsity)
    net.save(KINDS[kind](net), path)
