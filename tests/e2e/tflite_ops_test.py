"""Each operator of TFLite that Lacuna imports, as a model of its own, against LiteRT."""
import itertools

import lacuna_program
import numpy as np
import oracle
import pytest
from ai_edge_litert import schema_py_generated as schema
from tflite_model import Model

BOUND = 1e-5
SAME, VALID = schema.Padding.SAME, schema.Padding.VALID
ACTIVATIONS = {"relu": 1, "relu_n1_to_1": 2, "relu6": 3}  # LiteRT leaves a fused tanh out

CASES = {}


def case(*parameters):
    """Registers build(model, *parameters), which gives the outputs, once for each tuple of parameters."""

    def register(build):
        for values in parameters or [()]:
            label = "-".join([build.__name__, *(str(v).replace(" ", "") for v in values)])
            assert label not in CASES, label
            CASES[label] = (build, values)
        return build

    return register


def weights(*shape):
    return np.random.default_rng(sum(shape)).uniform(-1, 1, shape).astype(np.float32)


# ---- Convolutions


@case(*itertools.product([SAME, VALID], [1, 2, 3], [(3, 3), (1, 1), (2, 4)], [1]), (SAME, 1, (3, 3), 2), (VALID, 1, (3, 2), 3))
def conv_2d(m, padding, stride, kernel, dilation):
    x = m.input(1, 9, 10, 4)
    w = m.constant(weights(6, *kernel, 4))
    b = m.constant(weights(6))
    return m.op("CONV_2D", [x, w, b], ("Conv2DOptions", dict(
        padding=padding, strideH=stride, strideW=stride, dilationHFactor=dilation, dilationWFactor=dilation)))


@case(*[(name,) for name in ACTIVATIONS])
def conv_2d_activation(m, activation):
    return m.op("CONV_2D", [m.input(1, 5, 5, 3), m.constant(weights(4, 3, 3, 3)), m.constant(weights(4))],
                ("Conv2DOptions", dict(padding=SAME, strideH=1, strideW=2,
                                       fusedActivationFunction=ACTIVATIONS[activation])))


@case()
def conv_2d_batch(m):
    return m.op("CONV_2D", [m.input(2, 5, 5, 3), m.constant(weights(4, 3, 3, 3)), m.constant(weights(4))],
                ("Conv2DOptions", dict(padding=SAME, strideH=1, strideW=1)))


@case()
def conv_2d_fp16_weights(m):
    w = m.op("DEQUANTIZE", [m.constant(weights(4, 3, 3, 3), np.float16)], ("DequantizeOptions", {}))
    b = m.op("DEQUANTIZE", [m.constant(weights(4), np.float16)], ("DequantizeOptions", {}))
    return m.op("CONV_2D", [m.input(1, 5, 5, 3), w, b], ("Conv2DOptions", dict(padding=SAME, strideH=1, strideW=1)))


@case()
def conv_2d_groups(m):
    return m.op("CONV_2D", [m.input(1, 6, 5, 8), m.constant(weights(4, 3, 3, 4)), m.constant(weights(4))],
                ("Conv2DOptions", dict(padding=SAME, strideH=1, strideW=1)))


@case((1, SAME, 1), (1, SAME, 2), (2, VALID, 1), (3, SAME, 2))
def depthwise_conv_2d(m, multiplier, padding, stride):
    w = m.constant(weights(1, 3, 3, 5 * multiplier))
    return m.op("DEPTHWISE_CONV_2D", [m.input(1, 8, 7, 5), w, m.constant(weights(5 * multiplier))],
                ("DepthwiseConv2DOptions", dict(padding=padding, strideH=stride, strideW=stride,
                                                depthMultiplier=multiplier, fusedActivationFunction=1)))


@case((2, 2), (3, 1))
def depthwise_conv_2d_dilated(m, dilation_h, dilation_w):
    return m.op("DEPTHWISE_CONV_2D", [m.input(1, 9, 9, 4), m.constant(weights(1, 3, 3, 4)), m.constant(weights(4))],
                ("DepthwiseConv2DOptions", dict(padding=SAME, strideH=1, strideW=1, depthMultiplier=1,
                                                dilationHFactor=dilation_h, dilationWFactor=dilation_w)))


