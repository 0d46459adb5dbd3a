"""Pictures of pages, all taken by one browser in a font of boxes, so that no font of a machine shows.

python -m tests.browser.shots draws the kept ones anew: look at them before you keep them.
"""

from __future__ import annotations

import base64
import re
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import numpy as np
from PIL import Image

from reports import bench_page, changes, evaluation_page, html, training_page
from tests.browser.box_font import FONT
from tests.browser.browser import CHROMIUM, unlocked
from tests.browser.test_report_page import found_out
from tests.unit.bench.samples import several
from tests.unit.evaluating.samples import made
from tests.unit.reports import samples
from tests.unit.reports.test_training import logged
from tests.unit.training import samples as trainings

KEPT = Path(__file__).parent / "shots"
HEIGHT = 900
SCALE = 4  # a kept picture has a quarter of the width: text is grey bars, and layout is what remains
STEP = 48  # of 255, by which a pixel is another one
MOST = 0.003  # of the pixels: the same page has up to 0.0005, one without its charts 0.005


@dataclass(frozen=True)
class Shot:
    """A page, how wide its window is, and the address that is opened in it."""

    page: str
    width: int = 1280
    address: str = ""


def shots(folder: Path) -> dict[str, Shot]:
    """Every kind of page, a panel, and what a telephone shows."""
    diverged = found_out()
    report, panel = html.html(diverged), Shot(html.html(diverged), address=diverged.first or "")
    training = training_page.html(logged(folder, trainings.records()))
    return {
        "alignment": Shot(report),
        "panel": panel,
        "training": Shot(training),
        "evaluation": Shot(evaluation_page.html(made(0.7, 30.0), folder, folder / "evaluation.html")),
        "measurement": Shot(bench_page.html(several())),
        "changes": Shot(changes.html(samples.alignment(), diverged)),
        "alignment-360": Shot(report, 360),
        "training-360": Shot(training, 360),
    }


def taken(wanted: Mapping[str, Shot], folder: Path) -> dict[str, Image.Image]:
    """What a browser shows of each, small."""
    frames = []
    for place, (name, shot) in enumerate(wanted.items()):
        (folder / f"{name}.html").write_text(_boxed(shot.page), encoding="utf-8")
        link = f"{name}.html" + (f"#{quote(shot.address, safe='')}" if shot.address else "")
        where = f"position:absolute;border:0;left:0;top:{place * HEIGHT}px"
        frames.append(
            f'<iframe src="{link}" width="{shot.width}" height="{HEIGHT}" style="{where}"></iframe>'
        )
    (folder / "frames.html").write_text("<!DOCTYPE html>" + "".join(frames), encoding="utf-8")
    size = f"{max(shot.width for shot in wanted.values())},{HEIGHT * len(wanted)}"
    whole = folder / "whole.png"
    command = [str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    command += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000"]
    command += [f"--window-size={size}", f"--screenshot={whole}", (folder / "frames.html").as_uri()]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    with Image.open(whole) as picture:
        return {name: _small(picture, place, shot.width) for place, (name, shot) in enumerate(wanted.items())}


def apart(one: Image.Image, other: Image.Image) -> float:
    """The share of pixels that differ; all of them where the sizes do."""
    if one.size != other.size:
        return 1.0
    both = [np.asarray(picture.convert("RGB"), np.int16) for picture in (one, other)]
    return float((np.abs(both[0] - both[1]).max(axis=2) > STEP).mean())


def _boxed(page: str) -> str:
    font = base64.b64encode(FONT.read_bytes()).decode()
    style = f"@font-face{{font-family:Boxes;src:url(data:font/ttf;base64,{font})}}"
    style += "*{font-family:Boxes!important}"
    return re.sub("</head>", f"<style>{style}</style></head>", unlocked(page), count=1)


def _small(picture: Image.Image, place: int, width: int) -> Image.Image:
    cut = picture.convert("RGB").crop((0, place * HEIGHT, width, (place + 1) * HEIGHT))
    return cut.reduce(SCALE)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as place:
        for name, found in taken(shots(Path(place)), Path(place)).items():
            found.quantize(64).save(KEPT / f"{name}.png", optimize=True)
