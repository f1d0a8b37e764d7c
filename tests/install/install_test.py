"""What is installed and packaged serves projects that are not ours: each is configured, built and run.

The environment names what is tested: LACUNA_BUILD (a build directory with everything built), LACUNA_MODEL (an .lcn file).
"""
import os
import re
import pathlib
import shutil
import subprocess

import pytest

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BUILD = pathlib.Path(os.environ["LACUNA_BUILD"]).resolve()
MODEL = pathlib.Path(os.environ["LACUNA_MODEL"]).resolve()
JOBS = str(os.cpu_count())


def call(*command, **options):
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=1500, check=False, **options)
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}"
    return done.stdout


def build(project, folder, *options):
    """Configures and builds a consumer project of this folder; launchers make repeated builds cheap."""
    launcher = ["-DCMAKE_CXX_COMPILER_LAUNCHER=ccache"] if shutil.which("ccache") else []
    call("cmake", "-S", HERE / project, "-B", folder, "-G", "Ninja", *launcher, *options)
    call("cmake", "--build", folder, "--parallel", JOBS)


def run(program, **options):
    assert "lacuna 0." in call(program, MODEL, **options)


def use(prefix, folder):
    """Finds the package below `prefix` by CMake and by pkg-config."""
    build("find_package", folder / "cmake", f"-DCMAKE_PREFIX_PATH={prefix}")
    run(folder / "cmake/consumer_c")
    assert "libstdc++" not in call("readelf", "--dynamic", folder / "cmake/consumer_c")
    assert "steps on" in call(folder / "cmake/consumer_cc", MODEL)
    (description,) = prefix.rglob("lacuna.pc")
    environment = dict(os.environ, PKG_CONFIG_PATH=str(description.parent), LD_LIBRARY_PATH=str(description.parents[1]))
    flags = call("pkg-config", "--cflags", "--libs", "lacuna", env=environment).split()
    call("cc", "-std=c99", HERE / "consumer.c", "-o", folder / "by_pkg_config", *flags)
    run(folder / "by_pkg_config", env=environment)
    assert list(prefix.rglob("THIRD_PARTY_NOTICES.md")) and list(prefix.rglob("LICENSE"))


def exported(library):
    """Names of what a shared library defines for others, without versions."""
    lines = call("nm", "--dynamic", "--defined-only", library).splitlines()
    return {line.split()[-1].split("@")[0] for line in lines if line.split()[-2] in "TDBRVW"}


def declared():
    headers = ("lacuna.h", "lacuna_image.h")
    text = "".join((ROOT / "sdk/include/lacuna" / header).read_text() for header in headers)
    return set(re.findall(r"LACUNA_API [^(;]*?(lacuna_\w+)\(", text))


def test_installed_tree_can_be_moved(tmp_path):
    call("cmake", "--install", BUILD, "--prefix", tmp_path / "first")
    (tmp_path / "first").rename(tmp_path / "second")
    use(tmp_path / "second", tmp_path)
    for path in (tmp_path / "second").rglob("*"):
        if path.suffix in (".cmake", ".pc"):
            assert str(ROOT) not in path.read_text(), f"{path.name} names this source tree"


def test_add_subdirectory(tmp_path):
    build("subdirectory", tmp_path, f"-DLACUNA_SOURCE={ROOT}")
    run(tmp_path / "consumer_c")


def test_fetch_content_as_a_shared_library(tmp_path):
    """Also what the shared library exports, and that it installs."""
    build("fetch_content", tmp_path / "build", f"-DLACUNA_SOURCE={ROOT}", "-DBUILD_SHARED_LIBS=ON", "-DLACUNA_INSTALL=ON")
    run(tmp_path / "build/consumer_c")
    (library,) = (path for path in (tmp_path / "build").rglob("liblacuna.so.*") if not path.is_symlink())
    assert exported(library) - {"LACUNA_0.1"} == declared()
    assert "liblacuna.so.0.1" in call("readelf", "--dynamic", library)
    call("cmake", "--install", tmp_path / "build", "--prefix", tmp_path / "prefix")
    use(tmp_path / "prefix", tmp_path)


@pytest.mark.skipif(not shutil.which("cpack"), reason="there is no cpack here")
@pytest.mark.parametrize("kind", ["TGZ", "DEB"])
def test_package(kind, tmp_path):
    call("cpack", "--config", BUILD / "CPackConfig.cmake", "-G", kind, "-B", tmp_path / "packages")
    (package,) = (path for path in (tmp_path / "packages").iterdir() if path.is_file())
    if kind == "TGZ":
        shutil.unpack_archive(package, tmp_path / "unpacked")
        (prefix,) = (path.parents[1] for path in (tmp_path / "unpacked").rglob("lacuna") if path.parent.name == "bin")
    else:
        if not shutil.which("dpkg-deb"):
            pytest.skip("there is no dpkg-deb here")
        machine = call("dpkg", "--print-architecture").strip()
        assert call("dpkg-deb", "--field", package, "Architecture").strip() == machine
        assert "libc6" in call("dpkg-deb", "--field", package, "Depends")
        call("dpkg-deb", "--extract", package, tmp_path / "unpacked")
        prefix = tmp_path / "unpacked/usr"
    assert "lacuna 0." in call(prefix / "bin/lacuna", "--version")
    use(prefix, tmp_path)