@case((SAME, 1), (VALID, 2))
def conv_3d(m, padding, stride):
    return m.op("CONV_3D", [m.input(1, 5, 6, 7, 3), m.constant(weights(3, 3, 2, 3, 4)), m.constant(weights(4))],
                ("Conv3DOptions", dict(padding=padding, strideD=stride, strideH=stride, strideW=stride)))


@case((SAME, 2, (2, 2), (10, 12)), (SAME, 2, (3, 3), (10, 12)), (SAME, 2, (4, 4), (9, 11)), (VALID, 2, (3, 3), (11, 13)),
      (VALID, 1, (2, 3), (6, 8)), (SAME, 3, (2, 2), (15, 18)))
def transpose_conv(m, padding, stride, kernel, size):
    w = m.constant(weights(5, *kernel, 3))
    return m.op("TRANSPOSE_CONV", [m.ints([1, *size, 5]), w, m.input(1, 5, 6, 3), m.constant(weights(5))],
                ("TransposeConvOptions", dict(padding=padding, strideH=stride, strideW=stride)))


@case((2, (0, 0), (0, 0)), (2, (2, 3), (0, 1)), (3, (3, 3), (0, 0)))
def dilation_as_space_to_batch(m, block, pads, crops):
    total = 9 + sum(pads)
    pads = (pads[0], pads[1] + -total % block)
    batch = m.op("SPACE_TO_BATCH_ND", [m.input(1, 9, 9, 3), m.ints([block, block]), m.ints([pads, pads])],
                 ("SpaceToBatchNDOptions", {}))
    conv = m.op("CONV_2D", [batch, m.constant(weights(4, 2, 2, 3)), m.constant(weights(4))],
                ("Conv2DOptions", dict(padding=VALID, strideH=1, strideW=1)))
    return m.op("BATCH_TO_SPACE_ND", [conv, m.ints([block, block]), m.ints([crops, crops])],
                ("BatchToSpaceNDOptions", {}))


# ---- Products


@case((False, 2), (True, 2), (False, 3), (True, 3), (False, 4))
def fully_connected(m, keep, rank):
    x = m.input(*[2, 3, 2, 6][4 - rank:])
    return m.op("FULLY_CONNECTED", [x, m.constant(weights(5, 6)), m.constant(weights(5))],
                ("FullyConnectedOptions", dict(keepNumDims=keep, fusedActivationFunction=1)))


@case()
def fully_connected_flattens(m):
    return m.op("FULLY_CONNECTED", [m.input(2, 3, 4), m.constant(weights(5, 12)), -1], ("FullyConnectedOptions", {}))


@case()
def fully_connected_computed_weight(m):
    return m.op("FULLY_CONNECTED", [m.input(3, 4), m.input(5, 4), m.constant(weights(5))],
                ("FullyConnectedOptions", dict(fusedActivationFunction=1)))


@case(*itertools.product([False, True], [False, True]))
def batch_matmul(m, adj_x, adj_y):
    x = m.input(2, 3, *((5, 4) if adj_x else (4, 5)))
    y = m.input(2, 3, *((6, 5) if adj_y else (5, 6)))
    return m.op("BATCH_MATMUL", [x, y], ("BatchMatMulOptions", dict(adjX=adj_x, adjY=adj_y)))


# ---- Pools


@case(*itertools.product(["AVERAGE_POOL_2D", "MAX_POOL_2D", "L2_POOL_2D"], [SAME, VALID], [1, 2]))
def pool(m, op, padding, stride):
    return m.op(op, [m.input(1, 7, 8, 3)], ("Pool2DOptions", dict(
        padding=padding, strideH=stride, strideW=stride, filterHeight=3, filterWidth=2, fusedActivationFunction=1)))


@case((1,), (2,))
def local_response_normalization(m, radius):
    return m.op("LOCAL_RESPONSE_NORMALIZATION", [m.input(1, 3, 4, 6)],
                ("LocalResponseNormalizationOptions", dict(radius=radius, bias=1.5, alpha=0.3, beta=0.75)))


# ---- Functions of elements


@case(*[(op,) for op in ["ABS", "CEIL", "COS", "ELU", "EXP", "FLOOR", "HARD_SWISH", "LOGISTIC", "NEG", "RELU", "RELU6",
                         "RELU_0_TO_1", "RELU_N1_TO_1", "ROUND", "SIGN", "SIN", "SQUARE", "TANH"]])
