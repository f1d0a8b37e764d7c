"""The camera sample before a Video4Linux2 device that fake_camera.c makes inside of it: which format and size it takes, every
format's pixels, the newest picture, and what happens when the camera is unplugged. tests/e2e/v4l2_test.py has a real device."""
import errno
import io
import os
import pathlib
import re
import signal
import time

import numpy as np
import pytest
from camera_program import check_scores, count_allocations, expected_scores, lines, make_models, preload, running, sample, unsanitized
from image_test import picture
from PIL import Image

SIZE = (322, 240)
ROOT = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("device")
    make_models(path)
    return path


def fake(folder, **settings):
    """The environment in which the sample has this camera."""
    asan = os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"  # what is preloaded comes before it
    return {**os.environ, "LD_PRELOAD": preload(folder, "fake_camera"), "ASAN_OPTIONS": asan,
            **{f"FAKE_{name.upper()}": str(value) for name, value in settings.items()}}


def look(folder, *arguments, **settings):
    return sample("--model", folder / "net.lcn", "--source", "v4l2:/dev/video0", "--sink", "none", *arguments,
                  env=fake(folder, **settings), check=False)


# ------------------------------------------------------------------------------------------------------------- the choice

@pytest.mark.parametrize("offers,options,taken", [
    ("YUYV 640x480@30", [], "YUYV 640 x 480"),
    # The size that was asked for, whatever the order; the next larger one; the largest one when all are smaller.
    ("YUYV 1280x720@30 640x480@30 320x240@30", [], "YUYV 640 x 480"),
    ("YUYV 320x240@30 800x600@30 1920x1080@30", [], "YUYV 800 x 600"),
    ("YUYV 160x120@30 320x240@30 176x144@30", [], "YUYV 320 x 240"),
    ("YUYV 640x480@30 1280x720@30", ["--size", "1280x720"], "YUYV 1280 x 720"),
    # The cheapest format of those that give the same.
    ("MJPG 640x480@30;YUYV 640x480@30", [], "YUYV 640 x 480"),
    ("RGB3 640x480@30;NV12 640x480@30;MJPG 640x480@30", [], "NV12 640 x 480"),
    # What USB 2 makes of large pictures: only the compressed ones are fluent.
    ("YUYV 640x480@30 1280x720@10;MJPG 640x480@30 1280x720@30", ["--size", "1280x720"], "MJPEG 1280 x 720"),
    ("YUYV 640x480@5 320x240@30", [], "YUYV 320 x 240"),
    ("YUYV 640x480@5 320x240@10", [], "YUYV 640 x 480"),
    # Ranges of sizes, cameras that tell no rate, formats that are not understood.
    ("GREY 16-4096x16-4096", ["--size", "322x240"], "GREY 322 x 240"),
    ("GREY 16-320x16-200", [], "GREY 320 x 200"),
    ("H264 1920x1080@30;YU12 640x480", [], "I420 640 x 480"),
    # What the user says.
    ("YUYV 640x480@30;MJPG 640x480@30", ["--format", "MJPEG"], "MJPEG 640 x 480"),
])
def test_choice(offers, options, taken, folder):
    picture(64, 48).save(folder / "any.jpg")
    settings = {"picture": folder / "any.jpg"} if "MJPEG" in taken else {}
    done = look(folder, "--frames", "1", *options, offers=offers, **settings)
    assert done.returncode == 0 and f"(fake), {taken}\n" in done.stderr, done.stderr


@pytest.mark.parametrize("offers,options,text", [
    ("YUYV 640x480@30;MJPG 640x480@30", ["--format", "NV12"], "does not offer NV12 but kind YUYV, kind MJPG"),
    ("H264 640x480@30", [], "offers only formats that are not understood: kind H264"),
])
def test_no_choice(offers, options, text, folder):
    done = look(folder, *options, offers=offers)
    assert done.returncode == 1 and text in done.stderr, done.stderr


@pytest.mark.parametrize("number,text", [(errno.ENOENT, "is the camera plugged in"), (errno.EACCES, "join the group video"),
                                         (errno.EBUSY, "another program has it")])
