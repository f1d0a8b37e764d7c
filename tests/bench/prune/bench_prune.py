"""What `lacuna prune` leaves of a network, for the tables in docs/pruning.md.

    ./dev bench prune --photos DIR [--rows 50,60,70,50:4x1] [--minutes 15] [--batches N] [--store f16] [--output DIR]
    ./dev bench prune --photos DIR --masks selfie_segmentation.tflite [--rows 50]

DIR holds photos of ImageNet's classes named NNNN_anything.jpg, NNNN being the class. In order of their names every
second one calibrates, labels unseen; the others judge. The classifier is the one that ./dev demo makes: points of top-1
that are lost. With --masks it is a segmentation network: how far its masks cover those of the dense network (area in
both over area in either, over all photos).

Core-seconds are what all threads of `lacuna prune` computed together, which other work on the machine does not change:
15 minutes on 2 cores are 1800. Where the machine is busy, give --batches and minutes enough.
"""
import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime
from PIL import Image

CLASSIFIER_IMAGE = "mean=127,127,127;std=128,128,128;resize=256;order=rgb"
MASK_IMAGE = "mean=0,0,0;std=255,255,255;order=rgb"


def pixels(path):
    """[1, 3, 224, 224]: short side to 256, the middle 224 x 224, (value - 127) / 128."""
    photo = Image.open(path).convert("RGB")
    scale = 256 / min(photo.size)
    photo = photo.resize([round(side * scale) for side in photo.size], Image.Resampling.BICUBIC)
    left, top = (photo.width - 224) // 2, (photo.height - 224) // 2
    values = np.asarray(photo.crop((left, top, left + 224, top + 224)), np.float32)
    return ((values - 127) / 128).transpose(2, 0, 1)[None]


def top_1(model, photos):
    """Percent of photos whose class has the largest output."""
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    right = sum(int(session.run(None, {name: pixels(path)})[0].argmax()) == int(path.name[:4]) for path in photos)
    return 100 * right / len(photos)


class Classifier:
    """Points of top-1."""

    image = CLASSIFIER_IMAGE
    heading = "top-1    lost"

    def __init__(self, args, photos, scratch):
        self.photos = photos
        self.dense = top_1(args.model, photos)
        print(f"dense: top-1 {self.dense:.1f} %")

    def judge(self, model):
        accuracy = top_1(model, self.photos)
        return f"{accuracy:5.1f} %  {self.dense - accuracy:5.1f}"


class Masks:
    """The dense network's masks, from a .tflite file, against those of the pruned one; both run by `lacuna run`."""

    image = MASK_IMAGE
    heading = "overlap      "

    def __init__(self, args, photos, scratch):
        self.lacuna, self.scratch = args.lacuna, scratch
        self.inputs = [self.save_input(path) for path in photos]
        self.dense = self.masks(args.masks)

    def save_input(self, path):
        x = np.asarray(Image.open(path).convert("RGB").resize((256, 256), Image.Resampling.BICUBIC), np.float32)
        target = self.scratch / f"{path.stem}.npy"
        np.save(target, x[None] / 255)
        return target

    def masks(self, model):
        packed = self.scratch / "masks.lcn"
        subprocess.run([self.lacuna, "convert", model, "-o", packed, "--force", "--quiet"], check=True)
        masks = []
        for path in self.inputs:
            subprocess.run([self.lacuna, "run", packed, "--input", path, "--output-dir", self.scratch / "out", "--force",
                            "--quiet"], check=True, stdout=subprocess.DEVNULL)
            masks.append(np.load(self.scratch / "out" / "0.npy") > 0.5)
        return masks

    def judge(self, model):
        pairs = list(zip(self.dense, self.masks(model)))
        both = sum(int((a & b).sum()) for a, b in pairs)
        return f"{both / max(1, sum(int((a | b).sum()) for a, b in pairs)):.4f}       "


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lacuna", type=pathlib.Path, default="build/native/bin/lacuna", help="the lacuna program")
    parser.add_argument("--model", type=pathlib.Path, default="build/demo/efficientnet_lite0.onnx")
    parser.add_argument("--masks", type=pathlib.Path, help="a segmentation network, instead of the classifier")
    parser.add_argument("--photos", type=pathlib.Path, required=True)
    parser.add_argument("--rows", help="percent of zeros, with :PATTERN where not free")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--batches", type=int, help="of training at most (default: what lacuna prune plans)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--store", default="f32", help="how models keep weights: f32 or f16")
    parser.add_argument("--output", type=pathlib.Path, help="folder that keeps the models")
    args = parser.parse_args()
    photos = sorted(path.resolve() for path in args.photos.glob("*.jpg"))
    source = args.masks or args.model
    if len(photos) < 2 or not source.is_file():
        parser.error(f"{args.photos} needs .jpg files, and {source} must be there (./dev demo makes the classifier)")
    judged = photos[1::2]
    with tempfile.TemporaryDirectory() as scratch:
        scratch = pathlib.Path(scratch)
        output = args.output or scratch
        output.mkdir(parents=True, exist_ok=True)
        calibration = scratch / "calibration"
        calibration.mkdir()
        for path in photos[::2]:
            (calibration / path.name).symlink_to(path)
        print(f"{len(judged)} photos judge, {len(photos) - len(judged)} others calibrate")
        judge = (Masks if args.masks else Classifier)(args, judged, scratch)
        print(f"zeros    pattern  {judge.heading}    seconds  core-seconds  batches  error at the outputs", flush=True)
        for row in (args.rows or ("50" if args.masks else "50,60,70,50:4x1")).split(","):
            percent, _, pattern = row.partition(":")
            pattern = pattern or "free"
            model = output / f"pruned_{percent}_{pattern.replace(':', '_')}.onnx"
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            done = subprocess.run(
                [args.lacuna, "prune", source, "-o", model, "--calibrate", calibration, "--image", judge.image,
                 "--sparsity", str(float(percent) / 100), "--pattern", pattern, "--minutes", str(args.minutes),
                 *(["--batches", str(args.batches)] if args.batches is not None else []),
                 "--threads", str(args.threads), "--store", args.store, "--force", "--json"], stdout=subprocess.PIPE,
                text=True, check=True)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            core_seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            result = json.loads(done.stdout)
            print(f"{100 * result['sparsity']:5.1f} %  {pattern:7s}  {judge.judge(model)}    {result['seconds']:7.0f}  "
                  f"{core_seconds:12.0f}  {result['batches']:7d}  {100 * result['error']:.2f} %", flush=True)


if __name__ == "__main__":
    sys.exit(main())
