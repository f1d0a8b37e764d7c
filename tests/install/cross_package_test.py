"""Packages of the Arm builds, as `./dev build` leaves these: the right machine, and of use to a project that is built for it.

What is not built or cannot be run here is skipped.
"""
import shutil

import pytest
from consumers import ROOT, call, make_package, use

# Machine as readelf names it, triple of the compiler, the emulator.
TARGETS = {
    "linux-arm64": ("AArch64", "aarch64-linux-gnu", ("qemu-aarch64", "-cpu", "cortex-a53")),
    "linux-armhf": ("ARM", "arm-linux-gnueabihf", ("qemu-arm", "-cpu", "cortex-a7")),
}


def machines(file):
    """Of a program, or of all objects in a library."""
    lines = call("readelf", "--file-header", file).splitlines()
    return {line.split(":")[1].strip() for line in lines if line.strip().startswith("Machine:")}


@pytest.mark.parametrize("kind", ["TGZ", "DEB"])
@pytest.mark.parametrize("preset", TARGETS)
def test_package(preset, kind, tmp_path):
    machine, triple, emulator = TARGETS[preset]
    folder = ROOT / "build" / preset
    if not (folder / "bin/lacuna").exists() or not shutil.which(emulator[0]):
        pytest.skip(f"{preset} is not built or cannot be run here")
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