def unary(m, op):
    scaled = m.op("MUL", [m.input(2, 3, 5), m.constant(8)], ("MulOptions", {}))
    return m.op(op, [scaled])


@case(("LOG",), ("SQRT",), ("RSQRT",))
def unary_positive(m, op):
    positive = m.op("ADD", [m.input(2, 3, 5), m.constant(1.5)], ("AddOptions", {}))
    return m.op(op, [positive])


@case()
def leaky_relu(m):
    return m.op("LEAKY_RELU", [m.input(2, 7)], ("LeakyReluOptions", dict(alpha=0.2)))


@case((False,), (True,))
def gelu(m, approximate):
    return m.op("GELU", [m.input(2, 7)], ("GeluOptions", dict(approximate=approximate)))


@case()
def prelu(m):
    return m.op("PRELU", [m.input(1, 3, 4, 5), m.constant(weights(1, 1, 5))])


BINARY = ["ADD", "SUB", "MUL", "DIV"]
BINARY_PLAIN = ["MINIMUM", "MAXIMUM", "SQUARED_DIFFERENCE"]


@case(*itertools.product(BINARY + BINARY_PLAIN, [((2, 3, 4), (2, 3, 4)), ((1, 4, 5, 3), (3,)), ((1, 1, 1, 3), (1, 4, 5, 3))]))
def binary(m, op, shapes):
    options = (op.title() + "Options", {}) if op in BINARY else None
    return m.op(op, [m.input(*shapes[0]), m.input(*shapes[1])], options)


@case(*itertools.product(BINARY, ACTIVATIONS))
def binary_activation(m, op, activation):
    return m.op(op, [m.input(2, 9), m.constant(weights(9))],
                (op.title() + "Options", dict(fusedActivationFunction=ACTIVATIONS[activation])))


@case()
def power(m):
    positive = m.op("ABS", [m.input(2, 5)], ("AbsOptions", {}))
    return m.op("POW", [positive, m.constant(1.7)], ("PowOptions", {}))


@case(("FLOOR_DIV",), ("FLOOR_MOD",))
def floor_division(m, op):
    return m.op(op, [m.input(2, 5), m.constant(np.full((2, 5), 0.3))])


@case()
def add_n(m):
    return m.op("ADD_N", [m.input(2, 3), m.input(2, 3), m.input(2, 3)], ("AddNOptions", {}))


# ---- Comparisons and selection: booleans are 0 and 1


def comparison_options(op):
    return "".join(word.title() for word in op.split("_")) + "Options", {}


def compare(m, op, *operands):
    return m.op(op, operands, comparison_options(op), dtype=np.bool_)


def as_floats(m, truth):
    return m.op("CAST", [truth], ("CastOptions", dict(inDataType=schema.TensorType.BOOL, outDataType=schema.TensorType.FLOAT32)))


@case(*itertools.product(["LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL", "EQUAL", "NOT_EQUAL"], [(3, 5), (5,), ()]))
def comparison(m, op, shape):
    whole = m.op("ROUND", [m.op("MUL", [m.input(3, 5), m.constant(2)], ("MulOptions", {}))])  # so that some are equal
    other = m.op("ROUND", [m.input(*shape)]) if shape else m.constant(1)
    return as_floats(m, compare(m, op, whole, other))


@case(("LOGICAL_AND",), ("LOGICAL_OR",))
def logic(m, op):
    x, y = m.input(4, 6), m.input(6)
    zero = m.constant(0)
    truth = compare(m, op, compare(m, "LESS", x, zero), compare(m, "LOGICAL_NOT", compare(m, "LESS", y, zero)))
    return as_floats(m, truth)


@case()
def cast_to_truth(m):
    whole = m.op("RELU", [m.input(3, 5)])
    truth = m.op("CAST", [whole], ("CastOptions", dict(inDataType=schema.TensorType.FLOAT32, outDataType=schema.TensorType.BOOL)), dtype=np.bool_)
    return as_floats(m, truth)


@case((True,), (False,))
def select_computed(m, choices_computed):
    x = m.input(3, 4)
    condition = compare(m, "GREATER", x, m.constant(0))
    a = m.op("NEG", [x], ("NegOptions", {})) if choices_computed else m.constant(2)
    b = m.op("EXP", [x], ("ExpOptions", {})) if choices_computed else m.constant([1, 2, 3, 4])
    return m.op("SELECT_V2", [condition, a, b], ("SelectV2Options", {}))


