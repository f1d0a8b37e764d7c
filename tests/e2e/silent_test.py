"""No allocation and no system call while a network runs at one thread: for generated networks and those of the demo.

LACUNA_SILENT names the program that traps both.
"""
import os
import pathlib
import subprocess

import networks
import pytest
from lacuna_program import convert

SILENT = os.environ["LACUNA_SILENT"]
FOLDER = pathlib.Path(os.environ.get("LACUNA_DEMO_DIR", "build/demo"))
FILES = sorted(path for path in FOLDER.glob("*") if path.suffix in (".onnx", ".tflite"))


def check(source, folder):
    convert(source, folder / "model.lcn")
    done = subprocess.run([SILENT, folder / "model.lcn"], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("sparsity", [0, 0.9])
@pytest.mark.parametrize("kind", networks.KINDS)
def test_generated(kind, sparsity, tmp_path):
    networks.make(kind, sparsity, tmp_path / "network.onnx")
    check(tmp_path / "network.onnx", tmp_path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file(path, tmp_path):
    check(path, tmp_path)
