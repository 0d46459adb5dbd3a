"""What a check has found so far, saved after every step, so that a run cut short still tells what it saw."""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, select_autoescape

from harness.files import write_file

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>GPU check</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .6rem;
border-bottom:1px solid #ddd;vertical-align:top}pre{white-space:pre-wrap;margin:0}
.failed{color:#b00020}.passed{color:#1b6e3c}.skipped{color:#777}
</style><h1>GPU check: {{ data.device }}</h1>
<p>{{ data.started }}, {{ data.machine }}, budget {{ data.budget_s }} s,
used {{ "%.0f"|format(data.used_s) }} s.</p>
<table><tr><th>step</th><th>outcome</th><th>seconds</th><th>found</th></tr>
{% for step in data.steps %}<tr><td>{{ step.name }}</td><td class="{{ step.outcome }}">{{ step.outcome }}</td>
<td>{{ "%.1f"|format(step.seconds) }}</td><td><pre>{{ step.found | tojson(indent=1) }}</pre></td></tr>
{% endfor %}</table></html>"""


@dataclass
class Record:
    """Steps and what each one found."""

    folder: Path
    device: str
    budget: float
    begun: float = field(default_factory=time.monotonic)
    started: str = field(default_factory=lambda: time.strftime("%Y-%m-%d %H:%M:%S %Z"))
    steps: list[dict[str, Any]] = field(default_factory=list)

    def left(self) -> float:
        """Seconds of the budget that remain."""
        return self.budget - (time.monotonic() - self.begun)

    def step(
        self, name: str, work: Callable[[], dict[str, Any]], needs: float = 5.0
    ) -> dict[str, Any] | None:
        """Carry out one step if there is time for it, note what it found or why it failed, and save."""
        row: dict[str, Any] = {"name": name, "outcome": "skipped", "seconds": 0.0, "found": {}}
        self.steps.append(row)
        if self.left() < needs:
            row["found"] = {"why": f"{self.left():.0f} s left, {needs:.0f} s wanted"}
            self.save()
            return None
        started = time.monotonic()
        try:
            row["found"] = work()
            row["outcome"] = "failed" if row["found"].get("failed") else "passed"
        except Exception as error:  # a step that breaks is a finding; the next ones still run
            row.update(outcome="failed", found={"error": f"{type(error).__name__}: {error}"})
        row["seconds"] = time.monotonic() - started
        self.save()
        found: dict[str, Any] = row["found"]
        return found if row["outcome"] == "passed" else None

    def data(self) -> dict[str, Any]:
        """Everything, as plain data."""
        return {
            "device": self.device,
            "started": self.started,
            "machine": f"{platform.machine()} Python {platform.python_version()}",
            "budget_s": self.budget,
            "used_s": self.budget - self.left(),
            "steps": self.steps,
        }

    def save(self) -> None:
        """Write gpu_check.json and gpu_check.html anew, whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        page = Environment(autoescape=select_autoescape(default=True)).from_string(_PAGE)
        for name, text in (
            ("gpu_check.json", json.dumps(self.data(), indent=1, default=str)),
            ("gpu_check.html", page.render(data=self.data())),
        ):
            write_file(self.folder / name, text, replace=True)
