"""Packages of the cross builds, as `./dev build` leaves these: the right machine, and of use to a project that is built for it.

What is not built or cannot be run here is skipped.
"""
import os
import shutil
import subprocess

import pytest
from consumers import MODEL, ROOT, call, make_package, use

# Machine as readelf names it, triple of the compiler, the emulator.
TARGETS = {
    "linux-arm64": ("AArch64", "aarch64-linux-gnu", ("qemu-aarch64", "-cpu", "cortex-a53")),
    "linux-armhf": ("ARM", "arm-linux-gnueabihf", ("qemu-arm", "-cpu", "cortex-a7")),
}
# The same of builds for musl, whose compiler is in build/venv/zig.
MUSL_TARGETS = {
    "linux-amd64-musl": ("Advanced Micro Devices X86-64", ()),
    "linux-arm64-musl": ("AArch64", ("qemu-aarch64", "-cpu", "cortex-a53")),
    "linux-armhf-musl": ("ARM", ("qemu-arm", "-cpu", "cortex-a7")),
}
LICENCES = {"musl", "libcxx", "libcxxabi", "libunwind", "zig", "libprotobuf-dev", "zlib1g-dev", "libpng-dev"}


def machines(file):
    """Of a program, or of all objects in a library."""
    lines = call("readelf", "--file-header", file).splitlines()
    return {line.split(":")[1].strip() for line in lines if line.strip().startswith("Machine:")}


def built(preset, emulator):
    folder = ROOT / "build" / preset
    if not (folder / "bin/lacuna").exists() or (emulator and not shutil.which(emulator[0])):
        pytest.skip(f"{preset} is not built or cannot be run here")
    return folder


@pytest.mark.parametrize("kind", ["TGZ", "DEB"])
@pytest.mark.parametrize("preset", TARGETS)
def test_package(preset, kind, tmp_path):
    machine, triple, emulator = TARGETS[preset]
    folder = built(preset, emulator)
    package, prefix = make_package(folder, kind, tmp_path)
    architecture = preset.partition("-")[2]
    assert package.name.endswith(f"-linux-{architecture}.{'deb' if kind == 'DEB' else 'tar.gz'}")
    if kind == "DEB":
        assert call("dpkg-deb", "--field", package, "Architecture").strip() == architecture
    assert machines(prefix / "bin/lacuna") == {machine}
    assert machines(prefix / "lib/liblacuna.a") == {machine}
    assert "lacuna 0." in call(*emulator, prefix / "bin/lacuna", "--version")
    use(prefix, tmp_path, compiler=f"{triple}-gcc", runner=emulator, flags=["-static"],
        options=[f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/toolchains/{preset}.cmake"])


def runs_alone(program, emulator, folder):
    """It converts and runs a network; without an emulator, and where this user may do that, also in a root folder that has
    nothing but program and network."""
    assert "INTERP" not in call("readelf", "--program-headers", "--wide", program)
    assert "NEEDED" not in call("readelf", "--dynamic", program)
    command, source, result = [*emulator, program], ROOT / "tests/golden/source/small.onnx", folder / "small.lcn"
    call(*command, "convert", source, "-o", result)
    assert result.stat().st_size
    for model in (result, MODEL):
        call(*command, "bench", model, "--runs", "1", "--warmup", "0")
    if not emulator and os.geteuid() == 0:
        root = folder / "root"
        root.mkdir()
        for file in (program, source):
            shutil.copy(file, root)
        for arguments in (["convert", source.name, "-o", "small.lcn"], ["bench", "small.lcn", "--runs", "1", "--warmup", "0"]):
            subprocess.run(["chroot", root, "/lacuna", *arguments], check=True, timeout=300, stdout=subprocess.DEVNULL)
        assert (root / "small.lcn").read_bytes() == result.read_bytes()


@pytest.mark.parametrize("preset", MUSL_TARGETS)
def test_archive_for_any_linux(preset, tmp_path):
    machine, emulator = MUSL_TARGETS[preset]
    package, prefix = make_package(built(preset, emulator), "TGZ", tmp_path)
    assert package.name.endswith(f"-{preset}.tar.gz")
    assert LICENCES <= {file.stem for file in (prefix / "share/doc/lacuna/third_party").iterdir()}
    assert machines(prefix / "bin/lacuna") == {machine}
    assert machines(prefix / "lib/liblacuna.a") == {machine}
    assert "lacuna 0." in call(*emulator, prefix / "bin/lacuna", "--version")
    runs_alone(prefix / "bin/lacuna", emulator, tmp_path)
    use(prefix, tmp_path, compiler=ROOT / f"build/venv/zig/{preset}/clang", runner=emulator,
        options=[f"-DCMAKE_TOOLCHAIN_FILE={ROOT}/toolchains/{preset}.cmake"])
