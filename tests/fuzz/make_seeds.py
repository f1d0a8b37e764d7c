"""Writes the seeds of the importers' targets into corpus/, and the models of tests/golden/source: small models of many
operators. Needs tests/requirements.txt. Seeds that are there stay as they are."""
import pathlib
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
from tflite_model import Model  # noqa: E402

RNG = np.random.default_rng(5)


def noise(*shape, sparsity=0.0):
    return (RNG.normal(size=shape) * (RNG.random(shape) >= sparsity)).astype(np.float32)


def onnx_seed(nodes, constants=(), shape=("n", 4, 6, 6)):
    """A model of x to y."""
    graph = helper.make_graph(
        [helper.make_node(op, inputs, outputs, **attributes) for op, inputs, outputs, attributes in nodes], "seed",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in dict(constants).items()])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def one(op, constants=(), shape=("n", 4, 6, 6), **attributes):
    return onnx_seed([(op, ["x", *dict(constants)], ["y"], attributes)], constants, shape)


def ints(*values):
    return np.array(values, np.int64)


def onnx_seeds():
    weight = noise(6, 4, 3, 3, sparsity=0.7)
    yield "conv", one("Conv", {"w": weight, "b": noise(6)}, kernel_shape=[3, 3], strides=[2, 1], pads=[1, 0, 1, 2])
    yield "conv_depthwise", one("Conv", {"w": noise(4, 1, 3, 3)}, group=4, dilations=[2, 1])
    yield "conv_auto_pad", one("Conv", {"w": weight}, auto_pad="SAME_UPPER")
    yield "conv_1d", one("Conv", {"w": noise(3, 4, 5)}, shape=(1, 4, 20), pads=[2, 2])
    yield "conv_3d", one("Conv", {"w": noise(3, 2, 2, 2, 2)}, shape=(1, 2, 4, 4, 4))
    yield "conv_transpose", one("ConvTranspose", {"w": noise(4, 3, 3, 3)}, strides=[2, 2], output_padding=[1, 0], pads=[1] * 4)
    yield "batch_norm", one("BatchNormalization", {n: abs(noise(4)) for n in "abcd"})
    yield "gemm", one("Gemm", {"w": noise(5, 24, sparsity=0.9), "b": noise(5)}, shape=(2, 24), transB=1, alpha=0.5)
    yield "matmul", one("MatMul", {"w": noise(6, 3)})
    yield "pool", one("MaxPool", kernel_shape=[3, 2], strides=[2, 2], ceil_mode=1)
    yield "pool_average", one("AveragePool", kernel_shape=[2, 2], pads=[1, 1, 0, 0], count_include_pad=1)
    yield "resize", one("Resize", {"r": noise(0), "s": np.array([1, 1, 2, 1.5], np.float32)}, mode="linear",
                        coordinate_transformation_mode="align_corners")
    yield "slice", one("Slice", {"a": ints(1, -1), "b": ints(4, -9), "c": ints(2, 3), "d": ints(1, -2)})
    yield "pad", one("Pad", {"p": ints(0, 0, 1, -1, 0, 0, 2, 1)}, mode="reflect")
    yield "reshape", one("Reshape", {"s": ints(0, -1, 12)})
    yield "transpose", one("Transpose", perm=[0, 2, 3, 1])
    yield "gather", one("Gather", {"i": ints(3, 0, -1)}, axis=1)
    yield "split_concat", onnx_seed([("Split", ["x"], ["a", "b"], {"axis": 1}), ("Concat", ["b", "a"], ["y"], {"axis": -1})])
    yield "reduce", one("ReduceMean", axes=[2, -1], keepdims=0)
    yield "softmax", one("Softmax", axis=1)
    yield "layer_norm", onnx_seed([("ReduceMean", ["x"], ["m"], {"axes": [-1]}), ("Sub", ["x", "m"], ["d"], {}),
                                   ("Pow", ["d", "two"], ["q"], {}), ("ReduceMean", ["q"], ["v"], {"axes": [-1]}),
                                   ("Add", ["v", "eps"], ["e"], {}), ("Sqrt", ["e"], ["s"], {}),
                                   ("Div", ["d", "s"], ["y"], {})],
                                  {"two": np.float32(2), "eps": np.float32(1e-5)})
    yield "elementwise", onnx_seed([("Sigmoid", ["x"], ["s"], {}), ("Mul", ["x", "s"], ["p"], {}),
                                    ("Clip", ["p", "low", "high"], ["y"], {})], {"low": np.float32(0), "high": np.float32(6)})
    yield "shapes", onnx_seed([("Shape", ["x"], ["s"], {}), ("Gather", ["s", "zero"], ["n"], {}),
                               ("Unsqueeze", ["n", "axis"], ["u"], {}), ("Concat", ["u", "rest"], ["t"], {"axis": 0}),
                               ("Reshape", ["x", "t"], ["y"], {})],
                              {"zero": np.array(0, np.int64), "axis": ints(0), "rest": ints(-1)})
    yield "depth_to_space", one("DepthToSpace", blocksize=2, mode="CRD")
    yield "expand_tile", onnx_seed([("Expand", ["x", "s"], ["e"], {}), ("Tile", ["e", "r"], ["y"], {})],
                                   {"s": ints(2, 4, 6, 6), "r": ints(1, 2, 1, 1)})
    yield "einsum", one("Einsum", {"w": noise(6, 2)}, equation="nchw,wd->nchd")
    half = numpy_helper.from_array(noise(6, 4, 1, 1).astype(np.float16), "h")
    graph = helper.make_graph([helper.make_node("Cast", ["h"], ["w"], to=TensorProto.FLOAT),
                               helper.make_node("Conv", ["x", "w"], ["y"])], "seed",
                              [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 5, 5])],
                              [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)], [half])
    yield "half", helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8).SerializeToString()


