"""The Java library on this machine's JVM, with the same native file that Android gets. LACUNA_JAVA names its folder."""
import os
import pathlib
import shutil
import subprocess

import networks
import numpy as np
import pytest
from image_test import picture
from lacuna_program import call, run

LIBRARY = os.environ.get("LACUNA_JAVA", "build/native/java")
SOURCES = pathlib.Path("platforms/android/java/org/lacuna")
pytestmark = pytest.mark.skipif(shutil.which("javac") is None, reason="there is no JDK; ./dev package android installs one")


def test_java_library(tmp_path):
    names = ["red", "green", "blüe 😀", *(f"class {i}" for i in range(3, 10))]
    (tmp_path / "names.txt").write_text("\n".join(names), encoding="utf-8")
    networks.make("inverted_residuals", 0.9, tmp_path / "net.onnx")
    call("convert", tmp_path / "net.onnx", "-o", tmp_path / "net.lcn", "--image",
         f"mean=127,127,127;std=128,128,128;resize=64;labels={tmp_path / 'names.txt'}")
    x = np.random.default_rng(1).normal(size=(1, 3, networks.SIZE, networks.SIZE)).astype(np.float32)
    x.tofile(tmp_path / "input")
    run(tmp_path / "net.lcn", {"data": x}, tmp_path / "run")[0].tofile(tmp_path / "expected")
    photo = picture(150, 100)
    photo.save(tmp_path / "photo.png")
    np.asarray(photo).tofile(tmp_path / "pixels")
    call("run", tmp_path / "net.lcn", "--input", tmp_path / "photo.png", "--output-dir", tmp_path / "photo_run")

    sources = [path for path in SOURCES.glob("*.java") if "import android" not in path.read_text()]
    subprocess.run(["javac", "-Xlint:all,-serial,-try", "-Werror", "-d", tmp_path / "classes", *sources, "tests/java/LacunaTest.java"], check=True)
    done = subprocess.run(
        ["java", "-Xcheck:jni", "--add-opens=java.base/java.io=ALL-UNNAMED", f"-Djava.library.path={LIBRARY}", "-cp",
         tmp_path / "classes", "LacunaTest", *(tmp_path / name for name in ("net.lcn", "input", "expected", "pixels")), "150", "100",
         tmp_path / "output"], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "all good" in done.stdout, done.stdout + done.stderr
    assert "WARNING in native method" not in done.stdout, done.stdout
    assert np.allclose(np.fromfile(tmp_path / "output", np.float32), np.load(tmp_path / "photo_run" / "0.npy").ravel(), atol=1e-5)
