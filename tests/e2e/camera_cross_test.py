"""The static camera sample of another architecture, under emulation: CAMERA_CROSS is how to start it."""
import json
import os
import shlex
import subprocess

import pytest
from camera_program import check_scores, expected_scores, make_models
from lacuna_program import isas

CROSS = shlex.split(os.environ["CAMERA_CROSS"])
ISAS = ("neon", "neonfp16") if len(CROSS) > 1 else isas()[-1:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("camera")
    make_models(path)
    return path


def start(folder, *arguments):
    return subprocess.run([*CROSS, "--model", str(folder / "net.lcn"), *map(str, arguments)], capture_output=True, text=True, timeout=600)


def test_photos_get_the_scores_of_this_machine(folder):
    done = start(folder, "--source", f"images:{folder / 'photos'}", "--sink", "jsonl", "--threads", "2")
    assert done.returncode == 0, done.stderr
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(reports) == 4
    for report in reports:
        assert report["isa"] in ISAS
        check_scores(report, expected_scores(folder, folder / "photos" / report["name"]), 1e-4)


def test_pattern_and_pictures(folder, tmp_path):
    done = start(folder, "--source", "pattern", "--size", "160x120", "--rotate", "90", "--frames", "5", "--sink", f"frames:{tmp_path}")
    assert done.returncode == 0 and "5 pictures" in done.stderr, done.stderr
    assert len(list(tmp_path.glob("*.jpg"))) == 5


def test_there_is_no_window(folder):
    done = start(folder, "--source", "pattern", "--sink", "window")
    assert done.returncode == 2 and "--sink web shows the same" in done.stderr
