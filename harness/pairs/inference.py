"""How a pair reads files of a user, and writes what a network made of them as files that a user can use."""

from __future__ import annotations

import struct
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.pairs.drawing import Pixels


@dataclass(frozen=True)
class Opened:
    """What a user's files give: a batch of one as the network takes it, and the picture to draw on.

    `keeps` is what brings an output back to the picture's own pixels; each pair knows its own.
    """

    arrays: dict[str, NDArray[Any]]
    picture: Pixels
    keeps: dict[str, Any] = field(default_factory=dict)


class Inference(ABC):
    """What `align infer` needs of a pair. `files` says in words which files make one input."""

    files: str = "one image a file"

    def group(self, paths: Sequence[Path]) -> list[tuple[Path, ...]]:
        """The files of each input."""
        return [(path,) for path in paths]

    @abstractmethod
    def read(self, paths: tuple[Path, ...], size: tuple[int, int] | None) -> Opened:
        """Read the files of one input; BadInput where they cannot be read."""

    @abstractmethod
    def write(self, outputs: dict[str, NDArray[Any]], opened: Opened, folder: Path, side: str) -> None:
        """Write what a side returned, as files whose names begin with the side."""

    @abstractmethod
    def draw(self, outputs: dict[str, NDArray[Any]], opened: Opened) -> Pixels:
        """The picture with what a side returned."""


def save_picture(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a picture, gray or in colours, as PNG."""
    from PIL import Image

    Image.fromarray(np.ascontiguousarray(pixels)).save(path, format="PNG")


def save_mat(path: Path, name: str, plane: NDArray[Any]) -> None:
    """Write a plane of numbers as a variable of a MATLAB file of level 4, in single precision."""
    single = np.asarray(plane, "<f4")
    head = struct.pack("<5i", 10, *single.shape, 0, len(name) + 1)  # 10: little-endian, float32, full matrix
    path.write_bytes(head + name.encode("ascii") + b"\0" + single.tobytes(order="F"))
