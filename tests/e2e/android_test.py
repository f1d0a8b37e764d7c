"""What `./dev package android` made: imports and pages of the library, layout of AAR and APK, and a run of the library under
emulation in a C library that is not Android's. ANDROID_PACKAGES names the folder; QEMU_CPU the CPU."""
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import zipfile

import networks
import numpy as np
import pytest
from lacuna_program import call, run

PACKAGES = pathlib.Path(os.environ.get("ANDROID_PACKAGES", "build/android/packages"))
LIBRARY = "jni/arm64-v8a/liblacuna.so"
pytestmark = pytest.mark.skipif(not (PACKAGES / "lacuna.aar").exists(), reason="there is no AAR; ./dev package android makes it")
READELF = next((tool for tool in ("aarch64-linux-gnu-readelf", "llvm-readelf-16", "readelf") if shutil.which(tool)), "readelf")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    path = tmp_path_factory.mktemp("library") / "liblacuna.so"
    with zipfile.ZipFile(PACKAGES / "lacuna.aar") as archive:
        path.write_bytes(archive.read(LIBRARY))
    return path


def readelf(library, option):
    return subprocess.run([READELF, "-W", option, library], check=True, capture_output=True, text=True).stdout


def test_imports_are_listed_ones(library):
    lines = [line.split() for line in pathlib.Path("tests/size/android_symbols.txt").read_text().splitlines() if line.startswith("lib")]
    allowed = {name for line in lines for name in line[1:]}
    symbols = [line.split() for line in readelf(library, "--dyn-syms").splitlines()]
    needed = {s[7].split("@")[0] for s in symbols if len(s) >= 8 and s[6] == "UND"}
    assert needed and needed <= allowed, needed - allowed
    exported = {s[7].split("@")[0] for s in symbols if len(s) >= 8 and s[6].isdigit()}
    assert all(re.match(r"lacuna_|Java_org_lacuna_", name) for name in exported) and "lacuna_session_run" in exported


def test_needs_libc_and_libm_only(library):
    dynamic = readelf(library, "-d")
    assert set(re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)) <= {"libc.so", "libm.so"}
    assert "[liblacuna.so]" in dynamic and "TEXTREL" not in dynamic and "RPATH" not in dynamic and "RUNPATH" not in dynamic


def test_pages_of_16_kib(library):
    loads = re.findall(r"^\s*LOAD\s+(0x\w+)\s+(0x\w+)\s+\S+\s+\S+\s+\S+\s+.*?(0x\w+)$", readelf(library, "-l"), re.M)
    assert loads
    for offset, address, alignment in loads:
        assert int(alignment, 16) >= 0x4000
        assert int(offset, 16) % int(alignment, 16) == int(address, 16) % int(alignment, 16)


def test_aar_layout():
    with zipfile.ZipFile(PACKAGES / "lacuna.aar") as archive:
        names = set(archive.namelist())
        assert {"AndroidManifest.xml", "classes.jar", "R.txt", "proguard.txt", LIBRARY, "prefab/prefab.json", "LICENSE"} <= names
        module = "prefab/modules/lacuna"
        assert {f"{module}/module.json", f"{module}/include/lacuna/lacuna.h", f"{module}/include/lacuna/lacuna_image.h",
                f"{module}/libs/android.arm64-v8a/liblacuna.so"} <= names
        abi = json.loads(archive.read(f"{module}/libs/android.arm64-v8a/abi.json"))
        assert abi["abi"] == "arm64-v8a" and abi["stl"] == "none" and abi["static"] is False
        assert json.loads(archive.read("prefab/prefab.json"))["name"] == "lacuna"
        assert archive.read(f"{module}/libs/android.arm64-v8a/liblacuna.so") == archive.read(LIBRARY)
        classes = zipfile.ZipFile(io.BytesIO(archive.read("classes.jar"))).namelist()
        assert {"org/lacuna/Model.class", "org/lacuna/Session.class", "org/lacuna/AndroidModels.class"} <= set(classes)


def test_apk_is_signed_and_models_are_stored():
    apk = PACKAGES / "camera.apk"
    subprocess.run(["apksigner", "verify", apk], check=True, stdout=subprocess.DEVNULL)
    with zipfile.ZipFile(apk) as archive:
        assert {"classes.dex", "resources.arsc", "lib/arm64-v8a/liblacuna.so", "AndroidManifest.xml"} <= set(archive.namelist())
        models = [info for info in archive.infolist() if info.filename.endswith(".lcn")]
        for info in models:
            assert info.compress_type == zipfile.ZIP_STORED
            with open(apk, "rb") as file:  # the local header has its own extra field
                file.seek(info.header_offset + 26)
                name, extra = np.frombuffer(file.read(4), "<u2")
            data_offset = info.header_offset + 30 + int(name) + int(extra)
            assert data_offset % 8 == 0


