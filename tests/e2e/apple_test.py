"""What `./dev package apple` made: the xcframework's layout, the platform and the symbols of each slice, and a program linked
with the macOS slice by zig. Nothing of it can be run here. APPLE_PACKAGES names the folder, APPLE_PYTHON the Python with zig."""
import os
import pathlib
import plistlib
import re
import shutil
import struct
import subprocess
import sys
import zipfile

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "platforms" / "apple"))
import package as apple  # noqa: E402  (platforms/apple/package.py)

PACKAGES = pathlib.Path(os.environ.get("APPLE_PACKAGES", "build/apple/packages"))
PYTHON = os.environ.get("APPLE_PYTHON", "build/venv/zig/bin/python")
FRAMEWORK = PACKAGES / "Lacuna" / "Lacuna.xcframework"
SLICES = {"ios-arm64": 2, "ios-arm64-simulator": 7, "macos-arm64": 1}
pytestmark = pytest.mark.skipif(not FRAMEWORK.exists(), reason="there is no xcframework; ./dev package apple makes it")
ARM64 = 0x0100000C


def library(name):
    return FRAMEWORK / name / "liblacuna.a"


def symbols(path, *options):
    lines = subprocess.run(["llvm-nm-16", "-j", *options, path], check=True, capture_output=True, text=True).stdout.splitlines()
    return {line for line in lines if line and not line.endswith(":")}


def test_info_lists_the_slices():
    info = plistlib.loads((FRAMEWORK / "Info.plist").read_bytes())
    assert info["CFBundlePackageType"] == "XFWK" and info["XCFrameworkFormatVersion"] == "1.0"
    entries = {entry["LibraryIdentifier"]: entry for entry in info["AvailableLibraries"]}
    assert set(entries) == set(SLICES)
    for name, entry in entries.items():
        assert entry["SupportedArchitectures"] == ["arm64"] and entry["SupportedPlatform"] == name.split("-")[0]
        assert entry.get("SupportedPlatformVariant") == ("simulator" if "simulator" in name else None)
        assert (FRAMEWORK / name / entry["LibraryPath"]).is_file() and (FRAMEWORK / name / entry["HeadersPath"]).is_dir()


@pytest.mark.parametrize("name", SLICES)
def test_objects_are_of_the_platform(name):
    contents = list(apple.objects(library(name)))
    assert len(contents) > 50
    for content in contents:
        assert struct.unpack_from("<I", content, 4)[0] == ARM64 and apple.platform_of(content) == SLICES[name]


@pytest.mark.parametrize("name", SLICES)
def test_symbols(name):
    """What the headers declare is there; what is missing are functions of libSystem that are listed."""
    headers = "".join(path.read_text() for path in (FRAMEWORK / name / "Headers" / "lacuna").glob("*.h"))
    declared = {f"_{function}" for function in re.findall(r"LACUNA_API [^;(]*?\b(lacuna_\w+)\(", headers)}
    defined = symbols(library(name), "--defined-only", "--extern-only")
    assert len(declared) > 20 and declared <= defined, declared - defined
    allowed = set((ROOT / "tests/size/apple_symbols.txt").read_text().split("\n")) - {""}
    assert symbols(library(name), "--undefined-only") - defined <= allowed


@pytest.mark.parametrize("name", SLICES)
def test_module_map_names_headers_that_are_there(name):
    headers = FRAMEWORK / name / "Headers"
    named = re.findall(r'header "([^"]+)"', (headers / "module.modulemap").read_text())
    assert named and all((headers / header).is_file() for header in named)


@pytest.mark.skipif(shutil.which("clang-16") is None, reason="there is no clang-16")
def test_the_headers_are_a_module(tmp_path):
    """Clang reads the module as Swift's importer does."""
    (tmp_path / "x.c").write_text("#pragma clang module import CLacuna\nlacuna_status status(void) { return LACUNA_OK; }\n")
    headers = FRAMEWORK / "macos-arm64" / "Headers"
    done = subprocess.run(["clang-16", "-fmodules", f"-fmodules-cache-path={tmp_path}", "-fsyntax-only", "-I", headers, tmp_path / "x.c"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not pathlib.Path(PYTHON).exists(), reason=f"{PYTHON} with zig is not there")
def test_macos_slice_links(tmp_path):
    (tmp_path / "main.c").write_text(
        "#include <lacuna/lacuna.h>\n#include <stdio.h>\nint main(int count, char** arguments) {\n"
        "  lacuna_model model; lacuna_error error; size_t bytes = 0;\n"
        "  if (count < 2 || lacuna_model_open_file(arguments[1], &model, &error) != LACUNA_OK) return 1;\n"
        "  lacuna_session_size(&model, NULL, &bytes, &error);\n  printf(\"%zu\\n\", bytes);\n"
        "  lacuna_session* session; lacuna_session_init(&model, NULL, NULL, bytes, &session, &error);\n"
        "  lacuna_session_run(session);\n  return 0;\n}\n")
    cache = {**os.environ, "ZIG_GLOBAL_CACHE_DIR": str(tmp_path / "cache"), "ZIG_LOCAL_CACHE_DIR": str(tmp_path / "cache")}
    done = subprocess.run([PYTHON, "-m", "ziglang", "cc", "-target", "aarch64-macos", "-O1", "-I", FRAMEWORK / "macos-arm64" / "Headers",
                           "-o", tmp_path / "program", tmp_path / "main.c", library("macos-arm64")], capture_output=True, text=True, env=cache)
    assert done.returncode == 0, done.stderr
    program = (tmp_path / "program").read_bytes()
    magic, cpu, _, kind = struct.unpack_from("<IIII", program)
    assert (magic, cpu, kind) == (apple.MAGIC_64, ARM64, 2) and apple.platform_of(program) == 1  # 2: a program
    assert b"/usr/lib/libSystem.B.dylib" in program and b"libc++" not in program


def test_swift_package():
    with zipfile.ZipFile(PACKAGES / "lacuna-swift.zip") as archive:
        names = set(archive.namelist())
    assert {"Lacuna/Package.swift", "Lacuna/Sources/Lacuna/Lacuna.swift", "Lacuna/Lacuna.xcframework/Info.plist", "Lacuna/LICENSE"} <= names
    swift = (PACKAGES / "Lacuna" / "Package.swift").read_text()
    (path,) = re.findall(r'binaryTarget\(name: "CLacuna", path: "([^"]+)"', swift)
    assert (PACKAGES / "Lacuna" / path).is_dir()


def test_swift_calls_functions_that_exist():
    headers = "".join(path.read_text() for path in (ROOT / "sdk/include/lacuna").glob("*.h"))
    swift = (ROOT / "samples/ios_app/Sources/Lacuna/Lacuna.swift").read_text()
    used = set(re.findall(r"\b(?:lacuna|LACUNA)_\w+", swift))
    assert len(used) > 15 and used <= set(re.findall(r"\b(?:lacuna|LACUNA)_\w+", headers))
