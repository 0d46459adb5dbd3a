"""The published sizes: one table, from which either side builds every form of the network."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

from harness.errors import BadInput
from harness.pairs import option

Block = Literal["repvgg", "conv_silu"]
Head = Literal["plain", "distill_ns", "fuse_ab"]
Fold = Literal["", "blocks", "whole"]
Iou = Literal["giou", "siou", "ciou", "diou"]

REPEATS = (1, 6, 12, 18, 6, 12, 12, 12, 12)  # five of the backbone, four of the neck
WIDTHS = (64, 128, 256, 512, 1024, 256, 128, 128, 256, 256, 512)  # five of the backbone, six of the neck
STRIDES = (8, 16, 32)
ANCHORS = ((10, 13, 19, 19, 33, 23), (30, 61, 59, 59, 59, 119), (116, 90, 185, 185, 373, 326))
DFL_BINS = 16  # what the projection of the head always covers, used or not
CLASSES = 80


class Norm(NamedTuple):
    """The settings of a batch norm."""

    eps: float
    momentum: float


FINE = Norm(1e-3, 0.03)  # every batch norm but those of the fused features
FUSED = Norm(1e-5, 0.1)  # the transformer's and the injections'


@dataclass(frozen=True)
class Config:
    """One network. Widths of the neck's extra parts are taken as written; all others are scaled."""

    depth: float
    width: float
    embed_dim_p: int
    embed_dim_n: int
    trans_channels: tuple[int, int, int, int]
    block: Block = "repvgg"
    csp_e: tuple[int, int] | None = None  # a fraction; without one, stages are plain stacks of blocks
    csp_spp: bool = False
    n5_from_p4: bool = False
    transformer_blocks: int = 2
    drop_path_rate: float = 0.1
    key_dim: int = 8
    heads: int = 4
    fuse_blocks: int = 3
    iou_type: Iou = "giou"
    reg_max: int = 16
    warmup_epoch: int = 0
    ori_img_size: int = 0  # what targets are shares of, in pixels; 0 is the longer side of the image
    head: Head = "plain"
    fold: Fold = ""  # for deployment: the blocks of branches, or each convolution with its norm as well
    classes: int = CLASSES

    @property
    def repeats(self) -> tuple[int, ...]:
        """How many blocks each stage has."""
        return tuple(max(round(raw * self.depth), 1) if raw > 1 else raw for raw in REPEATS)

    @property
    def channels(self) -> tuple[int, ...]:
        """The channels of each stage."""
        return tuple(math.ceil(raw * self.width / 8) * 8 for raw in WIDTHS)

    @property
    def use_dfl(self) -> bool:
        """Whether a distance is an expectation over bins."""
        return self.reg_max > 0

    def hidden(self, channels: int) -> int:
        """The inner channels of a cross-stage stage."""
        assert self.csp_e is not None
        return channels * self.csp_e[0] // self.csp_e[1]

    def drop_path(self, block: int) -> float:
        """The rate at which a transformer block is left out: it grows evenly to the last one's."""
        return self.drop_path_rate * block / (self.transformer_blocks - 1)

    def require_loss(self) -> None:
        """Refuse deployed forms, and the head whose published loss needs a second network, the teacher."""
        if self.fold:
            raise BadInput(
                "a deployed form is for mode eval alone, its norms are folded: train what it is made of"
            )
        if self.head == "distill_ns":
            raise BadInput(
                "the head distill_ns has no loss here: as published it learns from a teacher, a second "
                "network that a pair has no place for. Use mode eval, or a variant with another head"
            )


N = Config(0.33, 0.25, 96, 352, (64, 32, 64, 128), csp_spp=True, iou_type="siou", reg_max=0)
S = Config(0.33, 0.50, 128, 704, (128, 64, 128, 256), csp_spp=True)
M = Config(0.60, 0.75, 192, 1056, (192, 96, 192, 384), csp_e=(2, 3))
L = Config(
    1.0,
    1.0,
    192,
    1408,
    (256, 128, 256, 512),
    block="conv_silu",
    csp_e=(1, 2),
    n5_from_p4=True,
    transformer_blocks=3,
    heads=8,
)

CONFIGS: dict[str, Config] = {
    "n": N,
    "s": S,
    "m": M,
    "l": L,
    "n_dfl": replace(N, reg_max=16),
    "n_atss": replace(N, warmup_epoch=4),
    "s_atss": replace(S, warmup_epoch=4),
    "n_distill_ns": replace(N, reg_max=16, head="distill_ns"),
    "s_distill_ns": replace(S, head="distill_ns"),
    "s_fuse_ab": replace(S, head="fuse_ab"),
}
SIZES = ("n", "s", "m", "l")
CONFIGS.update({f"{size}_folded_blocks": replace(CONFIGS[size], fold="blocks") for size in SIZES})
CONFIGS.update({f"{size}_deployed": replace(CONFIGS[size], fold="whole") for size in SIZES})


def config_of(variant: str, **chosen: Any) -> Config:
    """The settings of a variant, with those that were chosen; they may stand behind its name, too."""
    return replace(CONFIGS[option.split(variant)[0]], **chosen)
