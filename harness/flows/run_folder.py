"""The folder of one run: alignment.json, report.html, traces, logs. It appears whole or not at all."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from harness import files, guard
from harness.case import Case
from harness.errors import BadInput, WorkerLost

LOGS = "logs"


def choose(output: Path | None, case: Case) -> Path:
    """The run's folder; one that exists and holds something is never written over."""
    if output is None:
        stamp = time.strftime("%Y%m%d-%H%M%S")
        base = Path("runs") / f"{stamp}-{Path(case.pair.partition(':')[0]).stem}-{case.variant}"
        folder, turn = base, 1
        while not files.claim_folder(folder, LOGS):
            turn += 1
            folder = base.with_name(f"{base.name}-{turn}")
        return folder
    files.require_free_folder(output)
    if not files.claim_folder(output, LOGS):
        raise BadInput(f"{output} was taken by another run just now; name another")
    return output


@contextlib.contextmanager
def kept_if_done(folder: Path) -> Iterator[None]:
    """Keep the folder of a run that ends well, and the logs of one that fails; nothing of one broken off."""
    guard.sweep(folder)
    try:
        yield
    except Exception as error:  # whatever ended the run, its logs are kept
        if not folder.is_dir():
            raise WorkerLost(
                f"the run stopped short: its folder {folder} was removed while it ran. Run it again"
            ) from error
        discard_if_empty(folder, error)
        guard.spare(folder)
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    guard.spare(folder)


@contextlib.contextmanager
def kept_log(folder: Path, name: str) -> Iterator[None]:
    """Keep the folder of a long run however it ends, once its log `name` has begun."""
    try:
        yield
    except BaseException as error:
        if not (folder / name).exists():
            discard_if_empty(folder, error)
        raise


def discard_if_empty(folder: Path, error: BaseException) -> None:
    """Remove the folder of a run that ended before it had anything to keep.

    Logs are worth keeping where a side has failed, not where what was given was refused: that is mended and
    the command given again, into the same folder.
    """
    kept = [file for file in folder.rglob("*") if file.is_file() and file.stat().st_size]
    if isinstance(error, BadInput):
        kept = [file for file in kept if file.parent != folder / LOGS]
    if not kept:
        shutil.rmtree(folder, ignore_errors=True)
