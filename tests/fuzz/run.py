"""Fuzz one target, or `all` in turn, for a time: `./run python -m tests.fuzz.run TARGET --seconds N`.

It needs atheris: `./run pip install -e '.[fuzz]'`. Inputs that crash a reader are kept in
the folder `--crashes`; `--out` writes the figures as JSON. The exit code is 1 where something crashed.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from tests import ROOT
from tests.fuzz.tally import Tally, read_tally
from tests.fuzz.targets import TARGETS, Target

_MOST_CRASHES = 100
_HANGS = 120  # seconds: so long may one input take on a busy machine; its processor time is bounded apart
_LARGEST = 1 << 17
_TAIL = 300


@dataclass
class Result:
    """What came of one target."""

    target: str
    seconds: float = 0.0
    tally: Tally = field(default_factory=Tally)
    crashes: dict[str, str] = field(default_factory=dict)
    """The last line of what each kind of crash said, and the file that shows it."""

    def to_dict(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "target": self.target,
            "seconds": round(self.seconds),
            "inputs": self.tally.inputs,
            "crashes": self.crashes,
            "most_memory_above_the_file_MB": round(self.tally.most.memory / 1e6, 1),
            "most_processor_seconds_of_one_input": round(self.tally.most.seconds, 2),
        }


def fuzz(target: Target, seconds: float, crashes: Path) -> Result:
    """Fuzz one target for so long, beginning again after each crash."""
    result, started = Result(target.name), time.monotonic()
    crashes.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        found = Path(folder) / "found"
        found.mkdir()
        for turn in range(_MOST_CRASHES):
            left = seconds - (time.monotonic() - started)
            if left < 1:
                break
            before = set(crashes.iterdir())
            tally = Path(folder) / f"tally-{turn}"
            ended = _run(target, left, found, crashes, tally)
            result.tally = result.tally.joined(read_tally(tally))
            if ended.returncode:
                new = sorted(path.name for path in set(crashes.iterdir()) - before)
                result.crashes.setdefault(_last_words(ended, Path(f"{tally}.said")), ", ".join(new))
    result.seconds = time.monotonic() - started
    return result


def _run(
    target: Target, seconds: float, found: Path, crashes: Path, tally: Path
) -> subprocess.CompletedProcess[str]:
    options = {
        "max_total_time": max(1, int(seconds)),
        "artifact_prefix": f"{crashes}/{target.name}-",
        "timeout": _HANGS,
        "rss_limit_mb": 2048,
        "max_len": _LARGEST,
        "report_slow_units": _HANGS,
        "print_final_stats": 0,
        "verbosity": 0,
    }
    folders = [folder for folder in (found, target.corpus, target.regressions) if folder.is_dir()]
    command = [
        *(sys.executable, "-m", "tests.fuzz.guided", target.name, tally),
        *(f"-{name}={value}" for name, value in options.items()),
        *folders,
    ]
    return subprocess.run(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace"
    )


def _last_words(ended: subprocess.CompletedProcess[str], said: Path) -> str:
    """What kind of crash it was: the exception, or what libFuzzer or the signal says."""
    if said.is_file():
        return said.read_text(encoding="utf-8")
    found = [line for line in ended.stderr.splitlines() if "ERROR: libFuzzer" in line]
    return found[-1] if found else f"it ended with {ended.returncode}: {ended.stderr[-_TAIL:].strip()}"


def main() -> None:
    """Fuzz the targets named, show and write what came of it."""
    parser = argparse.ArgumentParser(prog="tests.fuzz.run", description=__doc__)
    parser.add_argument("target", choices=[*TARGETS, "all"])
    parser.add_argument("--seconds", type=float, default=600.0, help="for each target")
    parser.add_argument("--crashes", type=Path, default=Path("fuzz-crashes"), help="folder for such inputs")
    parser.add_argument("--out", type=Path, help="file for the figures")
    options = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        sys.exit("atheris is not installed: ./run pip install -e '.[fuzz]'")
    results = []
    for name in TARGETS if options.target == "all" else [options.target]:
        results.append(fuzz(TARGETS[name], options.seconds, options.crashes.absolute()))
        print(json.dumps(results[-1].to_dict()), flush=True)
    if options.out:
        options.out.write_text(json.dumps(_figures(results), indent=1) + "\n", encoding="utf-8")
    sys.exit(any(result.crashes for result in results))


def _figures(results: list[Result]) -> dict[str, Any]:
    return {
        "what": "fuzzing of every reader, guided by coverage",
        "command": f"python -m tests.fuzz.run {' '.join(sys.argv[1:])}",
        "date": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "targets": [result.to_dict() for result in results],
    }


if __name__ == "__main__":
    main()
