"""Pictures of some samples as files: input, truth, both sides, their difference; and a sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.evaluating.picture_files import NOISE, PANELS, SHEET, WHITE, file_name
from harness.pairs.drawing import Drawn, Pixels, gray
from harness.text import printable

_CELL, _LINE, _GAP = 192, 14, 4  # of the sheet, in pixels


@dataclass(frozen=True)
class Shown:
    """A sample that is drawn: what it is called, and its panels by name."""

    index: int
    title: str
    panels: dict[str, Pixels]
    noise: Pixels | None = None


def shown(index: int, title: str, reference: Drawn, port: Drawn) -> Shown:
    """The panels of a sample; the difference is scaled so that its largest value is white."""
    apart = _difference(reference, port)
    largest = float(np.nan_to_num(apart).max(initial=0.0))
    panels = (reference.given, reference.wanted, reference.output, port.output, gray(apart, 0, largest))
    said, named = f"{title}; difference up to {largest:.2g}", dict(zip(PANELS, panels, strict=True))
    return Shown(index, said, named, _in_units(reference, apart))


def _difference(reference: Drawn, port: Drawn) -> NDArray[Any]:
    if reference.values is not None and port.values is not None:
        return np.asarray(np.abs(port.values.astype(np.float64) - reference.values))
    found: NDArray[Any] = np.abs(port.output.astype(np.int64) - reference.output).max(axis=2)
    return found


def _in_units(reference: Drawn, apart: NDArray[Any]) -> Pixels | None:
    """The difference in units in the last place of the largest value: black up to 1, white from WHITE."""
    if reference.values is None:
        return None
    largest = np.float32(np.nan_to_num(np.abs(reference.values)).max(initial=0.0))
    units = np.nan_to_num(apart) / float(np.spacing(largest))
    return gray(np.log2(np.maximum(units, 1.0)), 0.0, math.log2(WHITE))


def write(folder: Path, samples: Sequence[Shown]) -> None:
    """Write each panel as a PNG file, named by the sample's number, and all of them on `sheet.png`."""
    from PIL import Image

    for one in samples:
        for name, panel in one.panels.items():
            Image.fromarray(np.ascontiguousarray(panel)).save(folder / file_name(one.index, name))
        if one.noise is not None:
            Image.fromarray(np.ascontiguousarray(one.noise)).save(folder / file_name(one.index, NOISE))
    if samples:
        _sheet(samples).save(folder / SHEET)


def _sheet(samples: Sequence[Shown]) -> Any:
    """One row a sample, under its title."""
    from PIL import Image, ImageDraw

    row = _LINE + _CELL + _GAP
    sheet = Image.new("RGB", (len(PANELS) * (_CELL + _GAP), _LINE + row * len(samples)), "white")
    draw = ImageDraw.Draw(sheet)
    for place, name in enumerate(PANELS):
        draw.text((place * (_CELL + _GAP), 0), name, fill="black")
    for number, one in enumerate(samples):
        top = _LINE + number * row
        draw.text((0, top), _latin(one.title), fill="black")
        for place, panel in enumerate(one.panels.values()):
            cell = Image.fromarray(np.ascontiguousarray(panel))
            cell.thumbnail((_CELL, _CELL))
            if max(cell.size) < _CELL:
                scale = max(1, _CELL // max(cell.size))
                cell = cell.resize((cell.width * scale, cell.height * scale), Image.Resampling.NEAREST)
            sheet.paste(cell, (place * (_CELL + _GAP), top + _LINE))
    return sheet


def _latin(text: str) -> str:
    """What the built-in letters can show."""
    return printable(text).encode("latin-1", "replace").decode("latin-1")
