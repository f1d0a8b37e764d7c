"""The camera sample: every source and sink that works without a camera, memory, errors, and its answers beside `lacuna run`.

CAMERA_CLASSIFIER names the program. With CAMERA_PICTURES=DIR the pictures of the pages are kept there.
"""
import contextlib
import io
import json
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import time
import urllib.error
import urllib.request

import browser
import numpy as np
import pytest
from camera_program import PROGRAM, check_scores, count_allocations, expected_scores, lines, make_models, running, sample, unsanitized
from image_test import picture
from lacuna_program import call, run
from PIL import Image, ImageOps

DEMO = pathlib.Path(os.environ.get("LACUNA_DEMO_DIR", "build/demo"))
PHOTOS = os.environ.get("LACUNA_PHOTOS")
KEEP = os.environ.get("CAMERA_PICTURES")
DENSE_FACE = next((path for path in (pathlib.Path(folder, "face_detection_full_range.tflite")
                                     for folder in os.environ.get("LACUNA_MODELS", "").split(":")) if path.exists()), None)
needs_demo = pytest.mark.skipif(not (DEMO / "pose_detection.tflite").exists(), reason=f"{DEMO} is empty; ./dev demo fills it")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("camera")
    make_models(path)
    return path


def test_images_give_what_lacuna_run_gives(folder):
    reports = lines("--model", folder / "net.lcn", "--source", f"images:{folder / 'photos'}")
    assert [r["name"] for r in reports] == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
    for report in reports:
        scores = expected_scores(folder, folder / "photos" / report["name"])
        assert report["top"][0]["index"] == int(scores.argmax())
        check_scores(report, scores, 1e-4)


def test_mjpeg_is_pictures_one_behind_the_other(folder):
    files = [folder / "photos" / f"{i}.jpg" for i in range(4)]
    (folder / "video.mjpeg").write_bytes(b"".join(f.read_bytes() for f in files) + b"\xff\xd8\xff\xe0broken off")
    reports = lines("--model", folder / "net.lcn", "--source", f"mjpeg:{folder / 'video.mjpeg'}", "--smooth", "0")
    assert len(reports) == 4
    for report, path in zip(reports, files):
        check_scores(report, expected_scores(folder, path), 1e-4)


@pytest.mark.parametrize("size", [(320, 240), (321, 241)])
def test_y4m(size, folder):
    photo = picture(*size).resize((40, 30)).resize(size, Image.Resampling.BICUBIC)  # smooth, so that chroma may be halved
    y, u, v = (np.asarray(plane) for plane in photo.convert("YCbCr").split())
    planes = y.tobytes() + u[::2, ::2].tobytes() + v[::2, ::2].tobytes()
    head = f"YUV4MPEG2 W{size[0]} H{size[1]} F30:1 C420jpeg\n".encode()
    (folder / "video.y4m").write_bytes(head + (b"FRAME\n" + planes) * 3)
    photo.save(folder / "y4m.png")
    reports = lines("--model", folder / "net.lcn", "--source", f"y4m:{folder / 'video.y4m'}")
    assert len(reports) == 3
    for report in reports:
        check_scores(report, expected_scores(folder, folder / "y4m.png"), 0.02)


