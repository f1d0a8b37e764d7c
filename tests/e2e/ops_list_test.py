"""A library of one model's operators and kernels for 64-bit Arm: it answers as the whole library does, and refuses others."""
import os
import pathlib
import shutil
import subprocess
import sys

import networks
import pytest
from lacuna_program import call, convert

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples/minimal_static"
EMULATOR = ["qemu-aarch64", "-cpu", "cortex-a53"]
WHOLE = ROOT / "build/linux-arm64/sdk/liblacuna.a"
POSE = pathlib.Path(os.environ.get("LACUNA_DEMO_DIR", ROOT / "build/demo")) / "pose_detection.tflite"
pytestmark = pytest.mark.skipif(not WHOLE.exists() or not shutil.which(EMULATOR[0]), reason="no build of linux-arm64 or no emulator")


def run(*command, code=0):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=1200, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == code, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def library(folder, *options):
    run("cmake", "-S", ROOT, "-B", folder, "-G", "Ninja", "--toolchain", ROOT / "toolchains/linux-arm64.cmake", *options,
        "-DCMAKE_BUILD_TYPE=Release", "-DLACUNA_BUILD_CONVERTER=OFF", "-DLACUNA_BUILD_TESTS=OFF", "-DLACUNA_BUILD_SAMPLES=OFF")
    run("cmake", "--build", folder, "--target", "lacuna")
    return folder / "sdk/liblacuna.a"


def program(sources, archive, to, *options):
    run("aarch64-linux-gnu-gcc", "-static", "-Wl,--gc-sections", f"-I{ROOT}/sdk/include", *options, *sources, archive, "-lm", "-o", to)
    return [*EMULATOR, to]


def test_it_runs_its_model_and_refuses_others(tmp_path):
    run(sys.executable, SAMPLE / "make_vww_96.py", tmp_path / "vww.onnx")
    call("convert", tmp_path / "vww.onnx", "-o", tmp_path / "vww.lcn", "--ops-list", tmp_path / "ops.txt")
    names = (tmp_path / "ops.txt").read_text().splitlines()
    assert "Conv" in names and "Packing/Depthwise" in names and "Depthwise/3x3s1p1" in names
    listed = library(tmp_path / "listed", f"-DLACUNA_OPS_LIST={tmp_path}/ops.txt")
    sample = SAMPLE / "main.c", SAMPLE / "model.S"
    model = f'-DMODEL_FILE="{tmp_path}/vww.lcn"'
    small = program(sample, listed, tmp_path / "small", model)
    whole = program(sample, WHOLE, tmp_path / "whole", model)
    assert run(*small) == run(*whole)
    assert (tmp_path / "small").stat().st_size < (tmp_path / "whole").stat().st_size - 300_000

    runner = program([ROOT / "tests/bench/arm/count_run.c"], listed, tmp_path / "runner")
    networks.make("bottlenecks", 0.9, tmp_path / "other.onnx")
    convert(tmp_path / "other.onnx", tmp_path / "other.lcn")
    run(*runner, tmp_path / "vww.lcn", 1)
    assert "this build of the library leaves" in run(*runner, tmp_path / "other.lcn", 1, code=1)


@pytest.mark.parametrize("kind", networks.KINDS)
def test_it_answers_as_the_whole_library(kind, tmp_path):
    networks.make(kind, 0.9, tmp_path / "network.onnx")
    check_answers(tmp_path / "network.onnx", tmp_path)


@pytest.mark.skipif(not POSE.exists(), reason="`./dev demo` has fetched no pose_detection.tflite")
def test_pose_detection_answers_as_with_the_whole_library(tmp_path):
    check_answers(POSE, tmp_path)


def check_answers(source, folder):
    call("convert", source, "-o", folder / "model.lcn", "--ops-list", folder / "ops.txt")
    answers = ROOT / "tests/e2e/write_answers.c"
    listed = program([answers], library(folder / "listed", f"-DLACUNA_OPS_LIST={folder}/ops.txt"), folder / "small")
    whole = program([answers], WHOLE, folder / "whole")
    expected, actual = (subprocess.run([*runner, folder / "model.lcn"], stdout=subprocess.PIPE, timeout=600, check=True).stdout
                        for runner in (whole, listed))
    assert len(expected) > 0 and actual == expected
