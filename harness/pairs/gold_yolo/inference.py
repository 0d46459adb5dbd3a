"""Images as files, and the boxes that a network finds in them: JSON, and YOLO's own lines of text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.older_python import strict_zip
from harness.pairs.drawing import Box, Pixels, boxed
from harness.pairs.gold_yolo.letterbox import STRIDE, fit, letterbox, to_original
from harness.pairs.gold_yolo.nms import INFERENCE, non_max_suppression
from harness.pairs.inference import Inference, Opened
from harness.pairs.pixels import read_rgb

SIDE = 640


class BoxInference(Inference):
    """One image a file, letterboxed with the least border, as the published inference does."""

    def read(self, paths: tuple[Path, ...], size: tuple[int, int] | None) -> Opened:
        """Red, green and blue in [0, 1], in the frame."""
        picture = read_rgb(paths[0])
        placed = fit(
            (picture.shape[0], picture.shape[1]), size or SIDE, auto=True, scaleup=True, stride=STRIDE
        )
        framed = letterbox(picture, placed).transpose(2, 0, 1)[None]
        return Opened({"x": framed.astype(np.float32) / np.float32(255)}, picture, {"placed": placed})

    def write(self, outputs: dict[str, NDArray[Any]], opened: Opened, folder: Path, side: str) -> None:
        """In the image's own pixels; in the text as shares of it: class, centre, size, score."""
        height, width = opened.picture.shape[:2]
        boxes = _boxes(outputs, opened)
        rows = [{"class": box.kind, "score": box.score, "box": list(box.corners)} for box in boxes]
        (folder / f"{side}.json").write_text(json.dumps({"width": width, "height": height, "boxes": rows}))
        lines = [_line(box, width, height) for box in boxes]
        (folder / f"{side}.txt").write_text("".join(line + "\n" for line in lines))

    def draw(self, outputs: dict[str, NDArray[Any]], opened: Opened) -> Pixels:
        """Boxes with class and score."""
        return boxed(opened.picture, _boxes(outputs, opened))


def _boxes(outputs: dict[str, NDArray[Any]], opened: Opened) -> list[Box]:
    rows = non_max_suppression(outputs["0"], INFERENCE)[0]
    height, width = opened.picture.shape[:2]
    found = []
    for row, corners in strict_zip(rows, to_original(rows[:, :4], opened.keeps["placed"], (height, width))):
        x1, y1, x2, y2 = map(float, corners)
        found.append(Box((x1, y1, x2, y2), int(row[5]), float(row[4])))
    return found


def _line(box: Box, width: int, height: int) -> str:
    x1, y1, x2, y2 = box.corners
    shares = ((x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height)
    return " ".join([str(box.kind), *(f"{share:.6f}" for share in shares), f"{box.score:.6f}"])
