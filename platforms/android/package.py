#!/usr/bin/env python3
"""Makes lacuna.aar and the sample's camera.apk without Gradle: javac, D8, aapt, zipalign, apksigner. `./dev package android` calls it."""
import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
SAMPLE = ROOT / "samples" / "android_app"
FRAMEWORK = "/usr/share/android-framework-res/framework-res.apk"
API, ABI = 21, "arm64-v8a"
PASSWORD = "throw-away"


def call(*command, **options):
    command = [str(part) for part in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\npackage: exit code {done.returncode}")
    return done.stdout


def fresh(folder):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def write_zip(path, entries, stored=()):
    """{name: bytes or file} in this order, the same bytes each time. Entries that end like one of `stored` are not compressed."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o644 << 16
            info.compress_type = zipfile.ZIP_STORED if name.endswith(tuple(stored)) else zipfile.ZIP_DEFLATED
            archive.writestr(info, content if isinstance(content, bytes) else pathlib.Path(content).read_bytes())


def compile_java(sources, classes, classpath):
    call("javac", "-source", "8", "-target", "8", "-Xlint:-options", "-d", fresh(classes), "-cp",
         ":".join(map(str, classpath)), *sources)
    return {path.relative_to(classes).as_posix(): path for path in sorted(classes.rglob("*.class"))}


def make_aar(output, library, work, android_jar, version):
    classes = compile_java(sorted((HERE / "java").rglob("*.java")), work / "classes", [android_jar])
    jar = work / "classes.jar"
    write_zip(jar, classes)
    headers = {f"prefab/modules/lacuna/include/lacuna/{path.name}": path
               for path in sorted((ROOT / "sdk" / "include" / "lacuna").iterdir())}
    dump = lambda value: json.dumps(value, indent=2).encode()
    libs = f"prefab/modules/lacuna/libs/android.{ABI}"
    write_zip(output, {
        "AndroidManifest.xml": HERE / "AndroidManifest.xml", "classes.jar": jar, "R.txt": b"",
        "proguard.txt": HERE / "proguard.txt", f"jni/{ABI}/liblacuna.so": library,
        "prefab/prefab.json": dump({"schema_version": 2, "name": "lacuna", "version": version, "dependencies": []}),
        "prefab/modules/lacuna/module.json": dump({"export_libraries": [], "library_name": "liblacuna"}),
        f"{libs}/abi.json": dump({"abi": ABI, "api": API, "ndk": 26, "stl": "none", "static": False}),
        f"{libs}/liblacuna.so": library, **headers,
        "LICENSE": ROOT / "LICENSE", "THIRD_PARTY_NOTICES.md": ROOT / "THIRD_PARTY_NOTICES.md"})
    return jar


def make_apk(output, library, models, work, jar, android_jar, r8_jar):
    generated, resources = fresh(work / "gen"), work / "resources.apk"
    call("aapt", "package", "-f", "-m", "-J", generated, "-M", SAMPLE / "AndroidManifest.xml", "-S", SAMPLE / "res", "-I",
         FRAMEWORK, "-F", resources)
    sources = [*sorted((SAMPLE / "java").rglob("*.java")), *generated.rglob("*.java")]
    classes = compile_java(sources, work / "app", [android_jar, jar])
    call("java", "-cp", r8_jar, "com.android.tools.r8.D8", "--release", "--min-api", API, "--lib", android_jar, "--output",
         fresh(work / "dex"), jar, *classes.values())
    with zipfile.ZipFile(resources) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    entries |= {"classes.dex": work / "dex" / "classes.dex", f"lib/{ABI}/liblacuna.so": library}
    entries |= {f"assets/{pathlib.Path(model).name}": model for model in models}
    write_zip(work / "unaligned.apk", entries, stored=(".lcn", ".arsc"))
    call("zipalign", "-f", "8", work / "unaligned.apk", work / "aligned.apk")
    key = work / "key.jks"
    key.unlink(missing_ok=True)
    call("keytool", "-genkeypair", "-keystore", key, "-storepass", PASSWORD, "-keypass", PASSWORD, "-alias", "key", "-keyalg",
         "RSA", "-validity", "10000", "-dname", "CN=throw-away")
    call("apksigner", "sign", "--ks", key, "--ks-pass", f"pass:{PASSWORD}", "--out", output, work / "aligned.apk")
    call("apksigner", "verify", "--min-sdk-version", API, output)
    call("zipalign", "-c", "8", output)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", type=pathlib.Path, required=True, help="liblacuna.so for arm64-v8a")
    parser.add_argument("--jars", type=pathlib.Path, required=True, help="folder with android-all-*.jar and r8-*.jar")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="folder of the results")
    parser.add_argument("--version", required=True)
    parser.add_argument("--model", action="append", default=[], help="a classifier for the sample's assets")
    args = parser.parse_args()
    (android_jar,), (r8_jar,) = args.jars.glob("android-all-*.jar"), args.jars.glob("r8-*.jar")
    work = fresh(args.output / "work")
    aar, apk = args.output / "lacuna.aar", args.output / "camera.apk"
    jar = make_aar(aar, args.library, work, android_jar, args.version)
    make_apk(apk, args.library, args.model, work, jar, android_jar, r8_jar)
    for path in (aar, apk):
        print(f"{path}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
