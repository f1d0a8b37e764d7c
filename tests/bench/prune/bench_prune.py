"""Accuracy that `lacuna prune` leaves EfficientNet-Lite0, for each row of the table in docs/pruning.md.

    ./dev bench prune --photos DIR [--rows 50,60,70,50:4x1] [--minutes 10] [--output DIR]

DIR holds photos of ImageNet's classes named NNNN_anything.jpg, NNNN being the class. In order of their names every
second one calibrates, labels unseen; the others judge. The model is the one that ./dev demo makes.
"""
import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime
from PIL import Image

IMAGE = "mean=127,127,127;std=128,128,128;resize=256;order=rgb"


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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lacuna", type=pathlib.Path, default="build/native/bin/lacuna", help="the lacuna program")
    parser.add_argument("--model", type=pathlib.Path, default="build/demo/efficientnet_lite0.onnx")
    parser.add_argument("--photos", type=pathlib.Path, required=True)
    parser.add_argument("--rows", default="50,60,70,50:4x1", help="percent of zeros, with :PATTERN where not free")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--output", type=pathlib.Path, help="folder that keeps the models")
    args = parser.parse_args()
    photos = sorted(path.resolve() for path in args.photos.glob("*.jpg"))
    if len(photos) < 2 or not args.model.is_file():
        parser.error(f"{args.photos} needs .jpg files, and {args.model} must be there (./dev demo makes it)")
    judged = photos[1::2]
    with tempfile.TemporaryDirectory() as scratch:
        output = args.output or pathlib.Path(scratch)
        output.mkdir(parents=True, exist_ok=True)
        calibration = pathlib.Path(scratch) / "calibration"
        calibration.mkdir()
        for path in photos[::2]:
            (calibration / path.name).symlink_to(path)
        dense = top_1(args.model, judged)
        print(f"dense: top-1 {dense:.1f} % on {len(judged)} photos; calibrated on {len(photos) - len(judged)} others")
        print("zeros    pattern  top-1    lost     seconds  error at the outputs", flush=True)
        for row in args.rows.split(","):
            percent, _, pattern = row.partition(":")
            pattern = pattern or "free"
            model = output / f"pruned_{percent}_{pattern.replace(':', '_')}.onnx"
            done = subprocess.run(
                [args.lacuna, "prune", args.model, "-o", model, "--calibrate", calibration, "--image", IMAGE,
                 "--sparsity", str(float(percent) / 100), "--pattern", pattern, "--minutes", str(args.minutes),
                 "--threads", str(args.threads), "--force", "--json"], stdout=subprocess.PIPE, text=True, check=True)
            result = json.loads(done.stdout)
            accuracy = top_1(model, judged)
            print(f"{100 * result['sparsity']:5.1f} %  {pattern:7s}  {accuracy:5.1f} %  {dense - accuracy:5.1f}    "
                  f"{result['seconds']:7.0f}  {100 * result['error']:.2f} %", flush=True)


if __name__ == "__main__":
    sys.exit(main())
