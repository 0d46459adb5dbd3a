"""The port."""

from __future__ import annotations

from collections.abc import Mapping

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.torchlike import functional, kinks, nn, reduce

WIDTH, CLASSES = 16, 4
STRIDES = (4, 8)
ANCHORS = (((5.0, 9.0), (8.0, 6.0)), ((12.0, 15.0), (20.0, 11.0)))


def block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    """A convolution, a norm and a leaky rectifier."""
    conv = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1))


class Spotter(nn.Module):
    """Boxes as corners in pixels, how sure each is, and its classes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(block(3, WIDTH, 2), block(WIDTH, WIDTH, 2))
        self.deep = block(WIDTH, WIDTH, 2)
        self.side = nn.Conv2d(WIDTH, WIDTH, 1)
        self.heads = nn.ModuleList(nn.Conv2d(WIDTH, 2 * (5 + CLASSES), 1) for _ in STRIDES)

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        fine = self.stem(image)
        deep = self.deep(fine)
        up = functional.interpolate(deep, scale_factor=2, mode="nearest")
        fine = functional.relu(self.side(fine)) + up
        levels = [
            self.decoded(level, head(x))
            for level, (head, x) in enumerate(zip(self.heads, (fine, deep), strict=True))
        ]
        boxes, sure, classes = (jt.concat(list(part), 1) for part in zip(*levels, strict=True))
        return {"boxes": boxes, "sure": sure, "classes": classes}

    def decoded(self, level: int, raw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What a level found, anchor after anchor in each cell."""
        batch, _, height, width = raw.shape
        raw = raw.reshape(batch, 2, 5 + CLASSES, height, width).permute(0, 3, 4, 1, 2)
        down, across = jt.meshgrid(jt.arange(height), jt.arange(width))
        grid = jt.stack((across, down), -1).reshape(1, height, width, 1, 2).float32()
        centre = (2 * functional.sigmoid(raw[..., :2]) - 0.5 + grid) * STRIDES[level]
        size = (2 * functional.sigmoid(raw[..., 2:4])).sqr() * jt.array(ANCHORS[level])
        boxes = jt.concat((centre - size / 2, centre + size / 2), -1)
        return (
            boxes.reshape(batch, -1, 4),
            raw[..., 4].reshape(batch, -1),
            raw[..., 5:].reshape(batch, -1, CLASSES),
        )


def build(variant: str) -> nn.Module:
    return Spotter()


def losses(outputs: dict[str, Tensor], inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Overlap and classes where objects are, and everywhere how sure the network is."""
    there, wanted = inputs["there"], inputs["boxes"]
    count = kinks.clamp(reduce.sum(there), min=1)
    overlap = iou(outputs["boxes"], wanted)
    box = reduce.sum((1 - overlap) * there) / count
    sure = functional.binary_cross_entropy_with_logits(outputs["sure"], overlap.detach() * there)
    rows, label = outputs["classes"].reshape(-1, CLASSES), inputs["label"].reshape(-1)
    kind = functional.cross_entropy(rows, label, reduction="none", label_smoothing=0.05)
    kind = reduce.sum(kind.reshape(there.shape) * there) / count
    return {"total": 2 * box + sure + 0.5 * kind, "box": box, "sure": sure, "kind": kind}


def iou(one: Tensor, other: Tensor) -> Tensor:
    """The overlap of boxes as corners."""
    low = kinks.maximum(one[..., :2], other[..., :2])
    high = kinks.minimum(one[..., 2:], other[..., 2:])
    sides = kinks.clamp(high - low, min=0)
    inner = sides[..., 0] * sides[..., 1]
    first, second = ((box[..., 2] - box[..., 0]) * (box[..., 3] - box[..., 1]) for box in (one, other))
    return inner / (first + second - inner + 1e-7)
