"""What is installed and packaged serves projects that are not ours: each is configured, built and run.

The environment names what is tested: LACUNA_BUILD (a build directory with everything built), LACUNA_MODEL (an .lcn file).
"""
import os
import pathlib
import re
import shutil

import pytest
from consumers import ROOT, build, call, make_package, run, use

BUILD = pathlib.Path(os.environ["LACUNA_BUILD"]).resolve()


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
    if kind == "DEB" and not shutil.which("dpkg-deb"):
        pytest.skip("there is no dpkg-deb here")
    package, prefix = make_package(BUILD, kind, tmp_path)
    if kind == "DEB":
        machine = call("dpkg", "--print-architecture").strip()
        assert call("dpkg-deb", "--field", package, "Architecture").strip() == machine
        assert "libc6" in call("dpkg-deb", "--field", package, "Depends")
    assert "lacuna 0." in call(prefix / "bin/lacuna", "--version")
    use(prefix, tmp_path)