def tflite_seeds(folder):
    def save(name, model, *outputs):
        if not (folder / name).exists():
            model.save(folder / name, *outputs)

    def unary(name, op, options=None, shape=(1, 6, 6, 4), extra=()):
        model = Model()
        x = model.input(*shape)
        save(name, model, model.op(op, [x, *[make(model) for make in extra]], options))

    def conv(model, x, channels, outputs, sparsity=0.6):
        return model.op("CONV_2D", [x, model.constant(noise(outputs, 3, 3, channels, sparsity=sparsity)),
                                    model.constant(noise(outputs))], ("Conv2DOptions", {"strideH": 2, "strideW": 2}))

    model = Model()
    save("conv", model, conv(model, model.input(1, 7, 6, 4), 4, 5))
    model = Model()
    x = model.input(1, 8, 8, 3)
    y = conv(model, x, 3, 6)
    y = model.op("DEPTHWISE_CONV_2D", [y, model.constant(noise(1, 3, 3, 6)), model.constant(noise(6))],
                 ("DepthwiseConv2DOptions", {"strideH": 1, "strideW": 1, "depthMultiplier": 1}))
    y = model.op("MEAN", [y, model.ints([1, 2])], ("ReducerOptions", {"keepDims": False}))
    y = model.op("FULLY_CONNECTED", [y, model.constant(noise(5, 6)), model.constant(noise(5))], ("FullyConnectedOptions", {}))
    save("classifier", model, model.op("SOFTMAX", [y], ("SoftmaxOptions", {"beta": 1.0})))
    unary("relu", "RELU")
    unary("logistic", "LOGISTIC")
    unary("hard_swish", "HARD_SWISH")
    unary("pool", "MAX_POOL_2D", ("Pool2DOptions", {"strideH": 2, "strideW": 2, "filterHeight": 2, "filterWidth": 3}))
    unary("reshape", "RESHAPE", ("ReshapeOptions", {}), extra=[lambda m: m.ints([1, 36, 4])])
    unary("pad", "PAD", ("PadOptions", {}), extra=[lambda m: m.ints([[0, 0], [1, 0], [0, 2], [0, 1]])])
    unary("transpose", "TRANSPOSE", ("TransposeOptions", {}), extra=[lambda m: m.ints([0, 3, 1, 2])])
    unary("strided_slice", "STRIDED_SLICE", ("StridedSliceOptions", {"beginMask": 1, "endMask": 1}),
          extra=[lambda m: m.ints([0, 1, 0, 0]), lambda m: m.ints([1, 5, 6, 4]), lambda m: m.ints([1, 2, 1, 1])])
    unary("resize", "RESIZE_BILINEAR", ("ResizeBilinearOptions", {"alignCorners": True}), extra=[lambda m: m.ints([9, 12])])
    unary("gather", "GATHER", ("GatherOptions", {"axis": 1}), extra=[lambda m: m.ints([3, 0])])
    unary("batch_to_space", "SPACE_TO_DEPTH", ("SpaceToDepthOptions", {"blockSize": 2}))
    model = Model()
    x = model.input(1, 6, 6, 4)
    both = model.op("CONCATENATION", [x, model.op("MUL", [x, x], ("MulOptions", {}))], ("ConcatenationOptions", {"axis": 3}))
    parts = model.op("SPLIT", [model.ints(3), both], ("SplitOptions", {"numSplits": 2}), outputs=2)
    save("split", model, *parts)


def main():
    (HERE / "corpus/onnx").mkdir(parents=True, exist_ok=True)
    (HERE / "corpus/tflite").mkdir(parents=True, exist_ok=True)
    for name, data in onnx_seeds():
        if not (HERE / "corpus/onnx" / name).exists():
            (HERE / "corpus/onnx" / name).write_bytes(data)
    tflite_seeds(HERE / "corpus/tflite")
    for target in ("packings", "graphs"):
        folder = HERE / "corpus" / target
        folder.mkdir(exist_ok=True)
        for i in range(24):
            if not (folder / f"random_{i:02}").exists():
                (folder / f"random_{i:02}").write_bytes(RNG.bytes(300))
    source = HERE.parent / "golden/source"
    source.mkdir(exist_ok=True)
    for kind, seed in (("onnx", "conv"), ("tflite", "conv")):
        if not (source / f"small.{kind}").exists():
            (source / f"small.{kind}").write_bytes((HERE / "corpus" / kind / seed).read_bytes())


if __name__ == "__main__":
    main()
