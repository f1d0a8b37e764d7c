"""`lacuna prune` from file to file: what it writes is read by ONNX Runtime and by `lacuna convert`, and both agree."""
import json
import os
import pathlib
import signal
import subprocess
import time

import networks
import numpy as np
import onnx
import onnxruntime
import pytest
from lacuna_program import PROGRAM, call, convert, largest_error, run
from onnx import TensorProto, helper, numpy_helper
from tflite_model import Model

USAGE, MALFORMED, UNSUPPORTED = 2, 3, 4
QUICK = ["--minutes", "0.1", "--quiet"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    path = tmp_path_factory.mktemp("prune")
    networks.make("inverted_residuals", 0.0, path / "net.onnx")
    rng = np.random.default_rng(1)
    np.save(path / "samples.npy", rng.normal(size=(6, 3, networks.SIZE, networks.SIZE)).astype(np.float32))
    return path


def prune(source, output, samples, *options):
    return json.loads(call("prune", source, "-o", output, "--calibrate", samples, "--json", *QUICK, *options).stdout)


def run_onnx(path, x):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0]


def check_engines_agree(model, x, tmp_path):
    convert(model, tmp_path / "agree.lcn")
    name = onnx.load(model).graph.input[0].name
    (actual,) = run(tmp_path / "agree.lcn", {name: x}, tmp_path / "agree")
    assert largest_error(actual, run_onnx(model, x)) < 1e-4


def zeros(path):
    """Zeros among the weights of convolutions and matrices that have any."""
    tensors = [numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer if len(t.dims) >= 2]
    with_zeros = [t for t in tensors if (t == 0).any()]
    return sum(int((t == 0).sum()) for t in with_zeros), sum(t.size for t in with_zeros)


@pytest.mark.parametrize("store", ["f32", "f16"])
def test_onnx_runtime_and_lacuna_agree(files, tmp_path, store):
    output = tmp_path / "sparse.onnx"
    result = prune(files / "net.onnx", output, files / "samples.npy", "--store", store)
    assert result["sparsity"] >= 0.5 - 1e-3
    onnx.checker.check_model(onnx.load(output))
    check_engines_agree(output, np.load(files / "samples.npy")[:1], tmp_path)
    if store == "f16":
        assert output.stat().st_size < 0.6 * (files / "net.onnx").stat().st_size


def test_same_input_and_seed_same_bytes(files, tmp_path):
    for name in ("a", "b"):
        result = prune(files / "net.onnx", tmp_path / name, files / "samples.npy", "--sparsity", "0.3")
    if not result["out_of_time"]:
        assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_tflite_becomes_onnx_in_its_own_layout(tmp_path):
    rng = np.random.default_rng(2)
    model = Model()
    x = model.input(1, 8, 8, 16)
    weight = rng.normal(size=(160, 1, 1, 16)), rng.normal(size=160)
    y = model.op("CONV_2D", [x, *map(model.constant, weight)], ("Conv2DOptions", {"strideW": 1, "strideH": 1}))
    last = rng.normal(size=(20, 1, 1, 160)), rng.normal(size=20)
    y = model.op("CONV_2D", [y, *map(model.constant, last)], ("Conv2DOptions", {"strideW": 1, "strideH": 1}))
    model.save(tmp_path / "net.tflite", y)
    np.save(tmp_path / "samples.npy", rng.normal(size=(5, 8, 8, 16)).astype(np.float32))
    prune(tmp_path / "net.tflite", tmp_path / "sparse.onnx", tmp_path / "samples.npy", "--sparsity", "0.4")
    kept = onnx.load(tmp_path / "sparse.onnx").graph
    assert [d.dim_value for d in kept.input[0].type.tensor_type.shape.dim] == [1, 8, 8, 16]
    check_engines_agree(tmp_path / "sparse.onnx", np.load(tmp_path / "samples.npy")[:1], tmp_path)


def test_matrices_of_a_transformer(tmp_path):
    rng = np.random.default_rng(3)
    constants = {"a": rng.normal(size=(48, 96)), "b": rng.normal(size=(96, 48)), "c": rng.normal(size=(48, 48))}
    nodes = [helper.make_node("MatMul", ["x", "a"], ["h"]), helper.make_node("Relu", ["h"], ["r"]),
             helper.make_node("MatMul", ["r", "b"], ["m"]), helper.make_node("Softmax", ["m"], ["s"], axis=-1),
             helper.make_node("MatMul", ["s", "c"], ["y"])]
    graph = helper.make_graph(
        nodes, "matrices", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 12, 48])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 12, 48])],
        [numpy_helper.from_array(v.astype(np.float32), k) for k, v in constants.items()])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), tmp_path / "net.onnx")
    np.save(tmp_path / "samples.npy", rng.normal(size=(8, 12, 48)).astype(np.float32))
    result = prune(tmp_path / "net.onnx", tmp_path / "sparse.onnx", tmp_path / "samples.npy")
    assert result["sparsity"] >= 0.5 - 1e-3
    check_engines_agree(tmp_path / "sparse.onnx", np.load(tmp_path / "samples.npy")[:1], tmp_path)