@case()
def select_rows(m):
    condition = compare(m, "GREATER", m.input(5), m.constant(0))
    return m.op("SELECT", [condition, m.input(5, 3), m.input(5, 3)], ("SelectOptions", {}))


@case()
def quotient_unless_zero(m):
    """What is not chosen is infinite or no number at all."""
    x = m.op("RELU", [m.input(4, 8)])
    quotient = m.op("DIV", [x, x], ("DivOptions", {}))
    zero = m.constant(0)
    return m.op("SELECT_V2", [compare(m, "EQUAL", x, zero), zero, quotient], ("SelectV2Options", {}))


@case(*itertools.product(["REDUCE_ANY", "REDUCE_ALL"], [False, True]))
def reduce_truths(m, op, keep_dims):
    truth = compare(m, "LESS", m.input(3, 4), m.constant(0.3))
    any_or_all = m.op(op, [truth, m.ints([1])], ("ReducerOptions", dict(keepDims=keep_dims)), dtype=np.bool_)
    return as_floats(m, any_or_all)


# ---- Recurrent layers, branches and loops


@case(*itertools.product([1, 2], [False, True], [False, True], [0, 0.5]))
def unidirectional_sequence_lstm(m, batch, time_major, peepholes, cell_clip):
    steps, inputs, hidden = 6, 5, 7
    x = m.input(steps, batch, inputs) if time_major else m.input(batch, steps, inputs)
    # Orders of 0 and 1 of the sum that seeds weights: one for each gate.
    gates = [m.constant(weights(hidden, inputs + gate)[:, :inputs]) for gate in range(4)]
    recurrences = [m.constant(weights(hidden, hidden + gate)[:, :hidden]) for gate in range(4)]
    cells = [m.constant(weights(hidden + gate)[:hidden]) for gate in range(3)] if peepholes else [-1] * 3
    biases = [m.constant(weights(hidden + gate)[:hidden]) for gate in range(4)]
    states = [m.variable(batch, hidden), m.variable(batch, hidden)]
    operands = [x, *gates, *recurrences, *cells, *biases, -1, -1, *states, -1, -1, -1, -1]
    return m.op("UNIDIRECTIONAL_SEQUENCE_LSTM", operands, ("UnidirectionalSequenceLSTMOptions", dict(
        fusedActivationFunction=schema.ActivationFunctionType.TANH, cellClip=cell_clip, timeMajor=time_major)))


@case((0,), (1,), (5,))
def counted_loop(m, turns):
    """x and a list of all x so far, as TensorFlow writes a recurrent layer."""
    rows = 5

    def goes_on(m, turn, x, seen):
        return [compare(m, "LESS", turn, m.ints(turns))]

    def body(m, turn, x, seen):
        gained = m.op("FULLY_CONNECTED", [x, m.constant(weights(3, 3))] + [-1], ("FullyConnectedOptions", {}))
        x = m.op("TANH", [gained])
        next_turn = m.op("ADD", [turn, m.ints(1)], ("AddOptions", {}), dtype=np.int32)

        def place(of, rest):
            first = m.op("RESHAPE", [of, m.ints([1])], ("ReshapeOptions", {}), dtype=np.int32)
            return m.op("CONCATENATION", [first, m.ints(rest)], ("ConcatenationOptions", {}), dtype=np.int32)

        before = m.op("SLICE", [seen, m.ints([0, 0]), place(turn, [-1])], ("SliceOptions", {}))
        behind = m.op("SLICE", [seen, place(next_turn, [0]), m.ints([-1, -1])], ("SliceOptions", {}))
        seen = m.op("CONCATENATION", [before, x, behind], ("ConcatenationOptions", {}))
        return [next_turn, x, seen]

    given = [([], np.int32), ([1, 3], np.float32), ([rows, 3], np.float32)]
    numbers = dict(condSubgraphIndex=m.subgraph(goes_on, *given), bodySubgraphIndex=m.subgraph(body, *given))
    x = m.op("RELU", [m.input(1, 3)])
    _, x, seen = m.op("WHILE", [m.ints(0), x, m.constant(np.zeros((rows, 3)))], ("WhileOptions", numbers), outputs=3)
    return [m.op("NEG", [x], ("NegOptions", {})), m.op("NEG", [seen], ("NegOptions", {}))]