@pytest.mark.parametrize("rotate", [90, 180, 270])
@pytest.mark.parametrize("mirror", [False, True])
def test_orientation(rotate, mirror, folder, tmp_path):
    upright = picture(320, 240)
    upright.save(tmp_path / "upright.png")
    (tmp_path / "turned").mkdir()
    stored = upright.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirror else upright
    stored.rotate(rotate, expand=True).save(tmp_path / "turned" / "x.ppm")  # Pillow turns against the clock
    options = ["--mirror"] if mirror else []
    (report,) = lines("--model", folder / "net.lcn", "--source", f"images:{tmp_path / 'turned'}", "--rotate", rotate, *options)
    check_scores(report, expected_scores(folder, tmp_path / "upright.png"), 1e-4)
    sample("--model", folder / "net.lcn", "--source", f"images:{tmp_path / 'turned'}", "--rotate", rotate, *options,
           "--sink", f"frames:{tmp_path / 'out'}")
    shown = np.asarray(Image.open(tmp_path / "out" / "000000.jpg"), np.float32)
    assert shown.shape == (240, 320, 3)
    assert np.abs(shown[:150] - np.asarray(upright, np.float32)[:150]).mean() < 12  # the panel is below


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("options", [[], ["--rotate", "90"], ["--rotate", "90", "--mirror"]])
def test_jpegs_stand_upright_before_options_turn_them(orientation, options, folder, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "photos").mkdir()
    picture(320, 240).save(tmp_path / "photos" / "x.jpg", quality=95, subsampling=0, exif=exif)
    shown = ImageOps.exif_transpose(Image.open(tmp_path / "photos" / "x.jpg"))
    if options:
        shown = shown.rotate(-90, expand=True)
    if "--mirror" in options:
        shown = shown.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    shown.save(tmp_path / "shown.png")
    (report,) = lines("--model", folder / "net.lcn", "--source", f"images:{tmp_path / 'photos'}", *options)
    check_scores(report, expected_scores(folder, tmp_path / "shown.png"), 0.02)


def test_smoothing_keeps_a_part_of_the_last_scores(folder):
    source = f"images:{folder / 'photos'}"
    plain = lines("--model", folder / "net.lcn", "--source", source, "--top", "10")
    smooth = lines("--model", folder / "net.lcn", "--source", source, "--top", "10", "--smooth", "0.75")
    as_array = lambda report: np.array([t["score"] for t in sorted(report["top"], key=lambda t: t["index"])])
    expected = as_array(plain[0])
    for a, b in zip(plain, smooth):
        expected = 0.75 * expected + 0.25 * as_array(a)
        assert np.allclose(as_array(b), expected, atol=1e-4)


def test_pattern_frames_and_loop(folder, tmp_path):
    done = sample("--model", folder / "net.lcn", "--source", "pattern", "--sink", f"frames:{tmp_path / 'f'}", "--frames", "3",
                  "--size", "322x240")
    assert "3 pictures" in done.stderr
    shown = [np.asarray(Image.open(tmp_path / "f" / f"{i:06}.jpg")) for i in range(3)]
    assert all(s.shape == (240, 322, 3) for s in shown) and not np.array_equal(shown[0], shown[1])
    looped = lines("--model", folder / "net.lcn", "--source", f"images:{folder / 'photos'}", "--loop", "--frames", "10")
    assert [r["frame"] for r in looped] == list(range(10)) and looped[4]["name"] == "0.jpg"


@unsanitized
@pytest.mark.parametrize("source", ["pattern", "images", "mjpeg", "y4m"])
@pytest.mark.parametrize("sink", ["none", "jsonl", "frames"])
def test_no_allocation_after_the_first_frames(source, sink, folder, tmp_path):
    make_files(folder, tmp_path)
    where = {"pattern": "pattern", "images": f"images:{tmp_path / 'photos'}", "mjpeg": f"mjpeg:{tmp_path / 'x.mjpeg'}",
             "y4m": f"y4m:{tmp_path / 'x.y4m'}"}[source]
    arguments = ["--model", folder / "net.lcn", "--source", where, "--loop", "--sink",
                 f"frames:{tmp_path / 'out'}" if sink == "frames" else sink]
    few, many = (count_allocations(folder, *arguments, "--frames", n) for n in (5, 60))
    assert many == few


def resident_kb(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0])


