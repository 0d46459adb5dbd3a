"""The COCO measure of detections, by pycocotools."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.errors import BadInput

Floats = NDArray[Any]

# The 80 classes' numbers in COCO's own files, which leave some out.
_LEFT_OUT = {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
CATEGORIES = tuple(number for number in range(1, 91) if number not in _LEFT_OUT)


def as_annotations(
    labels: Sequence[Floats], sizes: Sequence[tuple[int, int]], names: Sequence[str]
) -> dict[str, Any]:
    """Labels (class, corners) of images (height, width) in COCO's form; a category is its class."""
    boxes = [
        {"image_id": image, "category_id": int(row[0]), **_box(row[1:])}
        for image, rows in enumerate(labels)
        for row in rows
    ]
    return {
        "images": [{"id": place, "height": h, "width": w} for place, (h, w) in enumerate(sizes)],
        "categories": [{"id": place, "name": name} for place, name in enumerate(names)],
        "annotations": [{"id": place, "iscrowd": 0, **box} for place, box in enumerate(boxes, 1)],
    }


def _box(corners: Floats) -> dict[str, Any]:
    x1, y1, x2, y2 = (float(value) for value in corners)
    return {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}


def results(
    detections: Mapping[int, Floats], categories: Sequence[int] | None = None
) -> list[dict[str, Any]]:
    """Detections (corners, score, class) by image, rounded as published."""
    return [
        {
            "image_id": image,
            "category_id": int(row[5]) if categories is None else categories[int(row[5])],
            "bbox": [round(float(value), 3) for value in (*row[:2], row[2] - row[0], row[3] - row[1])],
            "score": round(float(row[4]), 5),
        }
        for image, rows in detections.items()
        for row in rows
    ]


def measure(truth: Mapping[str, Any], found: Sequence[Mapping[str, Any]]) -> list[float]:
    """COCO's twelve numbers; the first two are AP over all overlaps, and at one half."""
    try:
        from pycocotools.coco import COCO
        from pycocotools.cocoeval import COCOeval
    except ImportError as problem:
        raise BadInput(
            "COCO's measure needs pycocotools, which is not installed: pip install '.[data]'"
        ) from problem
    if not found:
        return [0.0] * 12
    with contextlib.redirect_stdout(io.StringIO()):
        base = COCO()
        base.dataset = dict(truth)
        base.createIndex()
        evaluation = COCOeval(base, base.loadRes([dict(one) for one in found]), "bbox")
        evaluation.params.imgIds = sorted(base.getImgIds())
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(value) for value in np.asarray(evaluation.stats)]