@case((True,), (False,))
def known_branch(m, condition):
    given = [([2, 3], np.float32)]
    numbers = dict(thenSubgraphIndex=m.subgraph(lambda m, x: [m.op("EXP", [x], ("ExpOptions", {}))], *given),
                   elseSubgraphIndex=m.subgraph(lambda m, x: [m.op("ABS", [x], ("AbsOptions", {}))], *given))
    return m.op("IF", [m.constant(condition, np.bool_), m.input(2, 3)], ("IfOptions", numbers))


# ---- Functions of a dimension


@case(*itertools.product(["MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN", "REDUCE_PROD"], [(1, 2), (-1,), (0, 3)], [False, True]))
def reduce(m, op, axes, keep_dims):
    return m.op(op, [m.input(2, 3, 4, 5), m.ints(axes)], ("ReducerOptions", dict(keepDims=keep_dims)))


@case((1.0,), (2.5,))
def softmax(m, beta):
    return m.op("SOFTMAX", [m.input(2, 3, 7)], ("SoftmaxOptions", dict(beta=beta)))


@case()
def log_softmax(m):
    return m.op("LOG_SOFTMAX", [m.input(2, 7)], ("LogSoftmaxOptions", {}))


@case()
def l2_normalization(m):
    return m.op("L2_NORMALIZATION", [m.input(1, 3, 4, 7)], ("L2NormOptions", {}))


# ---- Movers


@case(((2, 12),), ((-1, 3),), ((24,),), ((2, 3, 4, 1),))
def reshape(m, shape):
    return m.op("RESHAPE", [m.input(2, 3, 4), m.ints(shape)], ("ReshapeOptions", dict(newShape=list(shape))))


@case(((),), ((1,),), ((-1, 1),))
def squeeze(m, axes):
    return m.op("SQUEEZE", [m.input(2, 1, 3, 1)], ("SqueezeOptions", dict(squeezeDims=list(axes))))


@case((0,), (-1,), (2,))
def expand_dims(m, axis):
    return m.op("EXPAND_DIMS", [m.input(2, 3), m.ints(axis)], ("ExpandDimsOptions", {}))


@case(((1, 0),), ((0, 3, 1, 2),), ((2, 1, 0),))
def transpose(m, perm):
    return m.op("TRANSPOSE", [m.input(*[2, 3, 4, 5][:len(perm)]), m.ints(perm)], ("TransposeOptions", {}))


@case()
def broadcast_to(m):
    return m.op("BROADCAST_TO", [m.input(1, 3, 1), m.ints([2, 3, 4])], version=2)


@case()
def tile(m):
    return m.op("TILE", [m.input(2, 3), m.ints([2, 3])], ("TileOptions", {}))


@case((1,), (-1,))
def concatenation(m, axis):
    return m.op("CONCATENATION", [m.input(2, 3), m.input(2, 3), m.constant(weights(2, 3))],
                ("ConcatenationOptions", dict(axis=axis)))


@case((0,), (1,), (-1,))
def pack(m, axis):
    return m.op("PACK", [m.input(2, 3), m.input(2, 3)], ("PackOptions", dict(valuesCount=2, axis=axis)))


@case((0,), (-1,))
def unpack(m, axis):
    return m.op("UNPACK", [m.input(3, 2, 3)], ("UnpackOptions", dict(num=3, axis=axis)), outputs=3)


@case()
def slice_to_end(m):
    return m.op("SLICE", [m.input(3, 4, 5), m.ints([1, 0, 2]), m.ints([2, -1, 2])], ("SliceOptions", {}))


