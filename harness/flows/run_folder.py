"""The folder of one run: alignment.json, report.html, traces, logs. It appears whole or not at all."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from harness.case import Case
from harness.errors import BadInput


def choose(output: Path | None, case: Case) -> Path:
    """The run's folder; one that exists and holds something is never written over."""
    if output is None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        base = Path("runs") / f"{stamp}-{Path(case.pair.partition(':')[0]).stem}-{case.variant}"
        folder, turn = base, 1
        while folder.exists():
            turn += 1
            folder = base.with_name(f"{base.name}-{turn}")
    else:
        folder = output
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BadInput(f"-o {folder}: it exists and is not an empty folder; name another one")
    try:
        (folder / "logs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"cannot write to {folder}: {error.strerror}; name another folder with -o") from error
    return folder


def discard_if_empty(folder: Path) -> None:
    """Remove the folder of a run that ended before it had anything to keep, its logs apart."""
    kept = [file for file in folder.rglob("*") if file.is_file() and file.stat().st_size]
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)
