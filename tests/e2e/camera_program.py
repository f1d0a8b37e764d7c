"""Calls the camera sample, whose path is in the environment variable CAMERA_CLASSIFIER, and makes models for it."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess

import networks
import numpy as np
import pytest
from image_test import picture
from lacuna_program import call

PROGRAM = os.path.abspath(os.environ.get("CAMERA_CLASSIFIER", "build/native/bin/camera_classifier"))
SANITIZED = bool(os.environ.get("CAMERA_SANITIZED"))
unsanitized = pytest.mark.skipif(SANITIZED, reason="the sanitizer has an allocator of its own")
IMAGE = "mean=127,127,127;std=128,128,128;resize=64"
COLOURS = ["red", "green", "blue", "gray", "white", "black", "pink", "brown", "cyan", "gold"]


def sample(*arguments, check=True, **options):
    done = subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, timeout=600, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{arguments}: exit code {done.returncode}\n{done.stderr}")
    return done


def lines(*arguments, **options):
    return [json.loads(line) for line in sample("--sink", "jsonl", *arguments, **options).stdout.splitlines()]


@contextlib.contextmanager
def running(*arguments, **options):
    process = subprocess.Popen([PROGRAM, *map(str, arguments)], stderr=subprocess.PIPE, text=True, **options)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise


def preload(folder, name):
    """The library made of tests/e2e/NAME.c."""
    library = folder / f"{name}.so"
    if not library.exists():
        source = pathlib.Path(__file__).parent / f"{name}.c"
        subprocess.run(["cc", "-O1", "-Wall", "-shared", "-fPIC", "-o", library, source, "-lpthread"], check=True)
    return str(library)


def count_allocations(folder, *arguments, also=None):
    """How often the sample takes memory; `also` is an environment, with libraries of its own to preload."""
    environment = {**os.environ, **(also or {})}
    libraries = [preload(folder, "count_allocations"), *filter(None, [environment.get("LD_PRELOAD")])]
    done = sample(*arguments, env={**environment, "LD_PRELOAD": ":".join(libraries)})
    return int(done.stderr.split("allocations ")[1])


def make_models(path):
    """net.lcn, a classifier of ten classes; net_dense.lcn, its dense twin; photos/ with four pictures."""
    (path / "names.txt").write_text("\n".join(COLOURS) + "\n")
    for name, sparsity in (("net", 0.9), ("net_dense", 0)):
        networks.make("inverted_residuals", sparsity, path / f"{name}.onnx")
        call("convert", path / f"{name}.onnx", "-o", path / f"{name}.lcn", "--image", f"{IMAGE};labels={path / 'names.txt'}")
    (path / "photos").mkdir()
    for i, size in enumerate([(320, 240), (240, 320), (300, 300), (641, 359)]):
        picture(*size, seed=i).save(path / "photos" / f"{i}.jpg", quality=95)


def expected_scores(folder, photo):
    """Probabilities of net.lcn for a picture, through `lacuna run`."""
    call("run", folder / "net.lcn", "--input", photo, "--output-dir", folder / "out", "--force")
    logits = np.load(folder / "out" / "0.npy")[0]
    return np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()


def check_scores(report, scores, tolerance):
    assert len(report["top"]) == 3
    for top in report["top"]:
        assert abs(top["score"] - scores[top["index"]]) <= tolerance
        assert top["label"] == COLOURS[top["index"]]
    assert [t["score"] for t in report["top"]] == sorted((t["score"] for t in report["top"]), reverse=True)