@case(([0, 1, 0], [2, 4, 5], [1, 2, 1], {}),
      ([-2, 0, 0], [3, 4, 5], [1, 1, 2], {}),
      ([0, 3, 0], [2, 0, 5], [1, -1, 1], {}),
      ([0, -1, 0], [2, -5, 5], [1, -2, 1], {}),
      ([9, 9, 9], [2, 3, 4], [1, 1, 1], dict(beginMask=7)),
      ([0, 0, 1], [0, 0, 0], [1, 1, 1], dict(endMask=7)),
      ([1, 0, 0], [2, 4, 5], [1, 1, 1], dict(shrinkAxisMask=1)),
      ([0, -1, 0], [2, 0, 5], [1, 1, 1], dict(shrinkAxisMask=2)),
      ([0, 1], [0, 3], [1, 1], dict(ellipsisMask=1)),
      ([0, 0, 1, 0], [0, 2, 3, 5], [1, 1, 1, 1], dict(newAxisMask=1)),
      ([1, 0, 1], [2, 0, 3], [1, 1, 1], dict(ellipsisMask=2, shrinkAxisMask=1)),
      ([0, 0, 0], [100, 100, -1], [1, 1, 1], {}))
def strided_slice(m, begin, end, strides, masks):
    return m.op("STRIDED_SLICE", [m.input(3, 4, 5), m.ints(begin), m.ints(end), m.ints(strides)],
                ("StridedSliceOptions", masks))


@case((0, 2), (-1, 3))
def split(m, axis, parts):
    return m.op("SPLIT", [m.ints(axis), m.input(4, 2, 6)], ("SplitOptions", dict(numSplits=parts)), outputs=parts)


@case(([1, 2, 3],), ([2, -1, 1],))
def split_v(m, sizes):
    return m.op("SPLIT_V", [m.input(2, 6), m.ints(sizes), m.ints(1)], ("SplitVOptions", dict(numSplits=3)), outputs=3)


@case(([0],), ([1],))
def reverse(m, axes):
    return m.op("REVERSE_V2", [m.input(3, 4), m.ints(axes)], ("ReverseV2Options", {}))


@case((0, [2, 0]), (1, [[0, 3], [1, 1]]), (-1, 4))
def gather(m, axis, indices):
    return m.op("GATHER", [m.input(3, 4, 5), m.ints(indices)], ("GatherOptions", dict(axis=axis)))


# ---- Space


@case()
def pad(m):
    return m.op("PAD", [m.input(1, 3, 4, 2), m.ints([[0, 0], [1, 2], [3, 0], [0, 1]])], ("PadOptions", {}))


@case()
def pad_with_value(m):
    return m.op("PADV2", [m.input(2, 3), m.ints([[1, 0], [2, 1]]), m.constant(-7.5)], ("PadV2Options", {}))


@case((0,), (1,))
def mirror_pad(m, mode):
    return m.op("MIRROR_PAD", [m.input(1, 4, 5, 2), m.ints([[0, 0], [2, 3], [1, 2], [0, 0]])],
                ("MirrorPadOptions", dict(mode=mode)))


@case(*itertools.product(["ResizeBilinear", "ResizeNearestNeighbor"], [(False, False), (True, False), (False, True)],
                         [(10, 12), (7, 9), (3, 2), (1, 1), (5, 6)]))
def resize(m, op, flags, size):
    name = {"ResizeBilinear": "RESIZE_BILINEAR", "ResizeNearestNeighbor": "RESIZE_NEAREST_NEIGHBOR"}[op]
    return m.op(name, [m.input(1, 5, 6, 3), m.ints(size)],
                (op + "Options", dict(alignCorners=flags[0], halfPixelCenters=flags[1])))


@case((2,), (3,))
def depth_to_space(m, block):
    return m.op("DEPTH_TO_SPACE", [m.input(1, 2, 3, 2 * block * block)],
                ("DepthToSpaceOptions", dict(blockSize=block)))


@case((2,), (3,))
def space_to_depth(m, block):
    return m.op("SPACE_TO_DEPTH", [m.input(1, 2 * block, 3 * block, 2)], ("SpaceToDepthOptions", dict(blockSize=block)))


@case(([2, 3], [[0, 0], [1, 1]]), ([2, 2], [[1, 1], [0, 1]]))
def space_to_batch(m, blocks, pads):
    return m.op("SPACE_TO_BATCH_ND", [m.input(2, 4, 7, 3), m.ints(blocks), m.ints(pads)],
                ("SpaceToBatchNDOptions", {}))


@case(([2, 2], [[0, 0], [0, 0]]), ([2, 2], [[1, 0], [0, 2]]))
def batch_to_space(m, blocks, crops):
    return m.op("BATCH_TO_SPACE_ND", [m.input(8, 3, 4, 2), m.ints(blocks), m.ints(crops)],
                ("BatchToSpaceNDOptions", {}))


