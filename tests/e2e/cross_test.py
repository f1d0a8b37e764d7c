"""The same .lcn files here and on another architecture, whose program the environment variable LACUNA_CROSS starts."""
import json
import os
import shlex

import networks
import numpy as np
import pytest
from lacuna_program import call, computes_halves, convert, isas, largest_error, run

CROSS = shlex.split(os.environ["LACUNA_CROSS"])
EMULATED = len(CROSS) > 1
HAS_FP16 = "aarch64" in CROSS[0] and computes_halves(os.environ.get("QEMU_CPU", ""))
BOUND = 1e-4


@pytest.mark.parametrize("kind", networks.KINDS)
def test_outputs_agree(kind, tmp_path):
    networks.make(kind, 0.9, tmp_path / "network.onnx")
    convert(tmp_path / "network.onnx", tmp_path / "network.lcn")
    image = np.random.default_rng(2).normal(size=(1, 3, networks.SIZE, networks.SIZE)).astype(np.float32)
    here = run(tmp_path / "network.lcn", {"data": image}, tmp_path / "here")
    for isa in isas(CROSS):
        there = run(tmp_path / "network.lcn", {"data": image}, tmp_path / isa, "--isa", isa, "--threads", "2", program=CROSS)
        assert len(there) == len(here)
        for a, b in zip(there, here):
            assert largest_error(a, b) <= BOUND, isa


def test_the_kernels_of_a_tier_are_what_runs(tmp_path):
    """Sparse and depthwise kernels exist for every tier: each step names the one that it was bound to."""
    networks.make("bottlenecks", 0.9, tmp_path / "network.onnx")
    convert(tmp_path / "network.onnx", tmp_path / "network.lcn")
    tiers = isas(CROSS)
    assert tiers == (["scalar", "neon"] + ["neonfp16"] * HAS_FP16 if EMULATED else isas())
    for isa in tiers:
        options = "--isa", isa, "--runs", "1", "--warmup", "0", "--layers", "--json"
        report = json.loads(call("bench", tmp_path / "network.lcn", *options, program=CROSS).stdout)
        assert report["isa"] == isa
        kernels = {layer["kernel"] for layer in report["layers"] if layer["op"] == "Conv"}
        if not EMULATED:
            here = json.loads(call("bench", tmp_path / "network.lcn", *options).stdout)
            assert kernels == {layer["kernel"] for layer in here["layers"] if layer["op"] == "Conv"}
        else:
            assert kernels and all(kernel.endswith("__" + isa.removesuffix("fp16")) for kernel in kernels), kernels


@pytest.mark.parametrize("kind", networks.KINDS)
def test_halves(kind, tmp_path):
    """The same file of halves on every tier; those that compute in halves do."""
    networks.make(kind, 0.9, tmp_path / "network.onnx")
    convert(tmp_path / "network.onnx", tmp_path / "network.lcn", "--dtype", "f16")
    image = np.random.default_rng(2).normal(size=(1, 3, networks.SIZE, networks.SIZE)).astype(np.float32)
    here = run(tmp_path / "network.lcn", {"data": image}, tmp_path / "here", "--isa", "scalar")
    for isa in isas(CROSS):
        there = run(tmp_path / "network.lcn", {"data": image}, tmp_path / isa, "--isa", isa, "--threads", "2", program=CROSS)
        in_halves = isa.endswith("fp16")
        for a, b in zip(there, here):
            assert largest_error(a, b) <= (1e-2 if in_halves else BOUND), isa
        options = "--isa", isa, "--runs", "1", "--warmup", "0", "--layers", "--json"
        report = json.loads(call("bench", tmp_path / "network.lcn", *options, program=CROSS).stdout)
        kernels = {layer["kernel"] for layer in report["layers"] if layer["op"] == "Conv"}
        assert any(kernel.endswith("fp16") for kernel in kernels) == in_halves, kernels


def test_converters_agree(tmp_path):
    networks.make("bottlenecks", 0.9, tmp_path / "network.onnx")
    for name, options in (("here", {}), ("there", {"program": CROSS})):
        call("convert", tmp_path / "network.onnx", "-o", tmp_path / name, "--target", "generic", **options)
    assert (tmp_path / "here").read_bytes() == (tmp_path / "there").read_bytes()
