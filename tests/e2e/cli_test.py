"""The contract of the command line: what each command writes, its exit codes, and what it does with bad input."""
import json
import os
import pathlib
import random
import resource
import subprocess

import networks
import numpy as np
import onnx
import pytest
from lacuna_program import PROGRAM, call
from onnx import TensorProto, helper, numpy_helper

COMMANDS = ["convert", "inspect", "run", "bench", "compare", "doctor", "prune"]
USAGE, MALFORMED, UNSUPPORTED, OUTSIDE_BOUND, RESOURCE_LIMIT = 2, 3, 4, 5, 6
SEED = 7
BUILD = json.loads(call("doctor", "--json").stdout)["build"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A folder with network.onnx, pruned to a tenth, and network.lcn made from it."""
    folder = tmp_path_factory.mktemp("files")
    networks.make("bottlenecks", 0.9, folder / "network.onnx")
    call("convert", folder / "network.onnx", "-o", folder / "network.lcn")
    return folder


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """left [2, 3] and right [2, 3] to their sum and their product."""
    folder = tmp_path_factory.mktemp("pair")
    tensors = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3])
               for name in ("left", "right", "sum", "product")}
    nodes = [helper.make_node("Add", ["left", "right"], ["sum"]), helper.make_node("Mul", ["left", "right"], ["product"])]
    save(folder / "pair.onnx", nodes, [tensors["left"], tensors["right"]], [tensors["sum"], tensors["product"]])
    call("convert", folder / "pair.onnx", "-o", folder / "pair.lcn")
    for name, array in arrays().items():
        np.save(folder / f"{name}.npy", array)
    return folder


def arrays():
    left = np.arange(6, dtype=np.float32).reshape(2, 3)
    return {"left": left, "right": left + 10}


def save(path, nodes, inputs, outputs, constants=()):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def fails(code, *arguments, says=(), **options):
    """Runs a command that must fail with this code and a message on stderr alone."""
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)
    assert done.returncode == code, f"exit code {done.returncode}, stderr: {done.stderr}"
    assert "lacuna: " in done.stderr
    for text in [says] if isinstance(says, str) else says:
        assert text in done.stderr
    return done


def limited(**limits):
    """For subprocess: sets limits such as FSIZE=1000 in the child."""
    def set_limits():
        for name, value in limits.items():
            resource.setrlimit(getattr(resource, f"RLIMIT_{name}"), (value, value))
    return set_limits


# ------------------------------------------------------------------------------------------------------------- common


@pytest.mark.parametrize("command", COMMANDS)
def test_help_has_two_worked_examples_and_the_common_options(command):
    done = call(command, "--help")
    assert done.stdout.count(f"lacuna {command}") >= 2
    assert "--isa" in done.stdout and "--quiet" in done.stdout
    assert done.stderr == ""


def test_program_help_lists_commands_and_exit_codes():
    text = call("--help").stdout
    for command in COMMANDS:
        assert command in text
    assert "Exit codes" in text


def test_version():
    assert call("--version").stdout.startswith("lacuna ")


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["--nonsense"], ["convert"], ["inspect"], ["run"], ["doctor", "x"]])
def test_wrong_arguments_are_usage_errors(arguments):
    fails(USAGE, *arguments, says="--help")


@pytest.mark.parametrize("command", COMMANDS)
def test_unknown_isa_lists_known_ones(command):
    fails(USAGE, command, "--isa", "nonsense", says="scalar")


def test_quiet_leaves_stderr_empty(files, tmp_path):
    assert call("convert", files / "network.onnx", "-o", tmp_path / "out.lcn", "--quiet").stderr == ""
    assert call("bench", files / "network.lcn", "--runs", 1, "--quiet").stderr == ""
    assert call("inspect", files / "network.onnx", "--quiet").stderr == ""


def test_no_colour_without_a_terminal(files):
    done = call("inspect", files / "network.lcn")
    assert "\033" not in done.stdout + done.stderr


def test_closed_pipe_is_harmless(files):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run([PROGRAM, "inspect", str(files / "network.lcn")], stdout=writer, stderr=subprocess.PIPE,
                              text=True, timeout=120, check=False)
    finally:
        os.close(writer)
    assert done.returncode == 0 and done.stderr == ""


def test_full_standard_output_is_reported(files):
    with open("/dev/full", "w") as full:
        done = subprocess.run([PROGRAM, "inspect", str(files / "network.lcn")], stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=120, check=False)
    assert done.returncode == RESOURCE_LIMIT and "standard output" in done.stderr


# ------------------------------------------------------------------------------------------------------------ convert


def test_convert_writes_file_report_and_operators(files, tmp_path):
    done = call("convert", files / "network.onnx", "-o", tmp_path / "a.lcn", "--report", tmp_path / "a.html", "--ops-list",
                tmp_path / "ops.txt")
    assert "a.lcn" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.html", "a.lcn", "ops.txt"]
    assert (tmp_path / "a.lcn").read_bytes() == (files / "network.lcn").read_bytes()
    page = (tmp_path / "a.html").read_text()
    assert page.startswith("<!DOCTYPE html>") and "<svg" in page and "http" not in page
    names = (tmp_path / "ops.txt").read_text().splitlines()
    assert "Conv" in names and names == sorted(set(names))
    assert "UnaryKind/Identity" in names and any(name.startswith("Packing/") for name in names)


def test_convert_json_report_is_what_inspect_says(files, tmp_path):
    call("convert", files / "network.onnx", "-o", tmp_path / "a.lcn", "--report", tmp_path / "a.json")
    assert json.loads((tmp_path / "a.json").read_text()) == json.loads(call("inspect", tmp_path / "a.lcn", "--json").stdout)


def test_convert_overwrites_nothing_without_force(files, tmp_path):
    for name in ("a.lcn", "a.json"):
        (tmp_path / name).write_text("old")
    source = files / "network.onnx"
    fails(USAGE, "convert", source, "-o", tmp_path / "a.lcn", says="--force")
    fails(USAGE, "convert", source, "-o", tmp_path / "b.lcn", "--report", tmp_path / "a.json", says="--force")
    assert not (tmp_path / "b.lcn").exists()
    assert (tmp_path / "a.lcn").read_text() == (tmp_path / "a.json").read_text() == "old"
    call("convert", source, "-o", tmp_path / "a.lcn", "--report", tmp_path / "a.json", "--force")
    assert (tmp_path / "a.lcn").read_bytes() == (files / "network.lcn").read_bytes()


def test_convert_refuses_outputs_that_collide(files, tmp_path):
    source = tmp_path / "source.onnx"
    source.write_bytes((files / "network.onnx").read_bytes())
    fails(USAGE, "convert", source, "-o", source, "--force")
    fails(USAGE, "convert", source, "-o", tmp_path / "a.json", "--report", tmp_path / "x" / ".." / "a.json")
    assert source.read_bytes() == (files / "network.onnx").read_bytes()


def test_convert_does_not_replace_a_device(files):
    fails(USAGE, "convert", files / "network.onnx", "-o", "/dev/null", "--force")
    assert pathlib.Path("/dev/null").is_char_device()


def test_convert_leaves_nothing_when_the_disk_is_full(files, tmp_path):
    size = (files / "network.lcn").stat().st_size
    fails(RESOURCE_LIMIT, "convert", files / "network.onnx", "-o", tmp_path / "a.lcn", says="a.lcn",
          preexec_fn=limited(FSIZE=size // 2))
    assert list(tmp_path.iterdir()) == []


def test_convert_into_a_folder_that_is_missing_or_read_only(files, tmp_path):
    fails(MALFORMED, "convert", files / "network.onnx", "-o", tmp_path / "missing" / "a.lcn", says="a.lcn")
    fails(MALFORMED, "convert", files / "network.onnx", "-o", "/proc/a.lcn", says="/proc/a.lcn")
    if os.geteuid() != 0:  # who may do everything
        tmp_path.chmod(0o555)
        fails(MALFORMED, "convert", files / "network.onnx", "-o", tmp_path / "a.lcn", says="a.lcn")
        tmp_path.chmod(0o755)


def test_convert_input_shape(files, tmp_path):
    source = files / "network.onnx"
    call("convert", source, "-o", tmp_path / "a.lcn", "--input-shape", "data=2,3,64,64")
    assert json.loads(call("inspect", tmp_path / "a.lcn", "--json").stdout)["inputs"][0]["shape"] == [2, 3, 64, 64]
    for text in ("data", "data=", "data=0", "data=1,-3", "data=1,x", "nonsense=1,3,64,64"):
        fails(USAGE, "convert", source, "-o", tmp_path / "b.lcn", "--input-shape", text)
    assert not (tmp_path / "b.lcn").exists()


def test_convert_targets(files, tmp_path):
    call("convert", files / "network.onnx", "-o", tmp_path / "a.lcn", "--target", "armv7")
    assert json.loads(call("inspect", tmp_path / "a.lcn", "--json").stdout)["target"] == "armv7"
    fails(USAGE, "convert", files / "network.onnx", "-o", tmp_path / "b.lcn", "--target", "x87", says="arm64-little")


def test_convert_dtype(files, tmp_path):
    call("convert", files / "network.onnx", "-o", tmp_path / "a.lcn", "--dtype", "f16")
    call("convert", files / "network.onnx", "-o", tmp_path / "b.lcn")
    layers = json.loads(call("inspect", tmp_path / "a.lcn", "--json").stdout)["layers"]
    assert {layer["dtype"] for layer in layers} == {"f16", "f32"}
    assert (tmp_path / "a.lcn").stat().st_size < (tmp_path / "b.lcn").stat().st_size
    compared = json.loads(call("compare", tmp_path / "a.lcn", files / "network.onnx", "--json").stdout)
    assert compared["rtol"] == 1e-2 and all(output["max_rel_error"] > 0 for output in compared["outputs"])
    fails(OUTSIDE_BOUND, "compare", tmp_path / "a.lcn", files / "network.onnx", "--rtol", "1e-7")
    fails(USAGE, "convert", files / "network.onnx", "-o", tmp_path / "a.lcn", "--dtype", "f7")


def test_convert_image(files, tmp_path):
    labels = tmp_path / "labels.txt"
    labels.write_text("cat\ndog\n")
    image = f"mean=127,127,127;std=128,128,128;resize=80;order=bgr;labels={labels}"
    call("convert", files / "network.onnx", "-o", tmp_path / "a.lcn", "--image", image)
    assert b"cat" in (tmp_path / "a.lcn").read_bytes()
    for wrong in ("mean=1;std=1", "mean=1,2,3", "nonsense", "mean=1,2,3;std=0,1,1"):
        fails(USAGE, "convert", files / "network.onnx", "-o", tmp_path / "b.lcn", "--image", wrong, says="--image")
    labels.write_text("name\n" * 11)  # the network has 10 classes
    fails(USAGE, "convert", files / "network.onnx", "-o", tmp_path / "b.lcn", "--image", image, says="11")


def test_convert_lists_all_unsupported_operators(tmp_path):
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("x", "y")]
    nodes = [helper.make_node("Frobnicate", ["x"], ["t"]), helper.make_node("Defenestrate", ["t"], ["y"])]
    save(tmp_path / "odd.onnx", nodes, tensors[:1], tensors[1:])
    fails(UNSUPPORTED, "convert", tmp_path / "odd.onnx", "-o", tmp_path / "a.lcn", says=("Frobnicate", "Defenestrate"))
    assert not (tmp_path / "a.lcn").exists()


# ------------------------------------------------------------------------------------------------------------ inspect


def test_inspect_json(files):
    facts = json.loads(call("inspect", files / "network.lcn", "--json").stdout)
    assert facts["schema_version"] == 1 and facts["model"] == "network.lcn" and facts["source"] == "network.onnx"
    for key in ("producer", "target", "inputs", "outputs", "macs", "nonzero_macs", "weight_bytes"):
        assert key in facts
    assert facts["file_bytes"] == (files / "network.lcn").stat().st_size
    assert 0 < facts["arena_bytes"] <= facts["naive_arena_bytes"]
    assert 0.05 < facts["density"] < 0.2
    assert facts["density"] == pytest.approx(facts["nonzeros"] / facts["weights"])
    for key in ("macs", "nonzero_macs"):
        assert facts[key] == sum(layer[key] for layer in facts["layers"])
    for key in ("weights", "nonzeros"):
        assert facts[key] == sum(layer[key] for layer in facts["layers"] if not layer["shares_weights"])
    for layer in facts["layers"]:
        assert {"name", "op", "shape", "density", "packing", "weight_bytes", "reason"} <= set(layer)
    sparse = [layer for layer in facts["layers"] if layer["packing"].startswith("Sparse")]
    assert sparse and all(layer["reason"] for layer in sparse)


def test_inspect_counts_zeros_of_the_source(files):
    """Weights of convolutions and matrices, counted in the ONNX file."""
    arrays = [numpy_helper.to_array(tensor) for tensor in onnx.load(files / "network.onnx").graph.initializer]
    arrays = [array for array in arrays if array.ndim >= 2]
    facts = json.loads(call("inspect", files / "network.lcn", "--json").stdout)
    assert facts["weights"] == sum(array.size for array in arrays)
    assert facts["nonzeros"] == sum(np.count_nonzero(array) for array in arrays)


def test_inspect_of_the_source_agrees(files):
    of_source, of_result = (json.loads(call("inspect", files / name, "--json").stdout)
                            for name in ("network.onnx", "network.lcn"))
    assert of_source.pop("model") == "network.onnx" and of_result.pop("model") == "network.lcn"
    assert of_source == of_result


def test_inspect_text(files):
    text = call("inspect", files / "network.lcn").stdout
    for word in ("Conv", "SparseRows", "why", "MACs", "arena", "data"):
        assert word in text


def test_inspect_checks_the_weights(files, tmp_path):
    data = bytearray((files / "network.lcn").read_bytes())
    data[-100] ^= 1
    (tmp_path / "bad.lcn").write_bytes(data)
    fails(MALFORMED, "inspect", tmp_path / "bad.lcn", says="bad.lcn")


# ---------------------------------------------------------------------------------------------------------------- run


def test_run_writes_outputs_in_order(pair, tmp_path):
    done = call("run", pair / "pair.lcn", "--input", pair / "left.npy", "--input", pair / "right.npy", "--output-dir",
                tmp_path / "out")
    assert str(tmp_path / "out" / "0.npy") in done.stdout
    left, right = arrays().values()
    assert np.array_equal(np.load(tmp_path / "out" / "0.npy"), left + right)
    assert np.array_equal(np.load(tmp_path / "out" / "1.npy"), left * right)
    assert len(list((tmp_path / "out").iterdir())) == 2


def test_run_takes_names_in_any_order(pair, tmp_path):
    call("run", "--input", f"right={pair / 'right.npy'}", pair / "pair.lcn", "--input", pair / "left.npy", "--output-dir",
         tmp_path, "--threads", 2, "--isa", "scalar")
    assert np.array_equal(np.load(tmp_path / "0.npy"), sum(arrays().values()))


@pytest.mark.parametrize("array", [
    arrays()["left"].astype(dtype) for dtype in (">f4", "f8", "f2", "i1", "i2", "i4", "i8", "u1", "u2", ">i4")
] + [np.asfortranarray(arrays()["left"]), arrays()["left"] > 2], ids=lambda array: array.dtype.str)
def test_run_reads_every_kind_of_array(pair, tmp_path, array):
    np.save(tmp_path / "left.npy", array)
    call("run", pair / "pair.lcn", "--input", tmp_path / "left.npy", "--input", pair / "right.npy", "--output-dir", tmp_path)
    assert np.array_equal(np.load(tmp_path / "0.npy"), array.astype(np.float32) + arrays()["right"])


def test_run_wrong_inputs(pair, tmp_path):
    run = ("run", pair / "pair.lcn", "--output-dir", tmp_path / "out")
    left, right = pair / "left.npy", pair / "right.npy"
    fails(USAGE, *run, says=("left", "right", "[2,3]"))
    fails(USAGE, *run, "--input", left, says="right")
    fails(USAGE, *run, "--input", f"middle={left}", says=("middle", "left", "right"))
    fails(USAGE, *run, "--input", f"left={left}", "--input", f"left={left}")
    fails(USAGE, *run, "--input", left, "--input", right, "--input", left)
    fails(USAGE, *run, "--input", left, "--input", right, "--threads", 0)
    fails(MALFORMED, *run, "--input", left, "--input", tmp_path / "missing.npy", says="missing.npy")
    np.save(tmp_path / "wide.npy", np.zeros((2, 4), np.float32))
    fails(MALFORMED, *run, "--input", left, "--input", tmp_path / "wide.npy", says=("[2,4]", "[2,3]", "right"))
    np.save(tmp_path / "text.npy", np.array([["a"] * 3] * 2))
    fails(MALFORMED, *run, "--input", left, "--input", tmp_path / "text.npy", says="text.npy")
    (tmp_path / "cut.npy").write_bytes(left.read_bytes()[:-1])
    fails(MALFORMED, *run, "--input", left, "--input", tmp_path / "cut.npy", says="cut.npy")
    assert not (tmp_path / "out").exists()


def test_run_overwrites_nothing_without_force(pair, tmp_path):
    run = ("run", pair / "pair.lcn", "--input", pair / "left.npy", "--input", pair / "right.npy", "--output-dir", tmp_path)
    (tmp_path / "1.npy").write_text("old")
    fails(USAGE, *run, says="--force")
    assert [path.name for path in tmp_path.iterdir()] == ["1.npy"] and (tmp_path / "1.npy").read_text() == "old"
    call(*run, "--force")
    assert np.array_equal(np.load(tmp_path / "1.npy"), arrays()["left"] * arrays()["right"])


def test_run_of_a_source_model_says_to_convert(files, tmp_path):
    for command in (("run", files / "network.onnx", "--output-dir", tmp_path / "out"), ("bench", files / "network.onnx")):
        fails(MALFORMED, *command, says="lacuna convert")


# ---------------------------------------------------------------------------------------------------------------- bench


def test_bench_json(files):
    result = json.loads(call("bench", files / "network.lcn", "--runs", 5, "--json", "--layers", "--isa", "scalar").stdout)
    assert result["schema_version"] == 1 and result["model"] == "network.lcn"
    assert result["isa"] == "scalar" and result["threads"] == 1 and result["runs"] == 5
    assert 0 < result["min_ms"] <= result["median_ms"] <= result["p95_ms"]
    facts = json.loads(call("inspect", files / "network.lcn", "--json").stdout)
    for key in ("weight_bytes", "file_bytes", "macs", "nonzero_macs"):
        assert result[key] == facts[key]
    assert result["arena_bytes"] >= facts["arena_bytes"]
    assert [layer["name"] for layer in result["layers"]] == [layer["name"] for layer in facts["layers"]]
    for layer in result["layers"]:
        assert {"op", "kernel", "packing", "density", "macs", "nonzero_macs", "median_us"} <= set(layer)
    assert sum(layer["median_us"] for layer in result["layers"]) > 0


def test_bench_text_and_seconds(files):
    done = call("bench", files / "network.lcn", "--seconds", 0.05, "--warmup", 0, "--threads", 2, "--layers")
    assert "median" in done.stdout and "Conv" in done.stdout
    fails(USAGE, "bench", files / "network.lcn", "--seconds", 1, "--runs", 1)


def test_bench_trace(files, tmp_path):
    call("bench", files / "network.lcn", "--runs", 1, "--trace", tmp_path / "trace.json")
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert events and all({"name", "ph", "ts", "dur", "pid", "tid"} <= set(event) for event in events)
    fails(USAGE, "bench", files / "network.lcn", "--runs", 1, "--trace", tmp_path / "trace.json", says="--force")


# -------------------------------------------------------------------------------------------------------------- compare


def test_compare_within_the_bound(files):
    result = json.loads(call("compare", files / "network.lcn", files / "network.onnx", "--json").stdout)
    assert result["schema_version"] == 1 and result["within"] is True
    assert 0 <= result["outputs"][0]["max_rel_error"] <= 1e-4
    assert "within" in call("compare", files / "network.lcn", files / "network.onnx", "--threads", 2).stdout


def test_compare_outside_the_bound(pair, tmp_path):
    """Against another network of the same shapes."""
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [2, 3]) for name in ("left", "right", "sum", "product")]
    nodes = [helper.make_node("Sub", ["left", "right"], ["sum"]), helper.make_node("Mul", ["left", "right"], ["product"])]
    save(tmp_path / "other.onnx", nodes, tensors[:2], tensors[2:])
    done = fails(OUTSIDE_BOUND, "compare", pair / "pair.lcn", tmp_path / "other.onnx", "--json")
    outputs = json.loads(done.stdout)["outputs"]
    assert [output["within"] for output in outputs] == [False, True]
    given = ["--input", pair / "left.npy", "--input", pair / "right.npy"]
    done = fails(OUTSIDE_BOUND, "compare", pair / "pair.lcn", tmp_path / "other.onnx", "--json", *given)
    assert json.loads(done.stdout)["outputs"][0]["max_abs_error"] == 2 * 15
    call("compare", pair / "pair.lcn", tmp_path / "other.onnx", "--rtol", 1e9)


def test_compare_wrong_source(files, pair):
    fails(USAGE, "compare", files / "network.lcn", pair / "pair.onnx")
    fails(USAGE, "compare", files / "network.lcn", files / "network.onnx", "--rtol", -1)
    fails(MALFORMED, "compare", files / "network.lcn", "missing.onnx", says="missing.onnx")


# --------------------------------------------------------------------------------------------------------------- doctor


def test_doctor():
    facts = json.loads(call("doctor", "--json").stdout)
    assert facts["schema_version"] == 1 and facts["isas"][0] == "scalar" and facts["isa"] == facts["isas"][-1]
    assert facts["threads"] >= 1 and facts["isa_reason"] and facts["compiler"] and facts["build"]
    assert json.loads(call("doctor", "--json", "--isa", "scalar").stdout)["isa"] == "scalar"
    assert facts["cpu"] in call("doctor").stdout


# ------------------------------------------------------------------------------------------------------------ bad files

READERS = {
    "convert": lambda path, folder: ("convert", path, "-o", folder / "out.lcn"),
    "inspect": lambda path, folder: ("inspect", path),
    "run": lambda path, folder: ("run", path, "--output-dir", folder / "out"),
    "bench": lambda path, folder: ("bench", path, "--runs", 1),
}


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize("name", ["model.onnx", "model.tflite", "model.lcn"])
def test_what_is_no_model(command, name, tmp_path):
    path = tmp_path / name
    fails(MALFORMED, *READERS[command](path, tmp_path), says=name)
    for contents in (b"", b"\0", b"hello\n", b"\x89LACUNA\n", b"\x1c\0\0\0TFL3", bytes(random.Random(SEED).randbytes(5000))):
        path.write_bytes(contents)
        fails(MALFORMED, *READERS[command](path, tmp_path), says=name)
    path.unlink()
    path.mkdir()
    fails(MALFORMED, *READERS[command](path, tmp_path), says=name)
    path.rmdir()
    os.mkfifo(path)
    fails(MALFORMED, *READERS[command](path, tmp_path), says=name)
    fails(MALFORMED, *READERS[command]("/dev/zero", tmp_path), says="/dev/zero")
    assert not (tmp_path / "out.lcn").exists()


@pytest.mark.parametrize("fraction", [0.001, 0.1, 0.5, 0.9, 0.9999])
def test_truncated_files(files, tmp_path, fraction):
    for name in ("network.onnx", "network.lcn"):
        data = (files / name).read_bytes()
        (tmp_path / name).write_bytes(data[:int(len(data) * fraction)])
        fails(MALFORMED, "inspect", tmp_path / name, says=name)


def test_a_flipped_bit_in_an_lcn_file_is_noticed(files, tmp_path):
    data, rng = (files / "network.lcn").read_bytes(), random.Random(SEED)
    places = [*range(0, 64, 3), *(rng.randrange(64, 4096) for _ in range(20)), *(rng.randrange(len(data)) for _ in range(20))]
    for place in places:
        flipped = bytearray(data)
        flipped[place] ^= 1 << rng.randrange(8)
        (tmp_path / "flipped.lcn").write_bytes(flipped)
        fails(MALFORMED, "inspect", tmp_path / "flipped.lcn")


def test_a_flipped_bit_in_a_source_never_crashes(files, tmp_path):
    data, rng = (files / "network.onnx").read_bytes(), random.Random(SEED)
    for _ in range(40):
        flipped = bytearray(data)
        flipped[rng.randrange(len(data)) if rng.random() < 0.3 else rng.randrange(200)] ^= 1 << rng.randrange(8)
        (tmp_path / "flipped.onnx").write_bytes(flipped)
        done = call("inspect", tmp_path / "flipped.onnx", "--quiet", check=False)
        assert done.returncode in (0, USAGE, MALFORMED, UNSUPPORTED, RESOURCE_LIMIT), done.stderr


def test_absurd_shapes(tmp_path):
    for dims in ([1, 2**31 - 1, 2**31 - 1, 2**31 - 1], [1, 3, 2**40, 2**40], [1, -5, 4, 4], [1, 0, 4, 4]):
        tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name in ("x", "y")]
        save(tmp_path / "huge.onnx", [helper.make_node("Sigmoid", ["x"], ["y"])], tensors[:1], tensors[1:])
        done = call("convert", tmp_path / "huge.onnx", "-o", tmp_path / "a.lcn", check=False)
        assert done.returncode in (USAGE, MALFORMED, UNSUPPORTED, RESOURCE_LIMIT), done.stderr
        assert "lacuna: " in done.stderr


@pytest.mark.skipif("sanitizer" in BUILD, reason="the sanitizer itself takes more address space than the limit")
def test_an_arena_beyond_memory_is_a_resource_limit(tmp_path):
    shapes = {"column": [1, 1, 2**15, 1], "row": [1, 1, 1, 2**15], "sum": [1, 1, 2**15, 2**15]}  # the sum: 4 GiB
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, dims) for name, dims in shapes.items()]
    save(tmp_path / "large.onnx", [helper.make_node("Add", ["column", "row"], ["sum"])], tensors[:2], tensors[2:])
    call("convert", tmp_path / "large.onnx", "-o", tmp_path / "large.lcn")
    fails(RESOURCE_LIMIT, "bench", tmp_path / "large.lcn", "--runs", 1, preexec_fn=limited(AS=2**31))