# ---- Shape arithmetic


@case()
def reshape_by_computed_shape(m):
    x = m.input(2, 3, 4)
    shape = m.op("SHAPE", [x], ("ShapeOptions", dict(outType=schema.TensorType.INT32)), dtype=np.int32)
    first = m.op("STRIDED_SLICE", [shape, m.ints([0]), m.ints([1]), m.ints([1])],
                 ("StridedSliceOptions", dict(shrinkAxisMask=1)), dtype=np.int32)
    rest = m.op("MUL", [m.ints(3), m.ints(4)], ("MulOptions", {}), dtype=np.int32)
    target = m.op("PACK", [first, rest], ("PackOptions", dict(valuesCount=2)), dtype=np.int32)
    return m.op("RESHAPE", [x, target], ("ReshapeOptions", {}))


@case()
def constants_fold(m):
    filled = m.op("FILL", [m.ints([2, 3]), m.constant(1.5)], ("FillOptions", {}))
    steps = m.op("RANGE", [m.constant(0), m.constant(3), m.constant(1)], ("RangeOptions", {}))
    chosen = m.op("SELECT_V2", [m.constant([True, False, True], np.bool_), steps, m.constant([9, 9, 9])],
                  ("SelectV2Options", {}))
    x = m.op("ADD", [m.input(2, 3), filled], ("AddOptions", {}))
    return m.op("MUL", [x, chosen], ("MulOptions", {}))


# ---- Integers as inputs


@case((np.int32,), (np.int64,))
def embedding(m, dtype):
    words = m.op("GATHER", [m.constant(weights(7, 6)), m.input(2, 4, dtype=dtype)], ("GatherOptions", dict(axis=0)))
    return m.op("TANH", [words])


@case()
def embedding_lookup(m):
    return m.op("EMBEDDING_LOOKUP", [m.input(4, dtype=np.int32), m.constant(weights(7, 6))])


@case()
def places_with_an_offset(m):
    place = m.op("ADD", [m.input(3, dtype=np.int32), m.ints(2)], ("AddOptions", {}), dtype=np.int32)
    return m.op("GATHER", [m.constant(weights(7, 6)), place], ("GatherOptions", dict(axis=0)))


@case()
def mask_of_tokens(m):
    tokens = m.input(2, 5, dtype=np.int32)
    return as_floats(m, compare(m, "NOT_EQUAL", tokens, m.ints(0)))


@case()
def cast_to_integer_and_back(m):
    scaled = m.op("MUL", [m.input(3, 5), m.constant(4)], ("MulOptions", {}))
    whole = m.op("CAST", [scaled], ("CastOptions", dict(inDataType=schema.TensorType.FLOAT32, outDataType=schema.TensorType.INT32)), dtype=np.int32)
    return m.op("CAST", [whole], ("CastOptions", dict(inDataType=schema.TensorType.INT32, outDataType=schema.TensorType.FLOAT32)))


@case()
def cast_of_constant(m):
    scale = m.op("CAST", [m.ints([2, 3])], ("CastOptions", dict(inDataType=2, outDataType=0)))
    return m.op("MUL", [m.input(4, 2), scale], ("MulOptions", {}))


@case()
def output_that_is_a_mere_alias(m):
    x = m.op("RELU", [m.input(2, 3)])
    same = m.op("RESHAPE", [x, m.ints([2, 3])], ("ReshapeOptions", {}))
    return [x, same]


def build(name, path):
    """Writes the model of a case."""
    function, parameters = CASES[name]
    model = Model()
    outputs = function(model, *parameters)
    model.save(path, *(outputs if isinstance(outputs, list) else [outputs]))


@pytest.mark.parametrize("name", CASES)
def test_against_litert(name, tmp_path):
    source = tmp_path / "model.tflite"
    build(name, source)
    inputs, expected = oracle.inputs_and_outputs(source)
    lacuna_program.convert(source, tmp_path / "model.lcn")
    actual = lacuna_program.run(tmp_path / "model.lcn", inputs, tmp_path)
    assert len(actual) == len(expected)
    for array, (output, reference) in zip(actual, expected.items()):
        assert lacuna_program.largest_error(array, reference) <= BOUND, output
