"""A photo before a real Video4Linux2 device gives its label, and a device that goes away is waited for: an emulated 64-bit Arm
machine with Debian's kernel and its virtual camera, and the static sample.

CAMERA_CROSS and VIVID_FEED name the programs for that machine, CAMERA_MACHINE the folder with kernel and tools that ./dev
test --full fetches, QEMU_CPU the CPU.
"""
import gzip
import json
import lzma
import os
import pathlib
import shutil
import subprocess

import networks
import numpy as np
import pytest
from image_test import picture
from lacuna_program import call, computes_halves
from PIL import Image

MACHINE = pathlib.Path(os.environ.get("CAMERA_MACHINE", "build/sysroot/camera"))
CPU = os.environ.get("QEMU_CPU", "cortex-a76")
DEMO = pathlib.Path(os.environ.get("LACUNA_DEMO_DIR", "build/demo"))
MODULES = ["mc", "videodev", "videobuf2-common", "videobuf2-v4l2", "rc-core", "cec", "v4l2-dv-timings", "v4l2-tpg",
           "videobuf2-memops", "videobuf2-dma-contig", "videobuf2-vmalloc", "vivid"]
INIT = """#!/bin/busybox sh
busybox mount -t devtmpfs dev /dev
busybox mount -t proc proc /proc
busybox mount -t sysfs sys /sys
for module in $(busybox cat /modules/order); do busybox insmod /modules/$module.ko $([ $module = vivid ] && echo n_devs=1); done
for format in YUYV RGB3; do
  /vivid_feed $format /photo.$format & feed=$!
  busybox sleep 1
  name=$format; [ $format = RGB3 ] && name=RGB24
  /camera_classifier --model /model.lcn --source v4l2:/dev/video0 --format $name --frames 2 --sink jsonl --smooth 0 > /result
  echo "EXIT $format $?"
  busybox sed "s/^/RESULT $format /" /result
  busybox kill $feed
  wait
done
/camera_classifier --model /model.lcn --source v4l2:/dev/video1 --frames 2 --sink jsonl

/camera_classifier --model /model.lcn --source v4l2:/dev/video0 --sink jsonl > /result 2> /said & sample=$!
more_than() {  # COUNT FILE: waits until the file has more lines
  for second in $(busybox seq 60); do [ $(busybox wc -l < $2) -gt $1 ] && return; busybox sleep 1; done
}
more_than 0 /result
echo vivid.0 > /sys/bus/platform/drivers/vivid/unbind
for second in $(busybox seq 30); do busybox grep -q gone /said && break; busybox sleep 1; done
before=$(busybox wc -l < /result)
echo vivid.0 > /sys/bus/platform/drivers/vivid/bind
more_than $before /result
busybox kill -INT $sample
wait $sample
echo "EXIT unplugged $?"
echo "MORE $(($(busybox wc -l < /result) - before))"
busybox sed "s/^/SAID /" /said
busybox poweroff -f
"""

pytestmark = [
    pytest.mark.skipif(shutil.which("qemu-system-aarch64") is None, reason="there is no qemu-system-aarch64"),
    pytest.mark.skipif(not (MACHINE / "complete").exists(), reason=f"{MACHINE} is not there: its packages could not be had")]


def cpio(files):
    """An archive in the form that the kernel unpacks at its start: {path: (mode, contents)}."""
    archive = b""
    for number, (name, (mode, contents)) in enumerate([*files.items(), ("TRAILER!!!", (0, b""))]):
        fields = [number + 1, mode, 0, 0, 1, 0, len(contents), 0, 0, 5 if mode & 0o170000 == 0o020000 else 0, 1, len(name) + 1, 0]
        entry = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
        archive += entry + b"\0" * (-len(entry) % 4) + contents + b"\0" * (-len(contents) % 4)
    return archive


def module(name):
    (path,) = [p for p in MACHINE.rglob("*.ko*") if p.name.split(".ko")[0].replace("_", "-") == name]
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def as_yuyv(photo):
    """BT.601, limited range."""
    rgb = np.asarray(photo, np.float64)
    y = rgb @ [0.299, 0.587, 0.114]
    u, v = (rgb[..., 2] - y) / 1.772, (rgb[..., 0] - y) / 1.402
    out = np.empty((*y.shape, 2))
    out[..., 0] = 16 + y * 219 / 255
    for channel, plane in ((0, u), (1, v)):
        out[:, channel::2, 1] = 128 + (plane[:, ::2] + plane[:, 1::2]) / 2 * 224 / 255
    return np.clip(out.round(), 0, 255).astype(np.uint8).tobytes()


