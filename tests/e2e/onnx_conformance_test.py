#!/usr/bin/env python3
"""Runs ONNX's own node conformance cases through `lacuna convert` and `lacuna run`.

    onnx_conformance_test.py LACUNA [--filter PATTERN] [--jobs N]

The cases are data of the Python package onnx. A case takes part when its operators can be imported and its inputs and
outputs are fp32 or booleans, which are 0 and 1 here; what an operator takes only as a constant (integers, weights,
statistics) is given as an initializer.
Prints each failure and each case that does not take part with the reason, and last `N passed, N failed, N skipped`.
Fails when a case fails that EXPECTED does not list, or when fewer than MINIMUM pass.
"""
import argparse
import collections
import concurrent.futures
import fnmatch
import os
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnx.backend.test
from onnx import TensorProto, numpy_helper

MINIMUM = 800
# Looser than rounding alone: the cases' own outputs were computed in fp32 by NumPy, in another order.
RTOL, ATOL = 1e-4, 1e-5

# Operands that an operator takes only as constants, besides everything that is not fp32.
CONSTANT_OPERANDS = {
    "Conv": {1, 2},
    "ConvTranspose": {1, 2},
    "BatchNormalization": {1, 2, 3, 4},
    "Dropout": {1, 2},
    "GRU": {1, 2, 3},
    "GroupNormalization": {1, 2},
    "InstanceNormalization": {1, 2},
    "LSTM": {1, 2, 3, 7},
    "LayerNormalization": {1, 2},
    "Pad": {1, 2, 3},
    "RNN": {1, 2, 3},
    "Range": {0, 1, 2},
    "Resize": {1, 2, 3},
    "Upsample": {1},
}

# Types of tensors that the importer reads.
READABLE_TYPES = {
    TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.BFLOAT16, TensorProto.DOUBLE, TensorProto.BOOL,
    TensorProto.INT8, TensorProto.INT16, TensorProto.INT32, TensorProto.INT64,
    TensorProto.UINT8, TensorProto.UINT16, TensorProto.UINT32, TensorProto.UINT64,
}

# Cases that do not pass, by name or pattern, with the reason.
MASK = "the mask of a dropout"
SCATTER = "scatters with a reduction, or to one place twice"
ALIGN_CORNERS = "takes scale * size as the resized length; the specification takes the whole number of pixels"
EXPECTED = {
    "test_attention_4d_diff_heads_mask4d_padded_kv": "lengths of keys",
    "test_averagepool_2d_ceil_last_window_starts_on_pad": "the expected result is rounded to four digits",
    "test_batchnorm_*_training_mode": "training mode",
    "test_dropout_default_mask*": MASK,
    "test_range_float_type_positive_delta_expanded": "how often its loop runs is an input",
    "test_resize_downsample_scales_cubic_align_corners": ALIGN_CORNERS,
    "test_resize_downsample_scales_linear_align_corners": ALIGN_CORNERS,
    "test_scan_sum": "Scan of opset 8",
    "test_scatter_elements_with_duplicate_indices": SCATTER,
    "test_scatter_elements_with_reduction_*": SCATTER,
    "test_scatternd_[am]*": SCATTER,
    "test_training_dropout*_mask": MASK,
    "test_training_dropout": "training mode",
    "test_training_dropout_default": "training mode",
}

OPERATORS_FILE = pathlib.Path(__file__).resolve().parents[2] / "converter" / "onnx" / "onnx_ops.inc"
Result = collections.namedtuple("Result", "name verdict text")  # verdict: passed, failed, skipped


class Skip(Exception):
    """The case does not take part."""


class Fail(Exception):
    """The case took part and went wrong."""


def importable_operators():
    return set(re.findall(r'LACUNA_ONNX_OP\("(\w+)"', OPERATORS_FILE.read_text()))


def case_folders():
    root = pathlib.Path(onnx.backend.test.__file__).parent / "data" / "node"
    return sorted(folder for folder in root.iterdir() if (folder / "model.onnx").exists())


def all_nodes(graph):
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from all_nodes(attribute.g)


def element_type(value_info):
    if value_info.type.WhichOneof("value") != "tensor_type":
        raise Skip(f"'{value_info.name}' is not a tensor")
    return value_info.type.tensor_type.elem_type


def read_tensor(path):
    tensor = TensorProto()
    tensor.ParseFromString(path.read_bytes())
    return tensor


def read_array(path):
    return numpy_helper.to_array(read_tensor(path))


