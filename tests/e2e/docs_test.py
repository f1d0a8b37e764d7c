"""Runs the commands that README.md, docs/*.md and `lacuna COMMAND --help` show, in a folder with the files they name."""
import pathlib
import re
import shlex
import subprocess

import networks
import numpy as np
import onnx
import pytest
from lacuna_program import call, convert
from PIL import Image
from onnx import TensorProto, helper
from PIL import Image
from tflite_model import Model

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
COMMANDS = ["convert", "inspect", "run", "bench", "compare", "doctor", "tune", "prune"]


def blocks(path, language=""):
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(), re.S | re.M)


def shown_commands():
    for page in PAGES:
        for block in blocks(page):
            for line in block.splitlines():
                if line.startswith("lacuna "):
                    yield page.name, line.partition(" #")[0].strip()
    for command in COMMANDS:
        text = call(command, "--help").stdout
        for line in text[text.index("Examples:"):].splitlines():
            if line.strip().startswith("lacuna "):
                yield f"{command} --help", line.strip()


def make_pair(path):
    """A network with two inputs."""
    inputs = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in ("left", "right")]
    output = helper.make_tensor_value_info("sum", TensorProto.FLOAT, [1, 4])
    graph = helper.make_graph([helper.make_node("Add", ["left", "right"], ["sum"])], "pair", inputs, [output])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)


def make_tflite(path):
    """A classifier of ten classes for pictures of 8 x 8."""
    model = Model()
    weight, bias = np.ones((10, 8 * 8 * 3)), np.zeros(10)
    flat = model.op("RESHAPE", [model.input(1, 8, 8, 3), model.ints([1, 8 * 8 * 3])], ("ReshapeOptions", {}))
    model.save(path, model.op("FULLY_CONNECTED", [flat, model.constant(weight), model.constant(bias)],
                              ("FullyConnectedOptions", {})))


def make_samples(path):
    """What `lacuna prune` calibrates on: arrays and pictures for net.onnx."""
    rng = np.random.default_rng(1)
    np.save(path / "samples.npy", rng.normal(size=(4, 3, networks.SIZE, networks.SIZE)).astype(np.float32))
    (path / "photos").mkdir()
    for i in range(4):
        picture = Image.fromarray(rng.integers(0, 255, (90, 70, 3), np.uint8))
        picture.save(path / "photos" / f"{i}.{'png' if i % 2 else 'jpg'}")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The source models and other files that the examples name."""
    path = tmp_path_factory.mktemp("docs")
    networks.make("inverted_residuals", 0.9, path / "net.onnx")
    make_tflite(path / "net.tflite")
    make_pair(path / "pair.onnx")
    convert(path / "pair.onnx", path / "pair.lcn")
    for name in "ab":
        np.save(path / f"{name}.npy", np.ones((1, 4), np.float32))
    call("tune", "--quick", "--isa", "scalar", "-o", path / "machine.json")
    make_samples(path)
    (path / "names.txt").write_text("\n".join(f"class {i}" for i in range(10)))
    convert(path / "net.tflite", path / "pictures.lcn", "--image", f"mean=0,0,0;std=255,255,255;labels={path / 'names.txt'}")
    Image.new("RGB", (30, 20), "orange").save(path / "photo.png")
    return path


def make_net(folder, line):
    """net.lcn and pictures for it, from the source model that the command names."""
    tflite = "net.tflite" in line
    convert(folder / ("net.tflite" if tflite else "net.onnx"), folder / "net.lcn")
    shape = (1, 8, 8, 3) if tflite else (1, 3, networks.SIZE, networks.SIZE)
    for name in ("x", "photo"):
        np.save(folder / f"{name}.npy", np.zeros(shape, np.float32))


@pytest.mark.parametrize("page,line", shown_commands())
def test_command(page, line, folder, monkeypatch):
    monkeypatch.chdir(folder)
    make_net(folder, line)
    arguments = shlex.split(line)[1:]
    if arguments[0] in ("convert", "run") or "--trace" in arguments:
        arguments.append("--force")
    if arguments[0] == "tune":  # measures for minutes, into a file that is there already
        arguments = [*dict.fromkeys([*arguments, "--quick"]), *(["--force"] if "-o" in arguments else [])]
    if arguments[0] == "prune":
        arguments += ["--force", *([] if "--minutes" in arguments else ["--minutes", "0.1"])]
    if arguments[0] == "bench" and "--runs" not in arguments:
        arguments += ["--runs", "3"]
    done = call(*arguments, check=False)
    assert done.returncode == 0, f"{page}: {line}\n{done.stderr}"


def test_readme_snippet_compiles(tmp_path):
    (snippet,) = blocks(ROOT / "README.md", "c")
    source = tmp_path / "snippet.c"
    source.write_text("#include <lacuna/lacuna.h>\n#include <stdio.h>\n#include <stdlib.h>\n"
                      "int run(const void* pixels, size_t pixel_bytes, void* scores, size_t score_bytes) {\n"
                      f"{snippet}return 0;\n}}\n")
    done = subprocess.run(["cc", "-std=c11", "-Wall", "-Werror", "-fsyntax-only", f"-I{ROOT / 'sdk/include'}", source],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
