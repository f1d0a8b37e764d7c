"""Projects of users in this folder: built against what is installed or packaged, and run.

The environment names a model to run: LACUNA_MODEL (an .lcn file).
"""
import os
import pathlib
import shutil
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
MODEL = pathlib.Path(os.environ.get("LACUNA_MODEL", ROOT / "tests/golden/accept/sample.lcn")).resolve()
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


def run(*program, **options):
    assert "lacuna 0." in call(*program, MODEL, **options)


def use(prefix, folder, compiler="cc", runner=(), options=(), flags=()):
    """Finds the package below `prefix` by CMake, with its `options`, and by pkg-config, with the compiler and its `flags`.
    Programs are run by `runner`."""
    build("find_package", folder / "cmake", f"-DCMAKE_PREFIX_PATH={prefix}", *options)
    run(*runner, folder / "cmake/consumer_c")
    assert "libstdc++" not in call("readelf", "--dynamic", folder / "cmake/consumer_c")
    assert "steps on" in call(*runner, folder / "cmake/consumer_cc", MODEL)
    (description,) = prefix.rglob("lacuna.pc")
    environment = dict(os.environ, PKG_CONFIG_PATH=str(description.parent), LD_LIBRARY_PATH=str(description.parents[1]))
    found = call("pkg-config", "--cflags", "--libs", "lacuna", env=environment).split()
    call(compiler, "-std=c99", HERE / "consumer.c", "-o", folder / "by_pkg_config", *found, *flags)
    run(*runner, folder / "by_pkg_config", env=environment)
    assert list(prefix.rglob("THIRD_PARTY_NOTICES.md")) and list(prefix.rglob("LICENSE"))


def make_package(build_folder, kind, folder):
    """Packages a build directory as "TGZ" or "DEB" and unpacks that; the package and its prefix, which has the licences."""
    call("cpack", "--config", build_folder / "CPackConfig.cmake", "-G", kind, "-B", folder / "packages")
    (package,) = (path for path in (folder / "packages").iterdir() if path.is_file())
    if kind == "DEB":
        call("dpkg-deb", "--extract", package, folder / "unpacked")
    else:
        shutil.unpack_archive(package, folder / "unpacked")
    (prefix,) = (path.parents[1] for path in (folder / "unpacked").rglob("lacuna") if path.parent.name == "bin")
    if shutil.which("dpkg-deb"):
        assert list((prefix / "share/doc/lacuna/third_party").glob("*protobuf*"))
    return package, prefix