def check_scope(model, operators):
    """Raises Skip for a case with operators or types that are out of scope."""
    for value in model.graph.input:
        if element_type(value) not in READABLE_TYPES:
            raise Skip(f"input '{value.name}' is {TensorProto.DataType.Name(element_type(value))}")
    foreign = sorted({node.op_type for node in all_nodes(model.graph) if node.domain or node.op_type not in operators})
    if foreign:
        raise Skip("operators " + ", ".join(foreign))
    for output in model.graph.output:
        if element_type(output) not in (TensorProto.FLOAT, TensorProto.BOOL):
            raise Skip(f"output '{output.name}' is neither fp32 nor boolean")


def constant_names(model):
    """Graph inputs that have to become initializers."""
    names = {value.name for value in model.graph.input if element_type(value) != TensorProto.FLOAT}
    for node in all_nodes(model.graph):
        names.update(node.input[i] for i in CONSTANT_OPERANDS.get(node.op_type, ()) if i < len(node.input))
    return names


def prepare(folder, operators):
    """The model with constants inside, its remaining inputs by name, and the expected outputs."""
    model = onnx.load(folder / "model.onnx")
    check_scope(model, operators)
    data = folder / "test_data_set_0"
    constants = constant_names(model)
    inputs = {}
    for i, value in enumerate(list(model.graph.input)):
        path = data / f"input_{i}.pb"
        if value.name in constants:
            tensor = read_tensor(path)
            tensor.name = value.name
            tensor.data_type = element_type(value)  # bf16 is stored as uint16
            model.graph.initializer.append(tensor)
            model.graph.input.remove(value)
        else:
            inputs[value.name] = read_array(path)
    outputs = [read_array(data / f"output_{i}.pb") for i in range(len(model.graph.output))]
    if not inputs:
        raise Skip("all inputs are constants: nothing is left to run")
    if any(array.size == 0 for array in [*inputs.values(), *outputs]):
        raise Skip("zero-sized tensors")
    return model, inputs, outputs


def run_lacuna(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        message = (done.stderr.strip() or done.stdout.strip()).replace("\n", " ")
        raise Fail(f"{command[1]} exits with {done.returncode}: {message}")


def compare(i, expected, actual):
    if expected.shape != actual.shape:
        raise Fail(f"output {i} has shape {actual.shape} instead of {expected.shape}")
    if not np.allclose(actual, expected, rtol=RTOL, atol=ATOL, equal_nan=True):
        error = np.max(np.abs(actual.astype(np.float64) - expected))
        raise Fail(f"output {i} differs by up to {error:.3g}")


def run_case(lacuna, folder, operators):
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = pathlib.Path(scratch_name)
        model, inputs, outputs = prepare(folder, operators)
        onnx.save(model, scratch / "model.onnx")
        run_lacuna(lacuna, "convert", str(scratch / "model.onnx"), "-o", str(scratch / "model.lcn"))
        arguments = []
        for i, (name, array) in enumerate(inputs.items()):
            np.save(scratch / f"input_{i}.npy", array)
            arguments += ["--input", f"{name}={scratch / f'input_{i}.npy'}"]
        run_lacuna(lacuna, "run", str(scratch / "model.lcn"), *arguments, "--output-dir", str(scratch / "outputs"))
        for i, expected in enumerate(outputs):
            compare(i, expected, np.load(scratch / "outputs" / f"{i}.npy"))


def judge(lacuna, folder, operators):
    name = folder.name
    expected = next((reason for pattern, reason in EXPECTED.items() if fnmatch.fnmatch(name, pattern)), None)
    try:
        run_case(lacuna, folder, operators)
    except Skip as skip:
        return Result(name, "skipped", str(skip))
    except Fail as fail:
        return Result(name, "skipped", expected) if expected else Result(name, "failed", str(fail))
    if expected:
        return Result(name, "failed", f"passes, although it is listed as: {expected}")
    return Result(name, "passed", "")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lacuna", help="the lacuna program")
    parser.add_argument("--filter", default="*", help="only cases whose name matches this pattern; no minimum then")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    arguments = parser.parse_args()

    operators = importable_operators()
    folders = [folder for folder in case_folders() if fnmatch.fnmatch(folder.name, arguments.filter)]
    with concurrent.futures.ThreadPoolExecutor(arguments.jobs) as pool:
        results = list(pool.map(lambda folder: judge(arguments.lacuna, folder, operators), folders))
    for result in results:
        if result.verdict != "passed":
            print(f"{result.verdict} {result.name}: {result.text}")
    counts = collections.Counter(result.verdict for result in results)
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped")
    enough = arguments.filter != "*" or counts["passed"] >= MINIMUM
    return 0 if enough and not counts["failed"] else 1


if __name__ == "__main__":
    sys.exit(main())