RUNNER = r"""
#include <dlfcn.h>
#include <lacuna/lacuna.h>
#include <stdio.h>
#include <stdlib.h>
/* runner LIBRARY MODEL INPUT OUTPUT */
#define GET(name) __typeof__(name)* name##_ = (__typeof__(name)*)dlsym(library, #name); if (!name##_) { puts(#name); return 2; }
static size_t load(const char* path, void** data) {
  FILE* f = fopen(path, "rb"); fseek(f, 0, SEEK_END); size_t n = (size_t)ftell(f); rewind(f);
  *data = malloc(n); n = fread(*data, 1, n, f); fclose(f); return n;
}
int main(int c, char** a) {
  void* library = dlopen(a[1], RTLD_NOW);
  if (!library) { puts(dlerror()); return 2; }
  GET(lacuna_model_open_file) GET(lacuna_session_size) GET(lacuna_session_init) GET(lacuna_session_set_input)
  GET(lacuna_session_run) GET(lacuna_session_get_output) GET(lacuna_session_isa) GET(lacuna_model_output)
  lacuna_model model; lacuna_error error; size_t bytes; lacuna_session* session; lacuna_tensor tensor; void* input; (void)c;
  if (lacuna_model_open_file_(a[2], &model, &error)) { puts(error.message); return 1; }
  if (lacuna_session_size_(&model, NULL, &bytes, &error)) { puts(error.message); return 1; }
  if (lacuna_session_init_(&model, NULL, aligned_alloc(64, bytes), bytes, &session, &error)) { puts(error.message); return 1; }
  size_t n = load(a[3], &input);
  if (lacuna_session_set_input_(session, 0, input, n, &error)) { puts(error.message); return 1; }
  lacuna_session_run_(session);
  lacuna_model_output_(&model, 0, &tensor, &error);
  void* output = malloc(tensor.bytes);
  lacuna_session_get_output_(session, 0, output, tensor.bytes, &error);
  FILE* f = fopen(a[4], "wb"); fwrite(output, 1, tensor.bytes, f); fclose(f);
  puts(lacuna_session_isa_(session));
  return 0;
}
"""


@pytest.mark.skipif(shutil.which("aarch64-linux-gnu-gcc") is None or shutil.which("qemu-aarch64") is None,
                    reason="there is no cross compiler or no qemu-aarch64")
def test_runs_under_emulation(library, tmp_path):
    networks.make("inverted_residuals", 0.9, tmp_path / "net.onnx")
    call("convert", tmp_path / "net.onnx", "-o", tmp_path / "net.lcn")
    x = np.random.default_rng(1).normal(size=(1, 3, networks.SIZE, networks.SIZE)).astype(np.float32)
    x.tofile(tmp_path / "input")
    (expected,) = run(tmp_path / "net.lcn", {"data": x}, tmp_path / "run")
    # Stand-ins for Android's libc.so and libm.so on top of the emulated C library.
    (tmp_path / "libc.c").write_text("#include <errno.h>\nint* __errno(void) { return __errno_location(); }\n")
    (tmp_path / "libm.c").write_text("")
    (tmp_path / "runner.c").write_text(RUNNER)
    compiler = ["aarch64-linux-gnu-gcc", "-O1", "-Isdk/include"]
    for name, needs in (("libc", []), ("libm", ["-Wl,--no-as-needed", "-lm"])):
        subprocess.run([*compiler, "-shared", "-fPIC", f"-Wl,-soname,{name}.so", "-o", tmp_path / f"{name}.so", tmp_path / f"{name}.c",
                        *needs], check=True)
    subprocess.run([*compiler, "-o", tmp_path / "runner", tmp_path / "runner.c"], check=True)
    done = subprocess.run(["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", "-E", f"LD_LIBRARY_PATH={tmp_path}", tmp_path / "runner", library,
                           tmp_path / "net.lcn", tmp_path / "input", tmp_path / "output"], capture_output=True, text=True, timeout=300,
                          env={**os.environ, "QEMU_CPU": os.environ.get("QEMU_CPU", "cortex-a76")})
    assert done.returncode == 0 and done.stdout.strip() in ("neon", "neonfp16"), done.stdout + done.stderr
    assert np.abs(np.fromfile(tmp_path / "output", np.float32) - expected.ravel()).max() <= 1e-4 * np.abs(expected).max()
