"""Counts the clicks from opening a page to the layer that makes the error, in Chromium.

The first click is the one that the page suggests: the link of its card Sources, or of First divergence where
it has no source. The second is on a link of the panel that is open.
"""

from __future__ import annotations

import html as escaping
import json
import re
from collections.abc import Mapping
from pathlib import Path

from tests.browser.browser import COLLECT, opened, unlocked

_SCRIPT = """<script>
addEventListener("load", async () => {
  const wanted = WANTED, pause = () => new Promise((done) => setTimeout(done, 30));
  const layer = (title) => (/^layer:(.+)#\\d+:/.exec(title) || [])[1];
  const open = async (link) => {
    link.click();
    await pause();
    return layer(document.getElementById("panel-title").textContent);
  };
  const cards = Array.from(document.querySelectorAll(".card"));
  const start = ["Sources", "First divergence"].map((name) =>
    cards.find((card) => card.querySelector("h2").textContent === name)?.querySelector("a")).find(Boolean);
  let clicks = null;
  if ((await open(start)) === wanted) clicks = 1;
  else {
    const ways = Array.from(document.querySelectorAll("#panel-body a"));
    const way = ways.find((one) => layer(decodeURIComponent(one.hash.slice(1))) === wanted);
    if (way && (await open(way)) === wanted) clicks = 2;
  }
  parent.postMessage([NAME, clicks], "*");
});
</script></body>"""


def clicks(pages: Mapping[str, tuple[str, str]], folder: Path) -> dict[str, int | None]:
    """For each page and its layer the number of clicks; None where two do not lead there."""
    frames = []
    for place, (name, (page, layer)) in enumerate(pages.items()):
        script = _SCRIPT.replace("WANTED", json.dumps(layer)).replace("NAME", json.dumps(name))
        file = folder / f"clicks-{place}.html"
        file.write_text(unlocked(page).replace("</body>", script), encoding="utf-8")
        frames.append(f'<iframe width="1280" height="900" src="{file.name}"></iframe>')
    elements, _ = opened(COLLECT + "".join(frames), folder)
    told = re.search(r'<pre id="told">(.*?)</pre>', elements, re.DOTALL)
    assert told is not None
    found = dict(json.loads(escaping.unescape(told[1])))
    assert found.keys() == pages.keys()
    return found
