"""Top-1 of EfficientNet-Lite0 equals ONNX Runtime's on every photo of the folder LACUNA_PHOTOS.

Preprocessing: short side to 256 (bicubic), the middle 224 x 224, (value - 127) / 128. The model is the one the demo makes.
"""
import os
import pathlib
import sys

import numpy as np
import pytest
from lacuna_program import convert, run

PHOTOS = os.environ.get("LACUNA_PHOTOS")
MODEL = pathlib.Path(os.environ.get("LACUNA_DEMO_DIR", "build/demo")) / "efficientnet_lite0.onnx"


def pixels(path):
    from PIL import Image

    photo = Image.open(path).convert("RGB")
    scale = 256 / min(photo.size)
    photo = photo.resize([round(side * scale) for side in photo.size], Image.Resampling.BICUBIC)
    left, top = (photo.width - 224) // 2, (photo.height - 224) // 2
    values = np.asarray(photo.crop((left, top, left + 224, top + 224)), np.float32)
    return ((values - 127) / 128).transpose(2, 0, 1)[None]


@pytest.mark.skipif(not PHOTOS, reason="LACUNA_PHOTOS names no folder of photos")
@pytest.mark.skipif(not MODEL.exists(), reason=f"{MODEL} is not there; ./dev demo makes it")
def test_top_1_equals_onnx_runtime(tmp_path):
    import onnxruntime

    session = onnxruntime.InferenceSession(str(MODEL), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    convert(MODEL, tmp_path / "model.lcn")
    paths = sorted(pathlib.Path(PHOTOS).glob("*.jpg"))
    assert paths, f"no .jpg files in {PHOTOS}"
    right_class, wrong = 0, []
    for path in paths:
        x = pixels(path)
        expected = session.run(None, {name: x})[0]
        (actual,) = run(tmp_path / "model.lcn", {name: x}, tmp_path / "run")
        if actual.argmax() != expected.argmax():
            wrong.append(path.name)
        right_class += path.name.startswith(f"{actual.argmax():04d}_")
    print(f"{len(paths)} photos, top-1 equal on {len(paths) - len(wrong)}, "
          f"right class on {right_class}", file=sys.stderr)
    assert not wrong, f"top-1 differs on {wrong}"
