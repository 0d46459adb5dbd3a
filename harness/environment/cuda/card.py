"""The graphics card and its driver."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

MOST_CAPABLE = 90  # the newest architecture that Jittor 1.3.11 builds for
_SECONDS = 30
_QUERY = ("nvidia-smi", "--query-gpu=name,compute_cap,driver_version", "--format=csv,noheader")


@dataclass(frozen=True)
class Card:
    """The first card of this machine."""

    name: str
    architecture: int | None  # 90 for compute capability 9.0
    driver: str


def parse(line: str) -> Card | None:
    """Read one line of nvidia-smi's answer."""
    fields = [field.strip() for field in line.split(",")]
    if len(fields) != 3:
        return None
    digits = fields[1].replace(".", "")
    return Card(fields[0], int(digits) if digits.isdigit() else None, fields[2])


def first_card(driver: Path = Path("/proc/driver/nvidia/version")) -> Card | None:
    """Ask the driver for its first card; None where there is no driver."""
    try:
        done = subprocess.run(_QUERY, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return Card("unknown: nvidia-smi does not answer", None, "unknown") if driver.exists() else None
    lines = done.stdout.splitlines()
    return parse(lines[0]) if done.returncode == 0 and lines else None
