"""A page in Chromium: what it becomes, what the browser logs, and what axe finds at several widths."""

from __future__ import annotations

import gzip
import html as escaping
import json
import re
import shutil
import subprocess
from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
AXE = Path(__file__).parent / "axe-core-4.14.1.min.js.gz"
WIDTHS = (360, 768, 1280, 1920)
COLLECT = """<!DOCTYPE html><style>iframe{border:0}</style><pre id="told"></pre><script>
const all = [];
addEventListener("message", (event) => {
  if (!Array.isArray(event.data)) return;
  all.push(event.data);
  document.getElementById("told").textContent = JSON.stringify(all);
});
</script>"""
"""The beginning of a page that gathers what its frames tell, as JSON in `told`."""


def opened(page: str, folder: Path, *flags: str) -> tuple[str, str]:
    """The page's elements after its scripts have run, and what the browser logged."""
    path = folder / "report.html"
    path.write_text(page, encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", *flags]
    command += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=20000", "--dump-dom"]
    done = subprocess.run([*command, path.as_uri()], capture_output=True, text=True, timeout=120, check=True)
    return done.stdout, done.stderr


def unlocked(page: str) -> str:
    """The page without its policy, so that a test's script may act in it."""
    return re.sub(r"<meta http-equiv[^>]*>", "", page)


def audited(page: str, folder: Path, scheme: str, act: str = "") -> dict[int, list[str]]:
    """What is wrong at each width: findings of axe before and after a script acted, and what overflows."""
    script = f"""<script>{gzip.decompress(AXE.read_bytes()).decode()}</script><script>
    addEventListener("load", async () => {{
      const page = document.documentElement, wrong = [];
      const look = async () => {{
        const over = page.scrollWidth - page.clientWidth, found = await axe.run();
        if (over) wrong.push("overflows by " + over);
        if (found.passes.length < 15) wrong.push("axe looked at little");
        wrong.push(...found.violations.map((one) => one.id + " " + one.nodes[0].html));
      }};
      try {{
        await look();
        {act}
        {"await look();" if act else ""}
      }} catch (error) {{ wrong.push(String(error)); }}
      const dark = matchMedia("(prefers-color-scheme: dark)").matches;
      if (dark !== {str(scheme == "dark").lower()}) wrong.push("another scheme");
      parent.postMessage([innerWidth, wrong], "*");
    }});
    </script></body>"""
    (folder / "frame.html").write_text(unlocked(page).replace("</body>", script), encoding="utf-8")
    frames = "".join(f'<iframe width="{width}" height="900" src="frame.html"></iframe>' for width in WIDTHS)
    flags = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if scheme == "dark" else []
    elements, _ = opened(COLLECT + frames, folder, *flags)
    told = re.search(r'<pre id="told">(.*?)</pre>', elements, re.DOTALL)
    assert told is not None
    found = dict(json.loads(escaping.unescape(told[1])))
    assert sorted(found) == list(WIDTHS)
    return {width: wrong for width, wrong in found.items() if wrong}
