"""Random recurrent layers of ONNX against ONNX Runtime: directions, sizes, activations, states, lengths and peepholes."""
import lacuna_program
import numpy as np
import onnx
import oracle
import pytest
from onnx import TensorProto, helper, numpy_helper

BOUND = 2e-5
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
FUNCTIONS = {"LSTM": 3, "GRU": 2, "RNN": 1}  # of one direction
# Bounded ones: others grow from step to step.
ACTIVATIONS = ["Tanh", "Sigmoid", "Softsign", "HardSigmoid"]


def random_layer(op, seed):
    """A model of one layer and what was drawn for it."""
    rng = np.random.default_rng(seed)
    steps, batch, inputs, hidden = (int(rng.integers(low, high)) for low, high in [(1, 10), (1, 4), (1, 20), (1, 24)])
    direction = str(rng.choice(["forward", "reverse", "bidirectional"]))
    directions = 2 if direction == "bidirectional" else 1
    units = GATES[op] * hidden
    constants, given = [], [helper.make_tensor_value_info("x", TensorProto.FLOAT, [steps, batch, inputs])]

    def constant(name, array):
        constants.append(numpy_helper.from_array(array, name))
        return name

    def weights(name, *shape):
        return constant(name, rng.normal(0, 0.5, shape).astype(np.float32))

    def state(name):
        given.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [directions, batch, hidden]))
        return name

    def sometimes(part, make):
        return make() if rng.random() < part else ""

    operands = ["x", weights("w", directions, units, inputs), weights("r", directions, units, hidden),
                sometimes(0.7, lambda: weights("b", directions, 2 * units)),
                sometimes(0.3, lambda: constant("lengths", np.full(batch, rng.integers(1, steps + 1), np.int32))),
                sometimes(0.5, lambda: state("h"))]
    attributes = {"hidden_size": hidden, "direction": direction}
    if op == "LSTM":
        operands += [sometimes(0.5, lambda: state("c")), sometimes(0.4, lambda: weights("p", directions, 3 * hidden))]
        attributes["input_forget"] = int(rng.random() < 0.2)
    if op == "GRU":
        attributes["linear_before_reset"] = int(rng.random() < 0.5)
    if rng.random() < 0.2:
        attributes["clip"] = 0.7
    if rng.random() < 0.3:
        attributes["activations"] = [str(a) for a in rng.choice(ACTIVATIONS, FUNCTIONS[op] * directions)]
        slopes = attributes["activations"].count("HardSigmoid")
        if slopes:
            attributes["activation_alpha"] = rng.uniform(0.1, 0.4, slopes).tolist()
            attributes["activation_beta"] = rng.uniform(0.3, 0.6, slopes).tolist()
    outputs = {"y": [steps, directions, batch, hidden], "y_h": [directions, batch, hidden]}
    if op == "LSTM":
        outputs["y_c"] = [directions, batch, hidden]
    node = helper.make_node(op, operands, list(outputs), **attributes)
    results = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
    graph = helper.make_graph([node], "layer", given, results, constants)
    opset = int(rng.choice([7, 14]))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8), attributes


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("op", GATES)
def test_random_layer(op, seed, tmp_path):
    model, drawn = random_layer(op, seed)
    source = tmp_path / "model.onnx"
    onnx.save(model, source)
    inputs, expected = oracle.inputs_and_outputs(source)
    lacuna_program.convert(source, tmp_path / "model.lcn")
    actual = lacuna_program.run(tmp_path / "model.lcn", inputs, tmp_path)
    for array, (output, reference) in zip(actual, expected.items(), strict=True):
        assert lacuna_program.largest_error(array, reference) <= BOUND, (output, drawn)