@unsanitized
def test_ten_thousand_frames_in_flat_memory(folder):
    with subprocess.Popen([PROGRAM, "--model", folder / "net.lcn", "--source", "pattern", "--sink", "jsonl", "--size", "320x240",
                           "--frames", "10000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        sizes = {}
        for number, line in enumerate(process.stdout):
            if number in (100, 5000, 9990):
                sizes[number] = resident_kb(process)
        assert process.wait(timeout=60) == 0 and number == 9999 and json.loads(line)["frame"] == 9999
    assert max(sizes.values()) - min(sizes.values()) <= 64, sizes


@pytest.mark.parametrize("arguments,text", [
    (["--model", "NET", "--sink", "none"], "--source is missing"),
    (["--model", "NET", "--source", "pattern", "--sink", "paper"], "--sink paper"),
    (["--model", "NET", "--source", "tape:x", "--sink", "none"], "--source tape:x"),
    (["--model", "NET", "--source", "pattern", "--sink", "none", "--rotate", "45"], "--rotate 45"),
    (["--model", "NET", "--source", "pattern", "--sink", "none", "--smooth", "1"], "--smooth 1"),
    (["--model", "NET", "--source", "pattern", "--sink", "none", "--frames"], "--frames lacks"),
    (["--model", "NET", "--source", "pattern", "--sink", "web:127.0.0.1:99999"], "web:ADDRESS:PORT"),
    (["--model", "NET", "--source", "pattern", "--sink", "web:somewhere:80"], "somewhere is no IPv4 address"),
    (["--model", "NET", "--source", "pattern", "--sink", "none", "--threads", "0"], "--threads 0: give a whole number from 1 to 64"),
    (["--model", "NET", "--source", "pattern", "--sink", "none", "--size", "640"], "--size"),
    (["--model", "NET", "--source", "pattern", "--sink", "none", "--top", "x"], "--top x"),
    (["--model", "NET", "--source", "pattern", "--sink", "none", "--speed", "3"], "--speed"),
])
def test_wrong_command_lines(arguments, text, folder):
    done = sample(*[folder / "net.lcn" if a == "NET" else a for a in arguments], check=False)
    assert done.returncode == 2 and text in done.stderr


@pytest.mark.parametrize("source,text", [
    ("v4l2:/dev/video99", "is the camera plugged in"), ("v4l2:/dev/null", "no Video4Linux2 device"),
    ("images:EMPTY", "no .jpg"), ("images:/nonexistent", "folder"), ("mjpeg:/nonexistent", "cannot be opened"),
    ("mjpeg:TEXT", "no JPEG"), ("y4m:TEXT", "YUV4MPEG2"), ("images:CUT", "cut off")])
def test_sources_that_cannot_be_read(source, text, folder, tmp_path):
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "TEXT").write_text("nothing of use\n")
    (tmp_path / "CUT").mkdir()
    (tmp_path / "CUT" / "x.jpg").write_bytes((folder / "photos" / "0.jpg").read_bytes()[:2000])
    done = sample("--model", folder / "net.lcn", "--source", source, "--sink", "none", check=False, cwd=tmp_path)
    assert done.returncode == 1 and text in done.stderr, done.stderr


def test_models_that_cannot_be_shown(folder, tmp_path):
    call("convert", folder / "net.onnx", "-o", tmp_path / "plain.lcn")
    for model, text in ((tmp_path / "plain.lcn", "--image"), (folder / "net.onnx", "not an .lcn"), (tmp_path / "no", "no")):
        done = sample("--model", model, "--source", "pattern", "--sink", "none", check=False)
        assert done.returncode == 1 and text in done.stderr
    (tmp_path / "few.txt").write_text("one\ntwo\n")
    for labels, text in (("few.txt", "has 2 lines, but"), ("none.txt", "none.txt: cannot be read")):
        done = sample("--model", folder / "net.lcn", "--labels", tmp_path / labels, "--source", "pattern", "--sink", "none", check=False)
        assert done.returncode == 1 and text in done.stderr
    done = sample("--model", folder / "net.lcn", "--isa", "mmx", "--source", "pattern", "--sink", "none", check=False)
    assert done.returncode == 1 and "mmx" in done.stderr


@pytest.mark.parametrize("source", ["pattern", "images:photos", "mjpeg:x.mjpeg", "y4m:x.y4m"])
@pytest.mark.parametrize("sink", ["none", "jsonl", "frames:out", "web:127.0.0.1:0", "window"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_interrupt_is_a_clean_end(source, sink, name, folder, tmp_path):
    """In the wait for the next picture's time, with one picture done."""
    make_files(folder, tmp_path)
    with subprocess.Popen([PROGRAM, "--model", folder / "net.lcn", "--source", source, "--sink", sink, "--loop", "--fps", "0.05"],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=without_display()) as process:
        wait_until_idle(process)
        process.send_signal(getattr(signal, name))
        output, text = process.communicate(timeout=20)
    assert process.returncode == 0 and text.rstrip().splitlines()[-1].startswith("1 pictures"), text
    assert output.count("\n") == (1 if sink == "jsonl" else 0)


def without_display():
    """An environment in which SDL makes windows that nobody sees. What its libraries leave is theirs."""
    return {**os.environ, "SDL_VIDEODRIVER": "dummy", "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}


def wait_until_idle(process):
    """Until the sample has started and its main thread has slept for a while."""
    for line in process.stderr:
        if "kernels for" in line:
            break
    slept = 0
    while slept < 10:
        time.sleep(0.05)
        slept = slept + 1 if pathlib.Path(f"/proc/{process.pid}/stat").read_text().split(") ")[1][0] == "S" else 0


def make_files(folder, path):
    """photos/ with one picture, x.mjpeg and x.y4m."""
    (path / "photos").mkdir()
    shutil.copy(folder / "photos" / "0.jpg", path / "photos")
    (path / "x.mjpeg").write_bytes((folder / "photos" / "0.jpg").read_bytes())
    (path / "x.y4m").write_bytes(b"YUV4MPEG2 W64 H48\nFRAME\n" + bytes(64 * 48 * 3 // 2))


def test_a_window_without_a_display(folder):
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = sample("--model", folder / "net.lcn", "--source", "pattern", "--sink", "window", check=False,
                  env={**environment, "SDL_VIDEODRIVER": "x11"})
    assert done.returncode == 1 and "no window can be opened" in done.stderr and "--sink web" in done.stderr


def test_a_port_that_is_taken(folder):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = sample("--model", folder / "net.lcn", "--source", "pattern", "--sink", f"web:{address}", check=False)
    assert done.returncode == 1 and f"{address}: cannot be listened at: Address already in use" in done.stderr
    assert "--sink web:127.0.0.1:PORT" in done.stderr


@pytest.mark.parametrize("address,url", [("127.0.0.1:0", "http://127.0.0.1:"), ("0", "http://127.0.0.1:"), ("0.0.0.0:0", "http://0.0.0.0:")])
def test_addresses_of_the_page(address, url, folder):
    done = sample("--model", folder / "net.lcn", "--source", "pattern", "--frames", "1", "--sink", f"web:{address}")
    assert f"open {url}" in done.stderr and ("warning" in done.stderr) == address.startswith("0.0")


def test_frames_that_cannot_be_written(folder, tmp_path):
    (tmp_path / "file").write_text("")
    done = sample("--model", folder / "net.lcn", "--source", "pattern", "--sink", f"frames:{tmp_path / 'file'}", check=False)
    assert done.returncode == 1 and "is no folder" in done.stderr


def test_threads_and_instruction_sets(folder):
    scores = [[t["score"] for t in lines("--model", folder / "net.lcn", "--source", "pattern", "--frames", "1", *options)[0]["top"]]
              for options in ([], ["--threads", "2"], ["--isa", "scalar"])]
    assert np.allclose(scores[0], scores[1], atol=1e-5) and np.allclose(scores[0], scores[2], atol=1e-4)


# ------------------------------------------------------------------------------------------------------------- web, window


@contextlib.contextmanager
def page(*arguments):
    """The URL of the web sink of a running sample."""
    with running("--sink", "web:127.0.0.1:0", *arguments) as process:
        url = next(line.split()[1] for line in process.stderr if line.startswith("open http"))
        yield url


def get(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read()


def wait_report(url, good):
    for _ in range(200):
        report = json.loads(get(url + "report"))
        if report and good(report):
            return report
        time.sleep(0.05)
    raise AssertionError(f"the report never came: {report}")


def read_stream(url, count):
    pictures = []
    with urllib.request.urlopen(url + "stream", timeout=20) as stream:
        while len(pictures) < count:
            size = None
            while (line := stream.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    size = int(line.split(b":")[1])
            if size is not None:
                pictures.append(np.asarray(Image.open(io.BytesIO(stream.read(size)))))
    return pictures


def test_web_streams_reports_and_switches(folder):
    with page("--model", folder / "net.lcn", "--twin", folder / "net_dense.lcn", "--source", "pattern", "--fps", "50") as url:
        text = get(url).decode()
        assert "<title>" in text and "http" not in text.replace('lang="en"', "")  # no resource from elsewhere
        first = wait_report(url, lambda r: r["model"] == "net")
        assert first["density"] < 0.5 and first["twin"] == "net_dense"
        pictures = read_stream(url, 4)
        assert all(p.shape == (480, 640, 3) for p in pictures) and not np.array_equal(pictures[0], pictures[3])
        urllib.request.urlopen(urllib.request.Request(url + "switch", method="POST"), timeout=20).read()
        assert wait_report(url, lambda r: r["model"] == "net_dense")["density"] == 1
        with pytest.raises(urllib.error.HTTPError, match="404"):
            get(url + "../../etc/passwd")
        with pytest.raises(urllib.error.HTTPError, match="403"):  # a page elsewhere whose name points here
            get(urllib.request.Request(url + "stream", headers={"Host": "example.org"}))
        assert get(urllib.request.Request(url, headers={"Host": "localhost:8080"}))


def test_web_bears_bad_clients(folder):
    with page("--model", folder / "net.lcn", "--source", "pattern", "--fps", "50") as url:
        port = int(url.rsplit(":", 1)[1].strip("/"))
        for request in (b"", b"\0" * 100, b"GET / HTTP/1.1\r\n" * 2000, b"POST / HTTP/1.1\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port)) as client:
                with contextlib.suppress(OSError):
                    client.sendall(request)
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(10)]  # connect and say nothing
        slow = socket.create_connection(("127.0.0.1", port))
        slow.sendall(b"GET /stream HTTP/1.1\r\n\r\n")  # watches and never reads
        first = wait_report(url, lambda r: True)["frame"]
        wait_report(url, lambda r: r["frame"] > first + 20)
        for client in (*idle, slow):
            client.close()


def keep(path, name=None):
    if KEEP:
        pathlib.Path(KEEP).mkdir(exist_ok=True)
        shutil.copy(path, pathlib.Path(KEEP) / (name or path.name))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo's classifier and pose network, converted, and a folder with its photos as .jpg."""
    path = tmp_path_factory.mktemp("demo")
    words = dict(line.split("\t", 1) for line in (DEMO / "imagenet_synset_to_lemma.txt").read_text().splitlines())
    names = [words[s].split(",")[0] for s in (DEMO / "imagenet_synsets.txt").read_text().split()]
    (path / "names.txt").write_text("\n".join(names) + "\n")
    call("convert", DEMO / "efficientnet_lite0.onnx", "-o", path / "classes.lcn", "--image",
         f"mean=127,127,127;std=128,128,128;resize=256;filter=bicubic;labels={path / 'names.txt'}")
    for name, model in (("pose_detection", "pose_detection"), ("face_sparse", "face_detection_full_range_sparse")):
        call("convert", DEMO / f"{model}.tflite", "-o", path / f"{name}.lcn")
    (path / "photos").mkdir()
    for name in ("astronaut", "chelsea", "coffee"):
        Image.open(DEMO / f"{name}.png").convert("RGB").save(path / "photos" / f"{name}.jpg", quality=95)
    for name in ("person", "portrait", "coffee"):
        (path / name).mkdir()
    person = Image.open(path / "photos" / "astronaut.jpg")
    person.crop((60, 0, 420, 360)).save(path / "portrait" / "portrait.jpg", quality=95)
    shutil.copy(path / "photos" / "coffee.jpg", path / "coffee")
    canvas = Image.new("RGB", (768, 768))
    canvas.paste(person, (128, 128))
    canvas.save(path / "person" / "person.jpg", quality=95)
    return path


@needs_demo
def test_demo_photos(demo):
    reports = lines("--model", demo / "classes.lcn", "--source", f"images:{demo / 'photos'}")
    best = {r["name"]: r["top"][0]["label"] for r in reports}
    assert "cat" in best["chelsea.jpg"] or best["chelsea.jpg"] == "tabby"
    assert best["coffee.jpg"] in ("espresso", "cup", "eggnog")


@needs_demo
@pytest.mark.parametrize("name,side", [("face_sparse", "photos"), ("pose_detection", "person")])
def test_detectors_agree_with_the_demos_decoder(name, side, demo, tmp_path):
    import sys

    sys.path.insert(0, "samples/demo")
    import detection

    kind = {"face_sparse": detection.FACE, "pose_detection": detection.POSE}[name]
    reports = lines("--model", demo / f"{name}.lcn", "--source", f"images:{demo / side}")
    found = 0
    for report in reports:
        photo = Image.open(demo / side / report["name"])
        longer = max(photo.size)
        square = Image.new("RGB", (longer, longer))
        offset = ((longer - photo.width) // 2, (longer - photo.height) // 2)
        square.paste(photo, offset)
        pixels = np.asarray(square.resize((kind.input_size,) * 2, Image.Resampling.BILINEAR), np.float32)[None] / 127.5 - 1
        outputs = run(demo / f"{name}.lcn", {"input_1": pixels}, tmp_path / "run")
        expected = detection.decode(kind, outputs)
        assert len(report["detections"]) == len(expected)
        for ours, theirs in zip(report["detections"], expected):
            found += 1
            assert abs(ours["score"] - theirs.score) < 0.02
            to_photo = lambda xy: (np.asarray(xy).reshape(-1, 2) * longer - offset) / photo.size
            assert np.abs(np.array(ours["box"]).reshape(-1, 2) - to_photo(theirs.box)).max() < 0.01
            assert np.abs(np.array(ours["keypoints"]) - to_photo(theirs.keypoints)).max() < 0.01
    assert found >= 1


@needs_demo
def test_pose_is_drawn(demo, tmp_path):
    sample("--model", demo / "pose_detection.lcn", "--source", f"images:{demo / 'person'}", "--sink", f"frames:{tmp_path}")
    shown = np.asarray(Image.open(tmp_path / "000000.jpg").convert("RGB"), np.int32)
    cyan = (abs(shown - (60, 200, 240)) < 40).all(axis=2)
    assert cyan.sum() > 500
    keep(tmp_path / "000000.jpg", "camera_pose.jpg")


needs_browser = pytest.mark.skipif(browser.CHROMIUM is None, reason="there is no Chromium; ./dev setup installs it")
PIXELS = """(() => { const c = document.createElement("canvas"); c.width = 32; c.height = 32; const d = c.getContext("2d");
  d.drawImage(document.getElementById("picture"), 0, 0, 32, 32); return d.getImageData(0, 0, 32, 32).data.join(); })()"""


@contextlib.contextmanager
def browsed(size, path, *arguments):
    """The page in a browser, with its first picture; at the end its console has said nothing and nothing sticks out."""
    with page(*arguments) as url, browser.Page(url, str(path / "profile"), *size) as shown:
        shown.wait_for("document.getElementById('picture')?.naturalWidth > 0")
        yield shown
        assert shown.evaluate("document.documentElement.scrollWidth") <= size[0]
        assert shown.errors == []


def kept(count):
    """In the page: the chart has so many pictures of the network that is shown."""
    return f"times.length >= {count}"


def click_other(shown, kind):
    shown.evaluate("document.querySelector('#twins [aria-pressed=false]').click()")
    shown.wait_for(f"document.body.classList.contains('dense') === {json.dumps(kind == 'dense')}")


@needs_browser
def test_page_in_a_browser(folder, tmp_path):
    photos = f"images:{folder / 'photos'}"
    with browsed((390, 844), tmp_path, "--model", folder / "net.lcn", "--twin", folder / "net_dense.lcn", "--source", photos,
                 "--loop", "--fps", "20") as shown:
        shown.wait_for(kept(12))
        before = shown.evaluate(PIXELS)
        shown.wait_for(f"{PIXELS} !== {json.dumps(before)}")  # the stream advances
        assert shown.evaluate("document.querySelectorAll('.row').length") == 3
        assert shown.evaluate("document.getElementById('state').textContent") == "live"
        assert "sparse: 10 %" in shown.evaluate("document.getElementById('weights').textContent")
        click_other(shown, "dense")
        assert "dense" in shown.evaluate("document.getElementById('weights').textContent")
        shown.wait_for(kept(12))
        assert " × as " in shown.evaluate("document.getElementById('gain').textContent")
        click_other(shown, "sparse")


@needs_browser
def test_page_says_when_pictures_stop(folder, tmp_path):
    with browsed((800, 600), tmp_path, "--model", folder / "net.lcn", "--source", "pattern", "--fps", "0.2") as shown:
        shown.wait_for("document.getElementById('state').textContent.startsWith('no picture for')")
        assert shown.evaluate("document.getElementById('twins').hidden") is True


@needs_demo
@needs_browser
def test_picture_of_the_page(demo, tmp_path):
    with browsed((1000, 540), tmp_path, "--model", demo / "classes.lcn", "--source", f"images:{demo / 'coffee'}", "--loop",
                 "--fps", "30") as shown:
        shown.wait_for(kept(60), 60)
        shown.screenshot(tmp_path / "camera_web.png")
    keep(tmp_path / "camera_web.png")


@needs_demo
@needs_browser
@pytest.mark.skipif(DENSE_FACE is None, reason="LACUNA_MODELS has no face_detection_full_range.tflite")
def test_picture_of_the_twins(demo, tmp_path):
    call("convert", DENSE_FACE, "-o", demo / "face_dense.lcn", "--force")
    with browsed((390, 880), tmp_path, "--model", demo / "face_sparse.lcn", "--twin", demo / "face_dense.lcn", "--source",
                 f"images:{demo / 'portrait'}", "--loop", "--fps", "30") as shown:
        shown.wait_for(kept(40), 60)
        assert shown.evaluate("document.getElementById('found').textContent").startswith("face ")
        click_other(shown, "dense")
        shown.wait_for(kept(60), 60)
        assert shown.evaluate("document.getElementById('found').textContent").startswith("face ")
        click_other(shown, "sparse")
        shown.wait_for(kept(60), 60)
        shown.screenshot(tmp_path / "camera_phone.png")
    keep(tmp_path / "camera_phone.png")


def read_xwd(path):
    data = path.read_bytes()
    head = struct.unpack("!25I", data[:100])
    size, width, height, pitch, colours = head[0], head[4], head[5], head[12], head[19]
    rows = np.frombuffer(data, np.uint8, height * pitch, size + colours * 12).reshape(height, pitch)
    return rows[:, :width * 4].reshape(height, width, 4)[:, :, 2::-1]


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="there is no Xvfb; ./dev setup installs it")
def test_window_shows_the_picture(folder, tmp_path):
    read_end, write_end = os.pipe()
    screen = subprocess.Popen(["Xvfb", "-displayfd", str(write_end), "-screen", "0", "800x600x24", "-fbdir", str(tmp_path)],
                              pass_fds=[write_end], stderr=subprocess.DEVNULL)
    try:
        os.close(write_end)
        display = os.read(read_end, 16).decode().strip()
        environment = {**os.environ, "DISPLAY": f":{display}", "SDL_VIDEODRIVER": "x11",
                       "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0"}  # those of X libraries
        with running("--model", folder / "net.lcn", "--source", "pattern", "--sink", "window", "--fps", "10", env=environment) as process:
            for _ in range(100):
                time.sleep(0.1)
                shown = read_xwd(tmp_path / "Xvfb_screen0")
                if (abs(shown.astype(int) - (190, 190, 16)) < 40).all(axis=2).sum() > 10000:  # the yellow bar
                    break
            else:
                assert process.poll() is None, process.stderr.read()
                raise AssertionError("the window never showed the pattern")
        assert process.returncode == 0
    finally:
        screen.terminate()
        screen.wait()


# ----------------------------------------------------------------------------------------------------------------- photos


@pytest.mark.skipif(not PHOTOS, reason="LACUNA_PHOTOS names no folder of photos")
@needs_demo
def test_top_1_equals_lacuna_run(demo, tmp_path):
    from photos_test import pixels

    reports = lines("--model", demo / "classes.lcn", "--source", f"images:{PHOTOS}")
    wrong = []
    for report in reports:
        x = pixels(pathlib.Path(PHOTOS) / report["name"])
        (scores,) = run(demo / "classes.lcn", {"input": x}, tmp_path / "run")
        if report["top"][0]["index"] != int(scores.argmax()):
            wrong.append(report["name"])
    print(f"{len(reports)} photos, top-1 equal on {len(reports) - len(wrong)}")
    assert len(wrong) <= 0.01 * len(reports), wrong
