"""The reference."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

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
        boxes, sure, classes = (torch.cat(part, 1) for part in zip(*levels, strict=True))
        return {"boxes": boxes, "sure": sure, "classes": classes}

    def decoded(self, level: int, raw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What a level found, anchor after anchor in each cell."""
        batch, _, height, width = raw.shape
        raw = raw.reshape(batch, 2, 5 + CLASSES, height, width).permute(0, 3, 4, 1, 2)
        down, across = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
        grid = torch.stack((across, down), -1)[None, :, :, None].float()
        centre = (2 * torch.sigmoid(raw[..., :2]) - 0.5 + grid) * STRIDES[level]
        size = (2 * torch.sigmoid(raw[..., 2:4])) ** 2 * torch.tensor(ANCHORS[level])
        boxes = torch.cat((centre - size / 2, centre + size / 2), -1)
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
    count = there.sum().clamp(min=1)
    overlap = iou(outputs["boxes"], wanted)
    box = ((1 - overlap) * there).sum() / count
    sure = functional.binary_cross_entropy_with_logits(outputs["sure"], overlap.detach() * there)
    rows, label = outputs["classes"].reshape(-1, CLASSES), inputs["label"].reshape(-1)
    kind = functional.cross_entropy(rows, label, reduction="none", label_smoothing=0.05)
    kind = (kind.reshape(there.shape) * there).sum() / count
    return {"total": 2 * box + sure + 0.5 * kind, "box": box, "sure": sure, "kind": kind}


def iou(one: Tensor, other: Tensor) -> Tensor:
    """The overlap of boxes as corners."""
    low = torch.maximum(one[..., :2], other[..., :2])
    high = torch.minimum(one[..., 2:], other[..., 2:])
    inner = (high - low).clamp(min=0).prod(-1)
    areas = [(box[..., 2:] - box[..., :2]).prod(-1) for box in (one, other)]
    return inner / (areas[0] + areas[1] - inner + 1e-7)
