"""Pictures that `lacuna run --input` takes are made into tensors as Pillow does it, and stored preprocessing is honoured."""
import numpy as np
import onnx
import pytest
from lacuna_program import call
from onnx import TensorProto, helper
from PIL import Image, ImageOps

FILTERS = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC, "area": Image.Resampling.BOX}
# Pillow rounds to whole numbers between its two passes and at the end; nothing is rounded here. BICUBIC has negative
# weights, which make a little more of the first rounding.
ONE = 1.001
BOUNDS = {"bilinear": ONE, "area": ONE, "bicubic": 1.25}


def picture(width, height, seed=3, contrast=1.0):
    """Smooth waves with noise and edges on them. BICUBIC overshoots at edges, and Pillow cuts that off between its passes too:
    with a contrast below 0.6 nothing reaches 0 or 255."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    waves = np.stack([128 + 90 * np.sin(x / (9 + 4 * c) + c) * np.cos(y / (7 + 3 * c)) for c in range(3)], axis=-1)
    waves[height // 3:height // 2, width // 4:width // 2] = (255, 0, 64)
    noisy = np.clip(waves + rng.normal(0, 12, waves.shape), 0, 255)
    return Image.fromarray((128 + contrast * (noisy - 128)).astype(np.uint8))


def make_mirror(path, shape, image):
    """A network whose output is its input."""
    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name in "xy")
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "mirror", [x], [y])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path / "mirror.onnx")
    call("convert", path / "mirror.onnx", "-o", path / "mirror.lcn", "--image", image, "--force")


def tensor(path, photo, name="photo.png"):
    photo.save(path / name)
    call("run", path / "mirror.lcn", "--input", path / name, "--output-dir", path / "out", "--force")
    return np.load(path / "out" / "0.npy")


def off(actual, expected):
    return float(np.abs(actual - np.asarray(expected, np.float32)).max())


# Pillow's BOX is an average over the area for whole factors only.
@pytest.mark.parametrize("name,size,target", [
    *((name, size, (224, 224)) for name in ("bilinear", "bicubic") for size in [(448, 336), (90, 61), (300, 200), (224, 224)]),
    ("area", (448, 336), (224, 168)), ("area", (300, 100), (60, 50))])
def test_whole_picture_equals_pillow(name, size, target, tmp_path):
    photo = picture(*size, contrast=0.5 if name == "bicubic" else 1)
    make_mirror(tmp_path, [1, target[1], target[0], 3], f"mean=0,0,0;std=1,1,1;filter={name}")
    expected = photo.resize(target, FILTERS[name])
    assert off(tensor(tmp_path, photo)[0], expected) <= BOUNDS[name]


@pytest.mark.parametrize("size", [(500, 375), (375, 500), (257, 256), (1000, 333)])
@pytest.mark.parametrize("name", ["bilinear", "bicubic"])
def test_short_side_and_middle_equals_pillow(name, size, tmp_path):
    photo = picture(*size, contrast=0.5 if name == "bicubic" else 1)
    make_mirror(tmp_path, [1, 3, 224, 224], f"mean=10,20,30;std=2,4,8;resize=256;filter={name};order=rgb")
    scale = 256 / min(size)
    resized = photo.resize([round(side * scale) for side in size], FILTERS[name])
    left, top = (resized.width - 224) // 2, (resized.height - 224) // 2
    expected = np.asarray(resized.crop((left, top, left + 224, top + 224)), np.float32).transpose(2, 0, 1)
    actual = tensor(tmp_path, photo)[0] * np.array([2, 4, 8]).reshape(3, 1, 1) + np.array([10, 20, 30]).reshape(3, 1, 1)
    positive = expected > np.array([10, 20, 30]).reshape(3, 1, 1) + 1  # the network cuts at zero
    assert off(actual[positive], expected[positive]) <= BOUNDS[name]


@pytest.mark.parametrize("size", [(200, 100), (100, 200)])
def test_letterbox_equals_a_black_square(size, tmp_path):
    photo = picture(*size)
    make_mirror(tmp_path, [1, 96, 96, 3], "mean=0,0,0;std=1,1,1;fit=letterbox")
    canvas = Image.new("RGB", (200, 200))
    canvas.paste(photo, ((200 - size[0]) // 2, (200 - size[1]) // 2))
    assert off(tensor(tmp_path, photo)[0], canvas.resize((96, 96), Image.Resampling.BILINEAR)) <= ONE


def test_formats_and_orders(tmp_path):
    photo = picture(40, 30)
    make_mirror(tmp_path, [1, 3, 30, 40], "mean=0,0,0;std=1,1,1;order=bgr")
    expected = np.asarray(photo, np.float32).transpose(2, 0, 1)[::-1]
    for name in ("photo.png", "photo.ppm"):
        assert off(tensor(tmp_path, photo, name)[0], expected) == 0
    assert off(tensor(tmp_path, photo.convert("RGBA"), "alpha.png")[0], expected) == 0
    photo.save(tmp_path / "photo.jpg", quality=95)
    decoded = np.asarray(Image.open(tmp_path / "photo.jpg"), np.float32).transpose(2, 0, 1)[::-1]
    call("run", tmp_path / "mirror.lcn", "--input", tmp_path / "photo.jpg", "--output-dir", tmp_path / "out", "--force")
    assert off(np.load(tmp_path / "out" / "0.npy")[0], decoded) <= 3  # decoders differ in the last bits
    gray = photo.convert("L")
    make_mirror(tmp_path, [1, 1, 30, 40], "mean=0;std=1")
    assert off(tensor(tmp_path, gray, "gray.png")[0, 0], gray) < 0.001
    assert off(tensor(tmp_path, photo)[0, 0], photo.convert("L")) <= ONE


@pytest.mark.parametrize("orientation", range(1, 9))
def test_jpegs_stand_upright(orientation, tmp_path):
    photo = picture(40, 30)
    exif = Image.Exif()
    exif[0x0112] = orientation
    photo.save(tmp_path / "photo.jpg", quality=95, subsampling=0, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(tmp_path / "photo.jpg"))
    make_mirror(tmp_path, [1, 3, upright.height, upright.width], "mean=0,0,0;std=1,1,1")
    call("run", tmp_path / "mirror.lcn", "--input", tmp_path / "photo.jpg", "--output-dir", tmp_path / "out")
    assert off(np.load(tmp_path / "out" / "0.npy")[0], np.asarray(upright).transpose(2, 0, 1)) <= 3


def test_a_jpeg_for_printers(tmp_path):
    picture(40, 30).convert("CMYK").save(tmp_path / "photo.jpg", quality=95, subsampling=0)
    expected = np.asarray(Image.open(tmp_path / "photo.jpg").convert("RGB")).transpose(2, 0, 1)
    make_mirror(tmp_path, [1, 3, 30, 40], "mean=0,0,0;std=1,1,1")
    call("run", tmp_path / "mirror.lcn", "--input", tmp_path / "photo.jpg", "--output-dir", tmp_path / "out")
    assert off(np.load(tmp_path / "out" / "0.npy")[0], expected) <= 3


def test_bytes_between_a_jpegs_parts_are_passed_over(tmp_path):
    photo = picture(40, 30)
    photo.save(tmp_path / "photo.jpg", quality=95, subsampling=0)
    data = (tmp_path / "photo.jpg").read_bytes()
    assert data.endswith(b"\xff\xd9")
    (tmp_path / "photo.jpg").write_bytes(data[:-2] + b"\0\0\0" + data[-2:])
    make_mirror(tmp_path, [1, 3, 30, 40], "mean=0,0,0;std=1,1,1")
    call("run", tmp_path / "mirror.lcn", "--input", tmp_path / "photo.jpg", "--output-dir", tmp_path / "out")
    assert off(np.load(tmp_path / "out" / "0.npy")[0], np.asarray(photo).transpose(2, 0, 1)) <= 30


def test_top_classes_have_labels(tmp_path):
    (tmp_path / "names.txt").write_text("".join(f"name {i}\n" for i in range(12)))
    make_mirror(tmp_path, [1, 3, 2, 2], f"mean=0,0,0;std=1,1,1;labels={tmp_path / 'names.txt'}")
    Image.fromarray(np.array([[[9, 8, 7], [1, 2, 3]], [[4, 5, 6], [0, 200, 0]]], np.uint8)).save(tmp_path / "x.png")
    lines = call("run", tmp_path / "mirror.lcn", "--input", tmp_path / "x.png", "--top", "2").stdout.splitlines()
    assert [line.split(None, 2)[1:] for line in lines] == [["7", "name 7"], ["0", "name 0"]]


@pytest.mark.parametrize("damage", ["cut.png", "cut.jpg", "cut.ppm"])
def test_damaged_pictures_are_malformed(damage, tmp_path):
    make_mirror(tmp_path, [1, 3, 30, 40], "mean=0,0,0;std=1,1,1")
    path = tmp_path / damage
    picture(40, 30).save(path)
    path.write_bytes(path.read_bytes()[:-200])
    done = call("run", tmp_path / "mirror.lcn", "--input", path, "--top", "1", check=False)
    assert done.returncode == 3 and damage in done.stderr


def test_without_preprocessing_a_picture_is_refused(tmp_path):
    make_mirror(tmp_path, [1, 3, 30, 40], "mean=0,0,0;std=1,1,1")
    call("convert", tmp_path / "mirror.onnx", "-o", tmp_path / "mirror.lcn", "--force")
    picture(40, 30).save(tmp_path / "x.png")
    done = call("run", tmp_path / "mirror.lcn", "--input", tmp_path / "x.png", "--top", "1", check=False)
    assert done.returncode == 2 and "--image" in done.stderr
