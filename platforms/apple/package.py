#!/usr/bin/env python3
"""Makes a Swift package with Lacuna.xcframework of static libraries, without Xcode. `./dev package apple` calls it."""
import argparse
import pathlib
import plistlib
import shutil
import struct
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "samples" / "ios_app"
LIBRARY = "liblacuna.a"
# Numbers of <mach-o/loader.h>.
MAGIC_64, LC_BUILD_VERSION = 0xFEEDFACF, 0x32
PLATFORMS = {1: ("macos", None), 2: ("ios", None), 7: ("ios", "simulator")}


def objects(archive):
    """The object files in a static library as BSD and Darwin write it."""
    data = archive.read_bytes()
    assert data.startswith(b"!<arch>\n"), f"{archive} is no archive"
    at = 8
    while at < len(data):
        name, size = data[at:at + 16].decode(), int(data[at + 48:at + 58])
        skip = int(name[3:]) if name.startswith("#1/") else 0  # bytes of a long name, before the contents
        content = data[at + 60 + skip:at + 60 + size]
        if content[:4] == struct.pack("<I", MAGIC_64):
            yield content
        at += 60 + size + size % 2


def platform_of(content):
    """Number of the platform that an object file was compiled for."""
    commands, at = struct.unpack_from("<I", content, 16)[0], 32
    for _ in range(commands):
        command, size, platform = struct.unpack_from("<III", content, at)
        if command == LC_BUILD_VERSION:
            return platform
        at += size
    raise AssertionError("an object file does not say its platform")


def describe(archive):
    """An entry of AvailableLibraries."""
    (number,) = {platform_of(content) for content in objects(archive)}
    system, variant = PLATFORMS[number]
    entry = {"LibraryIdentifier": "-".join(filter(None, [system, "arm64", variant])), "LibraryPath": LIBRARY, "BinaryPath": LIBRARY,
             "HeadersPath": "Headers", "SupportedArchitectures": ["arm64"], "SupportedPlatform": system}
    return entry | ({"SupportedPlatformVariant": variant} if variant else {})


def make_xcframework(folder, archives):
    entries = []
    for archive in archives:
        entries.append(describe(archive))
        slice_folder = folder / entries[-1]["LibraryIdentifier"]
        shutil.copytree(ROOT / "sdk" / "include", slice_folder / "Headers")
        shutil.copy(SAMPLE / "module.modulemap", slice_folder / "Headers")
        shutil.copy(archive, slice_folder / LIBRARY)
    with open(folder / "Info.plist", "wb") as file:
        plistlib.dump({"AvailableLibraries": entries, "CFBundlePackageType": "XFWK", "XCFrameworkFormatVersion": "1.0"}, file)


def write_zip(path, folder):
    """The same bytes each time."""
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(p for p in folder.rglob("*") if p.is_file()):
            info = zipfile.ZipInfo(file.relative_to(folder.parent).as_posix(), (1980, 1, 1, 0, 0, 0))
            info.external_attr, info.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, file.read_bytes())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("archives", nargs="+", type=pathlib.Path, help="liblacuna.a of each slice")
    options = parser.parse_args()
    package = options.output / "Lacuna"
    shutil.rmtree(package, ignore_errors=True)
    package.mkdir(parents=True)
    for name in ("Package.swift", "README.md", "LacunaCamera", "Sources"):
        (shutil.copytree if (SAMPLE / name).is_dir() else shutil.copy)(SAMPLE / name, package / name)
    for name in ("LICENSE", "THIRD_PARTY_NOTICES.md"):
        shutil.copy(ROOT / name, package)
    (package / "Lacuna.xcframework").mkdir()
    make_xcframework(package / "Lacuna.xcframework", options.archives)
    write_zip(options.output / "lacuna-swift.zip", package)
    print(package, options.output / "lacuna-swift.zip", sep="\n")


if __name__ == "__main__":
    main()
