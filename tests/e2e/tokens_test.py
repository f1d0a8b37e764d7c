"""A small transformer over tokens, as exporters write one, against ONNX Runtime: integers and booleans as inputs."""
import lacuna_program
import numpy as np
import onnx
import oracle
import pytest
from onnx import TensorProto, helper, numpy_helper

BOUND = 1e-5
WORDS, WIDTH, HEADS, STEPS = 5, 16, 4, 9  # the oracle draws tokens below 5


class Transformer:
    """Every method appends nodes and returns the name of their output."""

    def __init__(self):
        self.rng = np.random.default_rng(3)
        self.nodes, self.constants = [], []

    def constant(self, array, dtype=np.float32):
        self.constants.append(numpy_helper.from_array(np.asarray(array, dtype), f"c{len(self.constants)}"))
        return self.constants[-1].name

    def weights(self, *shape):
        return self.constant(self.rng.normal(0, 0.3, shape))

    def node(self, op, *inputs, **attributes):
        self.nodes.append(helper.make_node(op, inputs, [f"t{len(self.nodes)}"], **attributes))
        return self.nodes[-1].output[0]

    def positions(self):
        """Of the tokens that are not 0, from 1 on; 0 for the others: RoBERTa's."""
        real = self.node("Cast", self.node("Not", self.node("Equal", "tokens", self.constant(0, np.int64))),
                         to=TensorProto.INT64)
        counted = self.node("CumSum", real, self.constant(1, np.int64))
        return self.node("Mul", counted, real)

    def heads(self, x):
        split = self.node("Reshape", self.node("MatMul", x, self.weights(WIDTH, WIDTH)),
                          self.constant([1, STEPS, HEADS, WIDTH // HEADS], np.int64))
        return self.node("Transpose", split, perm=[0, 2, 1, 3])

    def attention(self, x):
        keys = self.node("Transpose", self.heads(x), perm=[0, 1, 3, 2])
        scores = self.node("MatMul", self.heads(x), keys)
        shown = self.node("Unsqueeze", "shown", self.constant([1, 2], np.int64))
        hidden = self.constant(np.finfo(np.float32).min)
        scores = self.node("Where", shown, scores, hidden)
        y = self.node("MatMul", self.node("Softmax", scores, axis=-1), self.heads(x))
        joined = self.node("Reshape", self.node("Transpose", y, perm=[0, 2, 1, 3]),
                           self.constant([1, STEPS, WIDTH], np.int64))
        return self.node("MatMul", joined, self.weights(WIDTH, WIDTH))

    def save(self, output, shown_type, path):
        given = [helper.make_tensor_value_info("tokens", TensorProto.INT64, [1, STEPS]),
                 helper.make_tensor_value_info("flags", shown_type, [1, STEPS])]
        result = helper.make_tensor_value_info(output, TensorProto.FLOAT, [1, STEPS, WIDTH])
        graph = helper.make_graph(self.nodes, "transformer", given, [result], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(model)
        onnx.save(model, path)


@pytest.mark.parametrize("flags", [TensorProto.INT64, TensorProto.BOOL])
def test_transformer(flags, tmp_path):
    net = Transformer()
    net.nodes.append(helper.make_node("Cast", ["flags"], ["shown"], to=TensorProto.BOOL))
    words = net.node("Gather", net.weights(WORDS, WIDTH), "tokens", axis=0)
    places = net.node("Gather", net.weights(STEPS + 1, WIDTH), net.positions(), axis=0)
    x = net.node("Add", words, places)
    y = net.node("Add", x, net.attention(x))
    y = net.node("LayerNormalization", y, net.constant(np.ones(WIDTH)), net.constant(np.zeros(WIDTH)), axis=-1)
    source = tmp_path / "model.onnx"
    net.save(y, flags, source)
    inputs, expected = oracle.inputs_and_outputs(source)
    lacuna_program.convert(source, tmp_path / "model.lcn")
    actual = lacuna_program.run(tmp_path / "model.lcn", inputs, tmp_path)
    assert lacuna_program.largest_error(actual[0], expected[y]) <= BOUND