def make_model(path):
    """The demo's classifier where it is there, otherwise a small network; and a photo of 640 x 480."""
    if (DEMO / "efficientnet_lite0.onnx").exists():
        words = dict(line.split("\t", 1) for line in (DEMO / "imagenet_synset_to_lemma.txt").read_text().splitlines())
        names = [words[s] for s in (DEMO / "imagenet_synsets.txt").read_text().split()]
        source, image = DEMO / "efficientnet_lite0.onnx", "mean=127,127,127;std=128,128,128;resize=256;filter=bicubic"
        photo = Image.open(DEMO / "coffee.png").convert("RGB").resize((640, 480))
    else:
        names, source, image = [f"class {i}" for i in range(10)], path / "net.onnx", "mean=127,127,127;std=128,128,128;resize=64"
        networks.make("inverted_residuals", 0.9, source)
        photo = picture(640, 480).resize((80, 60)).resize((640, 480))
    (path / "names.txt").write_text("\n".join(names))
    call("convert", source, "-o", path / "model.lcn", "--image", f"{image};labels={path / 'names.txt'}")
    return photo


def test_photo_before_a_camera(tmp_path):
    photo = make_model(tmp_path)
    photo.save(tmp_path / "photo.png")
    best = call("run", tmp_path / "model.lcn", "--input", tmp_path / "photo.png", "--top", "1").stdout.split(None, 2)
    program = lambda name: (0o100755, pathlib.Path(os.environ[name]).read_bytes())
    files = {name: (0o040755, b"") for name in ("bin", "dev", "proc", "sys", "modules", "tmp")}
    (busybox,) = [p for p in MACHINE.rglob("busybox") if p.is_file() and os.access(p, os.X_OK)]
    order = [name for name in MODULES if any(p.name.split(".ko")[0].replace("_", "-") == name for p in MACHINE.rglob("*.ko*"))]
    files |= {"dev/console": (0o020600, b""), "bin/busybox": (0o100755, busybox.read_bytes()), "init": (0o100755, INIT.encode()),
              "modules/order": (0o100644, "\n".join(order).encode()), "camera_classifier": program("CAMERA_CROSS"),
              "vivid_feed": program("VIVID_FEED"), "model.lcn": (0o100644, (tmp_path / "model.lcn").read_bytes()),
              "photo.RGB3": (0o100644, np.asarray(photo).tobytes()), "photo.YUYV": (0o100644, as_yuyv(photo))}
    files |= {f"modules/{name}.ko": (0o100644, module(name)) for name in order}
    (tmp_path / "initramfs").write_bytes(gzip.compress(cpio(files), 1))
    (kernel,) = (MACHINE / "boot").glob("vmlinuz-*")
    done = subprocess.run(
        ["qemu-system-aarch64", "-M", "virt", "-cpu", CPU, "-accel", "tcg", "-m", "1024", "-display", "none", "-no-reboot",
         "-serial", "stdio", "-monitor", "none", "-nic", "none", "-kernel", kernel, "-initrd", tmp_path / "initramfs",
         "-append", "console=ttyAMA0 quiet panic=-1"], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=1000)
    text = done.stdout
    for format in ("YUYV", "RGB3"):
        assert f"EXIT {format} 0" in text, text[-4000:]
        results = [json.loads(line.split(format, 1)[1]) for line in text.splitlines() if line.startswith(f"RESULT {format}")]
        assert len(results) == 2
        for result in results:
            assert result["top"][0]["index"] == int(best[1]), (format, result["top"], best)
            assert result["isa"] == ("neonfp16" if computes_halves(CPU) else "neon")
    assert "/dev/video1: gives no pictures" in text  # the output node is no camera
    check_unplugging(text)


def check_unplugging(text):
    """The driver was taken from its device while pictures came, and given back."""
    said = [line[5:].strip() for line in text.splitlines() if line.startswith("SAID ")]
    gone, back = (next((i for i, line in enumerate(said) if part in line), -1) for part in ("the camera is gone: plug it in", "back: /dev/video0"))
    assert 0 <= gone < back, text[-4000:]
    (more,) = [int(line[5:]) for line in text.splitlines() if line.startswith("MORE ")]
    assert more >= 1 and "EXIT unplugged 0" in text, text[-4000:]
