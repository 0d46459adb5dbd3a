"""What pages weigh, how long Chromium takes to open them, and what axe finds in them.

python -m benchmarks.page_cost "one run=runs/one" "two of them=runs/one,runs/two" --out pages.json
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from typer.testing import CliRunner

from harness.cli.app import app
from tests.browser.browser import CHROMIUM, WIDTHS, audited, unlocked

OPENINGS = 5
TIMER = """<pre id="told"></pre><script>
addEventListener("load", () => {
  document.getElementById("told").textContent = performance.now().toFixed(0);
});
</script></body>"""


def drawn(results: list[Path], folder: Path) -> str:
    """The page that `align report` draws."""
    page = folder / "page.html"
    ran = CliRunner().invoke(app, ["report", *map(str, results), "--output", str(page), "--force"])
    if ran.exit_code:
        raise SystemExit(f"{results}: {ran.output}")
    return page.read_text(encoding="utf-8")


def opening(page: str, folder: Path) -> float:
    """Milliseconds until everything is loaded, all scripts of the page included; the median of several."""
    path = folder / "timed.html"
    path.write_text(unlocked(page).replace("</body>", TIMER), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}"]
    taken = []
    for _ in range(OPENINGS):
        command = [str(CHROMIUM), *flags, "--dump-dom", path.as_uri()]
        shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
        found = re.search(r'<pre id="told">(\d+)</pre>', shown)
        assert found is not None
        taken.append(float(found[1]))
    return statistics.median(taken)


def pictures(results: list[Path]) -> float:
    """Kilobytes of the pictures that lie beside the page and are shown in it."""
    folders = [(result if result.is_dir() else result.parent) / "pictures" for result in results]
    return sum(path.stat().st_size for folder in folders for path in folder.glob("*.png")) / 1000


def measured(results: list[Path], name: str) -> dict[str, object]:
    """One row."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        page = drawn(results, folder)
        wrong = {scheme: audited(page, folder, scheme) for scheme in ("light", "dark")}
        findings = [line for found in wrong.values() for lines in found.values() for line in lines]
        return {
            "result": name,
            "kilobytes": round(len(page.encode()) / 1000, 1),
            "kilobytes_of_pictures": round(pictures(results), 1),
            "opening_ms": opening(page, folder),
            "findings": findings,
            "looked": f"{len(WIDTHS)} widths x 2 schemes",
        }


def main() -> None:
    """Measure each; what is done is kept after every row."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("results", nargs="+", help="NAME=RUN, or NAME=RUN,RUN for two")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--note", default="", help="what else ran on the machine")
    given = parser.parse_args()
    browser = subprocess.run([str(CHROMIUM), "--version"], capture_output=True, text=True, check=True)
    rows: list[dict[str, object]] = []
    for one in given.results:
        name, _, files = one.partition("=")
        rows.append(measured(list(map(Path, files.split(","))), name))
        print(rows[-1], flush=True)
        kept = {
            "date": time.strftime("%Y-%m-%d"),
            "machine": platform.platform(),
            "browser": browser.stdout.strip(),
            "note": given.note,
            "rows": rows,
        }
        given.out.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