def test_devices_that_cannot_be_opened(number, text, folder):
    done = look(folder, open=number)
    assert done.returncode == 1 and text in done.stderr, done.stderr


# ------------------------------------------------------------------------------------------------------------- the pixels

def jpeg(photo):
    stream = io.BytesIO()
    photo.save(stream, "JPEG", quality=98)
    return stream.getvalue()


def bytes_of(photo, format, gap):
    """The photo as a camera gives it, BT.601, limited range, with `gap` bytes behind each row of the first plane."""
    rgb = np.asarray(photo, np.float64)
    luma = rgb @ [0.299, 0.587, 0.114]
    y = 16 + luma * 219 / 255
    halved = lambda plane, rows: sum(plane[r::rows, c::2] for r in range(rows) for c in range(2)) / (2 * rows)
    u, v = (128 + (rgb[..., c] - luma) / scale * 224 / 255 for c, scale in ((2, 1.772), (0, 1.402)))
    u, v = (halved(plane, 1 if format in ("YUYV", "UYVY") else 2) for plane in (u, v))
    padded = lambda plane, gap: np.pad(np.clip(plane.round(), 0, 255).astype(np.uint8), ((0, 0), (0, gap)),
                                       constant_values=99).tobytes()
    if format in ("RGB24", "BGR24"):
        return padded((rgb if format == "RGB24" else rgb[..., ::-1]).reshape(SIZE[1], -1), gap)
    if format == "GREY":
        return padded(luma, gap)
    if format in ("NV12", "NV21"):
        first, second = (u, v) if format == "NV12" else (v, u)
        return padded(y, gap) + padded(np.stack([first, second], axis=-1).reshape(SIZE[1] // 2, -1), gap)
    if format == "I420":
        return padded(y, gap) + padded(u, gap // 2) + padded(v, gap // 2)
    pairs = np.stack([y[:, ::2], u, y[:, 1::2], v] if format == "YUYV" else [u, y[:, ::2], v, y[:, 1::2]], axis=-1)
    return padded(pairs.reshape(SIZE[1], -1), gap)


CODES = {"YUYV": "YUYV", "UYVY": "UYVY", "NV12": "NV12", "NV21": "NV21", "I420": "YU12", "RGB24": "RGB3", "BGR24": "BGR3",
         "GREY": "GREY", "MJPEG": "MJPG"}
ROW = {"YUYV": 2, "UYVY": 2, "RGB24": 3, "BGR24": 3}


@pytest.mark.parametrize("gap", [0, 30])
@pytest.mark.parametrize("format", CODES)
def test_every_format_gives_the_same_scores(format, gap, folder, tmp_path):
    photo = picture(*SIZE).resize((40, 30)).resize(SIZE, Image.Resampling.BICUBIC)  # smooth, so that chroma may be halved
    if format == "GREY":
        photo = photo.convert("L").convert("RGB")
    photo.save(tmp_path / "photo.png")
    (tmp_path / "bytes").write_bytes(jpeg(photo) if format == "MJPEG" else bytes_of(photo, format, gap))
    row = SIZE[0] * ROW.get(format, 1) + gap if gap and format != "MJPEG" else 0
    reports = lines("--model", folder / "net.lcn", "--source", "v4l2:/dev/video0", "--frames", "3", "--smooth", "0",
                    env=fake(folder, offers=f"{CODES[format]} {SIZE[0]}x{SIZE[1]}@30", picture=tmp_path / "bytes", row=row))
    assert len(reports) == 3
    for report in reports:
        check_scores(report, expected_scores(folder, tmp_path / "photo.png"), 0.02)


def test_damaged_pictures_are_passed_over(folder, tmp_path):
    (tmp_path / "cut.jpg").write_bytes(jpeg(picture(320, 240))[:3000])
    with running("--model", folder / "net.lcn", "--source", "v4l2", "--sink", "none",
                 env=fake(folder, offers="MJPG 320x240@30", picture=tmp_path / "cut.jpg")) as process:
        time.sleep(1)
        assert process.poll() is None
    assert process.returncode == 0


# --------------------------------------------------------------------------------------------------------------- commands

def shown_commands():
    """What the sample's README, its help and the page about boards show."""
    texts = [path.read_text() for path in (ROOT / "samples/camera_classifier/README.md", ROOT / "docs/embedding-linux.md")]
    texts.append(sample("--help").stdout)
    for text in texts:
        for line in re.findall(r"^ *(?:build/native/bin/)?camera_classifier (--model [^#\n]*?) *(?:#.*)?$", text, re.M):
            yield line.replace("SOURCE", "pattern").replace("SINK [options]", "none")


@pytest.mark.parametrize("line", shown_commands())
def test_shown_command(line, folder, tmp_path):
    for name, model in (("classes", "net"), ("net", "net"), ("pose", "net"), ("M", "net"), ("face_sparse", "net"), ("face_dense", "net_dense")):
        (tmp_path / f"{name}.lcn").symlink_to(folder / f"{model}.lcn")
    (tmp_path / "walk.mjpeg").write_bytes((folder / "photos" / "0.jpg").read_bytes() * 3)
    arguments = ["web:127.0.0.1:0" if word == "web" else word for word in line.split()]  # 8080 may be somebody else's
    done = sample(*arguments, "--frames", "3", cwd=tmp_path, env=fake(folder, offers="YUYV 640x480@30") | {
        "SDL_VIDEODRIVER": "dummy", "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0"}, check=False)
    assert done.returncode == 0 and "3 pictures" in done.stderr, done.stderr


# ------------------------------------------------------------------------------------------------------------------- time

@pytest.mark.parametrize("fps", [2, 12])
def test_the_newest_picture_is_looked_at(fps, folder, tmp_path):
    """However slow the network is. The camera has four buffers and stops when they are full: at 2 pictures a second the last
    of them is 11 pictures old."""
    look(folder, "--frames", "8", "--fps", fps, offers="GREY 64x48@30", log=tmp_path / "log")
    ages = [int(line.split()[1]) for line in (tmp_path / "log").read_text().splitlines()]
    assert len(ages) >= 6 and sorted(ages)[len(ages) // 2] <= 2, ages


def lines_of(process):
    """What the process says, as it comes."""
    for line in process.stderr:
        yield line.rstrip()


def test_unplugged_and_plugged_in_again(folder):
    """It comes back with another size."""
    done = look(folder, "--frames", "30", offers="GREY 64x48@30", again="YUYV 320x240@30", unplug=10, away_ms=1200)
    assert done.returncode == 0, done.stderr
    gone = done.stderr.index("/dev/video0: the camera is gone: plug it in again, or press Ctrl-C")
    back = done.stderr.index("back: /dev/video0 (fake), YUYV 320 x 240")
    assert gone < back < done.stderr.index("30 pictures")


def test_a_camera_that_says_nothing_is_waited_for(folder):
    done = look(folder, "--frames", "1", offers="GREY 64x48@30", quiet_ms=5600)
    assert done.returncode == 0 and "no picture for 5 s" in done.stderr


@pytest.mark.parametrize("settings,text", [({"quiet_ms": 100000}, "GREY 64 x 48"), ({"unplug": 3, "away_ms": 100000}, "is gone")])
def test_interrupt_while_waiting(settings, text, folder):
    with running("--model", folder / "net.lcn", "--source", "v4l2", "--sink", "none",
                 env=fake(folder, offers="GREY 64x48@30", **settings)) as process:
        assert any(text in line for line in lines_of(process))
        time.sleep(0.3)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.wait(timeout=20)
        assert process.returncode == 0 and time.monotonic() - start < 3


@unsanitized
@pytest.mark.parametrize("format,photo", [("GREY", None), ("MJPG", "0.jpg")])
def test_no_allocation_after_the_first_frames(format, photo, folder):
    settings = {"picture": folder / "photos" / photo} if photo else {}
    environment = fake(folder, offers=f"{format} 320x240@30", **settings)
    few, many = (count_allocations(folder, "--model", folder / "net.lcn", "--source", "v4l2", "--sink", "none", "--frames", n,
                                   also=environment) for n in (5, 40))
    assert many == few
