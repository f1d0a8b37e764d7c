"""Whole networks against ONNX Runtime and LiteRT, on every ISA of this machine, with one and with two threads.

Networks: pruned ones made here, and what the demo fetches. LACUNA_MODELS names further folders (separated by colons)
with .onnx and .tflite files. A model that LiteRT or ONNX Runtime cannot run itself is reported as skipped.
"""
import os
import pathlib

import networks
import oracle
import pytest
from lacuna_program import convert, isas, largest_error, run

BOUND = 1e-4
GENERATED = [(kind, sparsity) for kind in networks.KINDS for sparsity in (0, 0.5, 0.9, 1)]
FOLDERS = [os.environ.get("LACUNA_DEMO_DIR", "build/demo"), *filter(None, os.environ.get("LACUNA_MODELS", "").split(":"))]
FILES = sorted(path for folder in FOLDERS for path in pathlib.Path(folder).glob("*") if path.suffix in (".onnx", ".tflite"))


def check(source, folder):
    try:
        inputs, expected = oracle.inputs_and_outputs(source)
    except Exception as error:  # whatever the other engine says
        pytest.skip(f"the reference engine does not run it: {error}")
    model = folder / "model.lcn"
    convert(source, model)
    for isa in isas():
        for threads in (1, 2):
            outputs = run(model, inputs, folder / f"{isa}_{threads}", "--isa", isa, "--threads", threads)
            assert len(outputs) == len(expected)
            for name, actual in zip(expected, outputs):
                error = largest_error(actual, expected[name])
                assert error <= BOUND, f"{name}: error {error:.2e} on {isa} with {threads} threads"


@pytest.mark.parametrize("kind,sparsity", GENERATED)
def test_generated(kind, sparsity, tmp_path):
    networks.make(kind, sparsity, tmp_path / "network.onnx")
    check(tmp_path / "network.onnx", tmp_path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file(path, tmp_path):
    check(path, tmp_path)


@pytest.mark.parametrize("kind", networks.KINDS)
def test_converting_twice_gives_the_same_bytes(kind, tmp_path):
    networks.make(kind, 0.9, tmp_path / "network.onnx")
    for name in ("a.lcn", "b.lcn"):
        convert(tmp_path / "network.onnx", tmp_path / name)
    assert (tmp_path / "a.lcn").read_bytes() == (tmp_path / "b.lcn").read_bytes()