@pytest.mark.parametrize("kind", ["bottlenecks"])
def test_other_networks_with_random_weights(kind, tmp_path):
    networks.make(kind, 0.0, tmp_path / "net.onnx")
    x = np.random.default_rng(4).normal(size=(3, 3, networks.SIZE, networks.SIZE)).astype(np.float32)
    np.save(tmp_path / "samples.npy", x)
    prune(tmp_path / "net.onnx", tmp_path / "sparse.onnx", tmp_path / "samples.npy", "--sparsity", "0.6")
    check_engines_agree(tmp_path / "sparse.onnx", x[:1], tmp_path)


def test_report_and_speedup(files, tmp_path):
    report = tmp_path / "report.html"
    result = prune(files / "net.onnx", tmp_path / "sparse.onnx", files / "samples.npy", "--speedup", "1.05", "--report", report)
    assert result["predicted_us"] <= result["predicted_dense_us"] / 1.04
    assert result["measured_ms"] > 0 and result["curve"]
    page = report.read_text()
    assert page.startswith("<!DOCTYPE html>") and "<svg" in page and "http" not in page


def test_interrupt_leaves_the_last_good_file(files, tmp_path):
    output = tmp_path / "sparse.onnx"
    process = subprocess.Popen([PROGRAM, "prune", files / "net.onnx", "-o", output, "--calibrate", files / "samples.npy",
                                "--minutes", "30"], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until = time.time() + 120
    while not output.exists() and process.poll() is None and time.time() < until:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) != 0
    onnx.checker.check_model(onnx.load(output))
    assert zeros(output)[0] > 0
    assert os.listdir(tmp_path) == ["sparse.onnx"]


def test_a_network_too_large_for_the_time_is_pruned_in_time(tmp_path):
    """Solving its layers takes several times as long, with sanitizers minutes."""
    rng, size = np.random.default_rng(1), 768
    nodes, weights, name = [], [], "x"
    for i in range(3):
        weights.append(numpy_helper.from_array((rng.normal(size=(size, size)) / 28).astype(np.float32), f"w{i}"))
        nodes += [helper.make_node("MatMul", [name, f"w{i}"], [f"m{i}"]), helper.make_node("Relu", [f"m{i}"], [f"r{i}"])]
        name = f"r{i}"
    values = [helper.make_tensor_value_info(v, TensorProto.FLOAT, [1, 40, size]) for v in ("x", name)]
    graph = helper.make_graph(nodes, "wide", values[:1], values[1:], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "net.onnx")
    samples = rng.normal(size=(64, 40, size)).astype(np.float32)
    np.save(tmp_path / "samples.npy", samples)
    start = time.time()
    done = call("prune", tmp_path / "net.onnx", "-o", tmp_path / "sparse.onnx", "--calibrate", tmp_path / "samples.npy",
                "--json", "--minutes", "0.1", "--threads", "1")
    assert time.time() - start < 240
    assert done.stderr.count("by its magnitudes, since the time does not suffice") == 3
    assert json.loads(done.stdout)["sparsity"] >= 0.5 - 1e-3
    check_engines_agree(tmp_path / "sparse.onnx", samples[:1], tmp_path)


def fails(code, *arguments, says=""):
    done = call("prune", *arguments, check=False)
    assert done.returncode == code, done.stderr
    assert says in done.stderr


def test_errors_say_what_is_wrong(files, tmp_path):
    net, samples, out = files / "net.onnx", files / "samples.npy", tmp_path / "out.onnx"
    fails(USAGE, net, "-o", out, says="--calibrate")
    fails(USAGE, net, "-o", out, "--calibrate", samples, "--sparsity", "1.5")
    fails(USAGE, net, "-o", out, "--calibrate", samples, "--pattern", "3x3", says="4x1")
    fails(USAGE, net, "-o", out, "--calibrate", samples, "--keep", "nobody", says="nobody")
    fails(USAGE, net, "-o", out, "--calibrate", samples, "--speedup", "2", "--sparsity", "0.5")
    fails(USAGE, net, "-o", out, "--calibrate", samples, "--speedup", "90", *QUICK, says="ask for less")
    fails(MALFORMED, net, "-o", out, "--calibrate", tmp_path / "missing.npy")
    (tmp_path / "empty").mkdir()
    fails(MALFORMED, net, "-o", out, "--calibrate", tmp_path / "empty", says="neither pictures")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "a.jpg").write_bytes(b"\xff\xd8\xff no picture")
    fails(USAGE, net, "-o", out, "--calibrate", tmp_path / "broken", says="--image")
    fails(MALFORMED, net, "-o", out, "--calibrate", tmp_path / "broken", "--image", "mean=1,1,1;std=1,1,1",
          says="none of its pictures")
    np.save(tmp_path / "shape.npy", np.zeros((4, 5), np.float32))
    fails(USAGE, net, "-o", out, "--calibrate", tmp_path / "shape.npy", says="[4,5]")
    out.write_text("mine")
    fails(USAGE, net, "-o", out, "--calibrate", samples, says="--force")
    assert out.read_text() == "mine"
    assert pathlib.Path(net).exists()
