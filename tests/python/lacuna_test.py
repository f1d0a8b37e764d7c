"""The Python package: convert, inspect, run with and without copies, bench, errors, types."""
import pathlib
import subprocess
import sys
import threading

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

import lacuna

MALFORMED, UNSUPPORTED_ISA, USAGE = 3, 32, 2


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """x [1, 3, 9, 9] convolved to y [1, 4, 9, 9] and z, its mean."""
    path = tmp_path_factory.mktemp("source") / "net.onnx"
    rng = np.random.default_rng(3)
    weight = (rng.normal(size=(4, 3, 3, 3)) * (rng.random((4, 3, 3, 3)) < 0.3)).astype(np.float32)
    nodes = [helper.make_node("Conv", ["x", "w"], ["y"], pads=[1] * 4), helper.make_node("GlobalAveragePool", ["y"], ["z"])]
    graph = helper.make_graph(nodes, "net", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 9, 9])],
                              [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in "yz"],
                              [numpy_helper.from_array(weight, "w")])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


@pytest.fixture(scope="module")
def net(source):
    lacuna.convert(source, source.with_suffix(".lcn"))
    return source.with_suffix(".lcn")


def expected(source, x):
    weight = numpy_helper.to_array(onnx.load(source).graph.initializer[0])
    padded = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
    y = sum(np.einsum("mc,nchw->nmhw", weight[:, :, i, j], padded[:, :, i:i + 9, j:j + 9]) for i in range(3) for j in range(3))
    return y, y.mean((2, 3), keepdims=True)


def picture():
    return np.random.default_rng(4).normal(size=(1, 3, 9, 9)).astype(np.float32)


def test_convert_tells_what_inspect_tells(source, tmp_path):
    told = lacuna.convert(source, tmp_path / "a.lcn", target="generic")
    seen = lacuna.inspect(tmp_path / "a.lcn")
    assert told["layers"] == seen["layers"] and seen["schema_version"] == 1
    with pytest.raises(lacuna.Error) as raised:
        lacuna.convert(source, tmp_path / "a.lcn")
    assert raised.value.code == USAGE
    lacuna.convert(source, tmp_path / "a.lcn", overwrite=True)


@pytest.mark.parametrize("threads", [1, 2])
def test_run_with_copies(source, net, threads):
    model = lacuna.Model(net, threads=threads)
    for actual, wanted in zip(model.run(picture()), expected(source, picture())):
        np.testing.assert_allclose(actual, wanted, atol=1e-5)
    assert np.array_equal(model.run(x=picture())[0], model.run(picture().tolist())[0])


def test_run_without_copies(source, net):
    model = lacuna.Model(net)
    array = model.inputs[0].array
    assert array.shape == (1, 3, 9, 9) and array.dtype == np.float32
    address = array.__array_interface__["data"][0]
    array[...] = picture()
    model.run_in_place()
    np.testing.assert_allclose(model.outputs[0].array, expected(source, picture())[0], atol=1e-5)
    assert model.inputs[0].array.__array_interface__["data"][0] == address
    assert not model.outputs[0].array.flags.owndata


def test_arrays_outlive_the_model(source, net):
    model = lacuna.Model(net)
    model.run(picture())
    kept = model.outputs[0].array
    del model
    np.testing.assert_allclose(kept, expected(source, picture())[0], atol=1e-5)


def test_every_instruction_set(source, net):
    for isa in lacuna.isas():
        model = lacuna.Model(net, isa=isa)
        assert model.isa == isa
        np.testing.assert_allclose(model.run(picture())[0], expected(source, picture())[0], atol=1e-5)


def test_threads_of_python(source, net):
    results = {}

    def work(number):
        results[number] = [lacuna.Model(net).run(picture())[0] for _ in range(20)]

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(result, results[0][0]) for list_of in results.values() for result in list_of)


def test_bench_and_layers(net):
    model = lacuna.Model(net, profile=True)
    timed = model.bench(seconds=0.05)
    assert timed["runs"] > 0 and timed["min_ms"] <= timed["median_ms"] <= timed["p95_ms"] and timed["arena_bytes"] > 0
    assert [layer["op"] for layer in model.layers()][0] == "Conv"
    model.check_weights()


def test_errors(net, tmp_path):
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    with pytest.raises(lacuna.Error) as raised:
        lacuna.convert(tmp_path / "broken.onnx", tmp_path / "out.lcn")
    assert raised.value.code == MALFORMED and not (tmp_path / "out.lcn").exists()
    with pytest.raises(lacuna.Error, match="No such file"):
        lacuna.Model(tmp_path / "none.lcn")
    with pytest.raises(lacuna.Error) as raised:
        lacuna.Model(net, isa="sse9")
    assert raised.value.code == UNSUPPORTED_ISA
    with pytest.raises(lacuna.Error):
        lacuna.inspect(tmp_path / "broken.onnx")
    damaged = bytearray(net.read_bytes())
    damaged[-70] ^= 1
    (tmp_path / "damaged.lcn").write_bytes(damaged)
    with pytest.raises(lacuna.Error):
        lacuna.Model(tmp_path / "damaged.lcn").check_weights()


def test_wrong_arrays(net):
    model = lacuna.Model(net)
    for arrays, named in (([np.zeros((1, 3, 9, 8))], {}), ([], {}), ([picture(), picture()], {}), ([], {"y": picture()}),
                          ([picture()], {"x": picture()})):
        with pytest.raises(ValueError):
            model.run(*arrays, **named)


def test_package_is_typed():
    assert (pathlib.Path(lacuna.__file__).parent / "py.typed").exists()
    mypy = subprocess.run([sys.executable, "-m", "mypy", "--version"], capture_output=True, check=False)
    if mypy.returncode != 0:
        pytest.skip("there is no mypy here")
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict", "-p", "lacuna"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
