"""The picture of a report in README.md: drawn from an alignment, seen by Chromium, kept small.

python -m benchmarks.report_picture RUN --out docs/report.png
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from harness.alignment import Alignment
from reports.html import html


def picture(alignment: Alignment, out: Path, width: int, height: int) -> None:
    """Write what a browser of this size shows of the report."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        sys.exit("no chromium: apt-get install chromium")
    with tempfile.TemporaryDirectory() as folder:
        page, shot = Path(folder, "report.html"), Path(folder, "shot.png")
        page.write_text(html(alignment), encoding="utf-8")
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        flags += [f"--user-data-dir={folder}/profile", "--virtual-time-budget=5000"]
        flags += [f"--window-size={width},{height}", f"--screenshot={shot}"]
        subprocess.run([browser, *flags, page.as_uri()], check=True, capture_output=True, timeout=120)
        with Image.open(shot) as found:
            found.convert("RGB").save(out, optimize=True)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, help="a run folder, or an alignment.json")
    parser.add_argument("--out", type=Path, default=Path("docs/report.png"))
    parser.add_argument("--size", default="1280x1100", help="WIDTHxHEIGHT")
    given = parser.parse_args()
    width, height = map(int, given.size.split("x"))
    stored = given.run / "alignment.json" if given.run.is_dir() else given.run
    picture(Alignment.load(stored), given.out, width, height)


if __name__ == "__main__":
    main()
