"""What `lacuna prune` leaves of a network, for the tables in docs/pruning.md.

    ./dev bench prune --photos DIR [--rows 50,60,70,50:4x1] [--minutes 15] [--batches N] [--store f16] [--output DIR]
    ./dev bench prune --photos DIR --masks selfie_segmentation.tflite [--rows 50]
    ./dev bench prune --photos DIR [--masks selfie_segmentation.tflite] --judge MODEL...

DIR holds photos of ImageNet's classes named NNNN_anything.jpg, NNNN being the class. In order of their names every
second one calibrates, labels unseen; the others judge. The classifier is the one that ./dev demo makes: points of top-1
that are lost. Few photos say little, so the same over five more views of each (the middle mirrored, and nearer to each
side), points that are lost there where a margin of m logits between the right class and the next counts as
1 / (1 + exp(-2 m)), and the divergence (Kullback-Leibler) of the pruned network's probabilities from the dense one's.

With --masks it is a segmentation network: how far its masks cover those of the dense network (area in both over area in
either, over all photos), and the median of that over the photos of which the dense mask covers a tenth.

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


def views(path):
    """[6, 3, 224, 224]: short side to 256, of that 224 x 224 pixels, (value - 127) / 128. First the middle, then that
    mirrored, then nearer to each side."""
    photo = Image.open(path).convert("RGB")
    scale = 256 / min(photo.size)
    photo = photo.resize([round(side * scale) for side in photo.size], Image.Resampling.BICUBIC)
    values = (np.asarray(photo, np.float32).transpose(2, 0, 1) - 127) / 128
    free_y, free_x = values.shape[1] - 224, values.shape[2] - 224

    def cut(y, x):
        return values[:, y:y + 224, x:x + 224]
    y, x = free_y // 2, free_x // 2
    middle = cut(y, x)
    return np.stack([middle, middle[:, :, ::-1], cut(0, x), cut(free_y, x), cut(y, 0), cut(y, free_x)])


def log_softmax(logits):
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


class Classifier:
    """Points of top-1."""

    image = CLASSIFIER_IMAGE
    heading = "top-1    lost    over views  smoothed  divergence"

    def __init__(self, args, photos, scratch):
        self.photos = photos
        self.labels = np.array([int(path.name[:4]) for path in photos])
        self.dense = self.run(args.model)
        middle, others, _ = self.right(self.dense)
        print(f"dense: top-1 {middle:.1f} %, over views {others:.1f} %")

    def run(self, model):
        """Logarithms of probabilities [photos, 6, classes]."""
        session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        return log_softmax(np.stack([[session.run(None, {name: view[None]})[0][0] for view in views(path)]
                                     for path in self.photos]))

    def right(self, logits):
        """Percent whose class has the largest output: of the middles, of the other views, of these smoothed."""
        own = np.take_along_axis(logits, self.labels[:, None, None], 2)[..., 0]
        others = logits.copy()
        np.put_along_axis(others, self.labels[:, None, None], -np.inf, 2)
        margin = own - others.max(2)
        smooth = 1 / (1 + np.exp(-2 * margin[:, 1:]))
        return 100 * (margin[:, 0] > 0).mean(), 100 * (margin[:, 1:] > 0).mean(), 100 * smooth.mean()

    def judge(self, model):
        logits = self.run(model)
        pruned, dense = self.right(logits), self.right(self.dense)
        lost = [a - b for a, b in zip(dense, pruned)]
        divergence = (np.exp(self.dense) * (self.dense - logits)).sum(2)[:, 1:].mean()
        return f"{pruned[0]:5.1f} %  {lost[0]:5.1f}  {lost[1]:12.1f}  {lost[2]:8.1f}  {divergence:10.3f}"


class Masks:
    """The dense network's masks, from a .tflite file, against those of the pruned one; both run by `lacuna run`."""

    image = MASK_IMAGE
    heading = "overlap  median"

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
        subprocess.run([self.lacuna, "convert", model, "-o", packed, "--force", "--quiet"], check=True,
                       stdout=subprocess.DEVNULL)
        masks = []
        for path in self.inputs:
            subprocess.run([self.lacuna, "run", packed, "--input", path, "--output-dir", self.scratch / "out", "--force",
                            "--quiet"], check=True, stdout=subprocess.DEVNULL)
            masks.append(np.load(self.scratch / "out" / "0.npy") > 0.5)
        return masks

    def judge(self, model):
        pairs = list(zip(self.dense, self.masks(model)))
        both = np.array([(a & b).sum() for a, b in pairs])
        either = np.array([(a | b).sum() for a, b in pairs])
        large = np.array([a.mean() >= 0.1 for a in self.dense])
        median = np.median((both / np.maximum(1, either))[large]) if large.any() else np.nan
        return f"{both.sum() / max(1, either.sum()):7.4f}  {median:6.4f}"


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
    parser.add_argument("--judge", type=pathlib.Path, nargs="+", default=[],
                        help="judge these models, made elsewhere, instead of making any")
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
        for model in args.judge:
            print(f"{model.name}: {judge.heading}\n{judge.judge(model)}", flush=True)
        if args.judge:
            return
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
