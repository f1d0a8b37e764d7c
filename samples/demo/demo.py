#!/usr/bin/env python3
"""Real networks on real photos: fetches and converts them, runs them, shows what they saw and what it cost.

Results go to stdout, progress to stderr, pictures and everything made into --dir. What is up to date is kept.
"""
import argparse
import json
import pathlib
import subprocess
import sys

import numpy as np
from PIL import Image, ImageDraw

import detection
import fetch

CLASSIFIER, SPARSE_CLASSIFIER = "efficientnet_lite0", "efficientnet_lite0_sparse"
FACE, POSE = "face_detection_full_range_sparse", "pose_detection"
MODELS = pathlib.Path(__file__).parent.parent / "models"
MAKE_CLASSIFIER = MODELS / "make_efficientnet_lite0.py"
# Relative to --dir, but for the one that is part of the repository.
SOURCES = {CLASSIFIER: f"{CLASSIFIER}.onnx", SPARSE_CLASSIFIER: MODELS.resolve() / f"{SPARSE_CLASSIFIER}.onnx",
           FACE: f"{FACE}.tflite", POSE: f"{POSE}.tflite"}
PHOTOS = ["astronaut", "chelsea", "coffee"]
BENCH_SECONDS = 2


class CommandError(Exception):
    """A program that the demo calls is missing, has failed (its own message is on stderr then) or gave nothing."""


def progress(text):
    print(text, file=sys.stderr, flush=True)


def call(*command):
    """Runs a program and returns its stdout."""
    command = [str(part) for part in command]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise CommandError(f"exit code {done.returncode} from: {' '.join(command)}")
    return done.stdout


def stale(output, *inputs):
    """Whether `output` is missing or older than one of `inputs`."""
    return not output.exists() or any(i.stat().st_mtime > output.stat().st_mtime for i in inputs)


class Lacuna:
    """The `lacuna` program and the folder that its files go into."""

    def __init__(self, program, directory):
        self.program, self.directory = program, directory

    def model(self, name):
        return self.directory / f"{name}.lcn"

    def convert(self, name):
        source = self.directory / SOURCES[name]
        if stale(self.model(name), source, self.program):
            progress(f"converting {source.name}")
            call(self.program, "convert", source, "-o", self.model(name), "--force")

    def run(self, name, array):
        """Runs a network on one input; returns its outputs in the source model's order and layout."""
        folder = self.directory / "runs" / name
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.npy"):
            old.unlink()
        np.save(folder / "input.npy", np.ascontiguousarray(array, np.float32))
        call(self.program, "run", self.model(name), "--input", folder / "input.npy", "--output-dir", folder)
        count = len(list(folder.glob("[0-9]*.npy")))
        return [np.load(folder / f"{i}.npy") for i in range(count)]

    def bench(self, name):
        return json.loads(call(self.program, "bench", self.model(name), "--seconds", BENCH_SECONDS, "--json"))

    def inspect(self, name):
        return json.loads(call(self.program, "inspect", self.model(name), "--json"))


# ------------------------------------------------------------------------------------------------------------- pictures


def classifier_input(photo):
    """[1, 3, 224, 224]: short side to 256, the middle 224 x 224, (value - 127) / 128."""
    scale = 256 / min(photo.size)
    photo = photo.resize([round(side * scale) for side in photo.size], Image.Resampling.BICUBIC)
    left, top = (photo.width - 224) // 2, (photo.height - 224) // 2
    pixels = np.asarray(photo.crop((left, top, left + 224, top + 224)), np.float32)
    return ((pixels - 127) / 128).transpose(2, 0, 1)[None]


