"""Reads the outputs of MediaPipe's two detectors: anchors, boxes, keypoints, suppression of doubles.

Both are single-shot detectors (Liu et al., SSD, ECCV 2016) whose anchors have a centre and no size of their own.
Coordinates are fractions of the network's square input, 0 to 1, x to the right and y down.
"""
import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Detector:
    """What one network's output means. `cells`: (stride in pixels, anchors per cell) in the order of the output."""
    input_size: int
    cells: tuple
    min_score: float


FACE = Detector(input_size=192, cells=((4, 1),), min_score=0.6)
POSE = Detector(input_size=224, cells=((8, 2), (16, 2), (32, 6)), min_score=0.5)

MAX_OVERLAP = 0.3  # intersection over union above which two boxes show the same thing
SCORE_CLIP = 100.0


@dataclasses.dataclass(frozen=True)
class Detection:
    score: float
    box: np.ndarray  # left, top, right, bottom; of one size for everything in POSE, whose keypoints tell the place
    keypoints: np.ndarray  # [count, 2], x and y


def anchors(detector):
    """Returns the anchors' centres, [count, 2]."""
    rows = []
    for stride, per_cell in detector.cells:
        side = detector.input_size // stride
        y, x = np.divmod(np.arange(side * side), side)
        centres = (np.stack([x, y], axis=1) + 0.5) / side
        rows.append(np.repeat(centres, per_cell, axis=0))
    return np.concatenate(rows)


def decode(detector, outputs):
    """Returns the detections, best first.

    `outputs`, in any order: coordinates [1, N, 4 + 2 * keypoints] and logits [1, N, 1], a row for each anchor. A row of
    coordinates has the box's centre and size, then the keypoints, in input pixels, relative to the anchor's centre.
    """
    rows = (np.asarray(output, np.float64)[0] for output in outputs)
    logits, coordinates = sorted(rows, key=lambda array: array.shape[1])
    scores = 1 / (1 + np.exp(-np.clip(logits[:, 0], -SCORE_CLIP, SCORE_CLIP)))
    centres = anchors(detector)
    points = coordinates.reshape(len(centres), -1, 2) / detector.input_size
    size = points[:, 1]
    points = points + centres[:, None]
    boxes = np.concatenate([points[:, 0] - size / 2, points[:, 0] + size / 2], axis=1)

    candidates = [i for i in np.argsort(-scores, kind="stable") if scores[i] >= detector.min_score]
    kept = []
    while candidates:
        best = candidates[0]
        same = [i for i in candidates if overlap(boxes[best], boxes[i]) > MAX_OVERLAP]
        candidates = [i for i in candidates[1:] if i not in same]
        # MediaPipe's weighted suppression: the doubles vote for the place with their scores.
        kept.append(Detection(float(scores[best]), np.average(boxes[same], axis=0, weights=scores[same]),
                              np.average(points[same, 2:], axis=0, weights=scores[same])))
    return kept


def overlap(a, b):
    """Intersection over union of two boxes."""
    width, height = np.maximum(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0)
    union = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - width * height
    return width * height / union if union > 0 else 0.0
