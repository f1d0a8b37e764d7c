"""The minimal sample for each architecture whose library is built, and without an operating system: the same answer.

Uses build/<preset>/sdk/liblacuna.a as `./dev build` leaves it; what is not built or cannot be run is skipped.
"""
import os
import pathlib
import shutil
import subprocess
import sys

import pytest
from lacuna_program import call

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples/minimal_static"
PRESETS = {
    "native": [],
    "linux-arm64": ["qemu-aarch64", "-cpu", "cortex-a53"],
    "linux-armhf": ["qemu-arm", "-cpu", "cortex-a7"],
    "linux-amd64-musl": [],
    "linux-arm64-musl": ["qemu-aarch64", "-cpu", "cortex-a53"],
    "linux-armhf-musl": ["qemu-arm", "-cpu", "cortex-a7"],
    "baremetal-arm64": ["qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57", "-m", "64", "-nographic", "-nic", "none", "-semihosting",
                        "-kernel"],
}


def checked(*command):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=300, check=False, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vww")
    checked(sys.executable, SAMPLE / "make_vww_96.py", folder / "vww_96.onnx")
    call("convert", folder / "vww_96.onnx", "-o", folder / "vww_96.lcn")
    return folder / "vww_96.lcn"


def answer(preset, model, folder):
    """What the sample prints; None where the preset is not built or not to be run here."""
    build, runner = ROOT / "build" / preset, PRESETS[preset]
    if preset == "native":
        build = pathlib.Path(os.environ.get("LACUNA_BUILD", build))
    if not (build / "sdk/liblacuna.a").exists() or (runner and not shutil.which(runner[0])):
        return None
    checked("cmake", "--install", build, "--component", "lacuna", "--prefix", folder / "prefix")
    toolchain = [] if preset == "native" else [f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/toolchains/{preset}.cmake"]
    checked("cmake", "-S", SAMPLE, "-B", folder / "build", "-G", "Ninja", f"-DMODEL={model}", *toolchain,
            f"-Dlacuna_DIR={next((folder / 'prefix').rglob('lacuna-config.cmake')).parent}")
    checked("cmake", "--build", folder / "build")
    return checked(*runner, folder / "build/minimal_static")


def test_main_is_short():
    assert len((SAMPLE / "main.c").read_text().splitlines()) < 60


def test_native_answer(model, tmp_path):
    text = answer("native", model, tmp_path)
    assert text and text.split(":")[0] in ("person", "nobody")


@pytest.mark.parametrize("preset", [preset for preset in PRESETS if preset != "native"])
def test_same_answer(preset, model, tmp_path):
    other = answer(preset, model, tmp_path / preset)
    if other is None:
        pytest.skip(f"{preset} is not built or cannot be run here")
    assert other == answer("native", model, tmp_path / "native")