def square(photo, room):
    """The photo in the middle of a black square, `room` times as wide as the photo's longer side."""
    side = round(max(photo.size) * room)
    canvas = Image.new("RGB", (side, side))
    canvas.paste(photo, ((side - photo.width) // 2, (side - photo.height) // 2))
    return canvas


def detector_input(canvas, detector):
    """[1, size, size, 3], -1 to 1."""
    pixels = np.asarray(canvas.resize((detector.input_size,) * 2, Image.Resampling.BILINEAR), np.float32)
    return (pixels / 127.5 - 1)[None]


def draw_points(draw, points):
    for x, y in points:
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill="red")


# -------------------------------------------------------------------------------------------------------------- results


def class_names(directory):
    """ImageNet's 1000 class names in the classifier's order."""
    words = dict(line.split("\t", 1) for line in (directory / "imagenet_synset_to_lemma.txt").read_text().splitlines())
    return [words[synset] for synset in (directory / "imagenet_synsets.txt").read_text().split()]


def classify(lacuna, name, photo):
    """Probabilities of the 1000 classes."""
    (logits,) = lacuna.run(name, classifier_input(photo))
    probability = np.exp(logits[0] - logits[0].max())
    return probability / probability.sum()


def show_classes(lacuna, photos):
    """What the dense classifier sees, and beside it what the pruned one makes of the same classes."""
    names = class_names(lacuna.directory)
    same = 0
    for title, photo in photos.items():
        dense, sparse = (classify(lacuna, name, photo) for name in (CLASSIFIER, SPARSE_CLASSIFIER))
        same += int(dense.argmax() == sparse.argmax())
        print(f"{title}.png: {CLASSIFIER} and {SPARSE_CLASSIFIER} see")
        for index in np.argsort(-dense)[:5]:
            print(f"  {dense[index]:6.1%}  {sparse[index]:6.1%}  {names[index]}")
        print()
    print(f"The same first choice, dense and sparse: {same} of {len(photos)} photos\n")


def detect(lacuna, name, detector, canvas):
    """The best thing that a detector finds in a square picture: score, box and keypoints in the picture's pixels."""
    found = detection.decode(detector, lacuna.run(name, detector_input(canvas, detector)))
    if not found:
        raise CommandError(f"{name} found nothing in the photo, where there is a person")
    return found[0].score, found[0].box * canvas.width, found[0].keypoints * canvas.width


def show_face(lacuna, photo):
    canvas, path = square(photo, room=1), lacuna.directory / "face.png"
    score, box, points = detect(lacuna, FACE, detection.FACE, canvas)
    draw = ImageDraw.Draw(canvas)
    draw.rectangle(tuple(box), outline="lime", width=3)
    draw_points(draw, points)
    canvas.save(path)
    left, top, right, bottom = box.round().astype(int)
    print(f"{FACE} sees a face: score {score:.3f}, x {left} to {right}, y {top} to {bottom}; drawn into {path}")


def show_person(lacuna, photo):
    """The detector's keypoints: mid-hips, a point of the circle round the person, mid-shoulders, another circle's."""
    canvas, path = square(photo, room=1.5), lacuna.directory / "pose.png"
    score, _, (hips, rim, shoulders, _) = detect(lacuna, POSE, detection.POSE, canvas)
    draw = ImageDraw.Draw(canvas)
    draw.circle(tuple(hips), np.linalg.norm(rim - hips), outline="cyan", width=3)
    draw.line((*hips, *shoulders), fill="lime", width=3)
    draw_points(draw, [hips, shoulders])
    canvas.save(path)
    places = [f"({x:.0f}, {y:.0f})" for x, y in (hips, shoulders)]
    print(f"{POSE} sees a person: score {score:.3f}, hips {places[0]}, shoulders {places[1]}; drawn into {path}")


def show_table(lacuna):
    heads = ["model", "density", "file bytes", "arena bytes", "ms"]
    rows = []
    for name in SOURCES:
        progress(f"timing {name}")
        bench = lacuna.bench(name)
        rows.append([name, f"{lacuna.inspect(name)['density']:.1%}", f"{bench['file_bytes']:,}",
                     f"{bench['arena_bytes']:,}", f"{bench['median_ms']:.2f}"])
    widths = [max(len(row[i]) for row in [heads, *rows]) for i in range(len(heads))]
    print()
    for row in [heads, *rows]:
        print("  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]))
    print(f"\nDensity: the part of the weights that is not zero. Time: median run, threads: {bench['threads']}, "
          f"kernels: {bench['isa']}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lacuna", type=pathlib.Path, default="build/native/bin/lacuna", help="the lacuna program")
    parser.add_argument("--dir", type=pathlib.Path, default="build/demo", help="where everything goes")
    args = parser.parse_args()
    try:
        if not args.lacuna.is_file():
            raise CommandError(f"there is no program {args.lacuna}; ./dev build makes it")
        fetch.fetch_all(args.dir)
        lacuna = Lacuna(args.lacuna, args.dir)
        weights, onnx_file = args.dir / "efficientnet-lite0-57934424.pth", args.dir / SOURCES[CLASSIFIER]
        if stale(onnx_file, weights, MAKE_CLASSIFIER):
            progress(f"making {onnx_file.name}")
            call(sys.executable, MAKE_CLASSIFIER, weights, onnx_file)
        for name in SOURCES:
            lacuna.convert(name)
        photos = {name: Image.open(args.dir / f"{name}.png").convert("RGB") for name in PHOTOS}
        show_classes(lacuna, photos)
        show_face(lacuna, photos["astronaut"])
        show_person(lacuna, photos["astronaut"])
        show_table(lacuna)
    except (CommandError, fetch.FetchError, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
