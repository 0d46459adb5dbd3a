"""What is left of a comparison that is killed at a random moment: how long it takes to end, processes, files.

    python -m benchmarks.random_kills --out FILE [--workers 30] [--parents 20] [--seed 0]

`align compare` of a small case is run again and again. In some rounds the torch worker or the Jittor worker
is killed with SIGKILL, in the others the command itself gets SIGKILL, SIGTERM or SIGINT. A round counts where
the victim was still at work; else it is drawn anew. Each round has other weights, so that nothing of it is
kept from the last one. FILE is written anew after each round; the rounds that it holds already count.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

from harness.flows import float64_cache

MARK = "ALIGN_KILLED_ROUND"
AFTER_SECONDS = 5.0  # from the kill to the look at what is left
MOST_SECONDS = 120.0
MOST_DRAWN = 30  # rounds in a row
ENDINGS = {"torch": 4, "jittor": 4, "SIGKILL": 137, "SIGTERM": 143, "SIGINT": 130}
CASE = ("--model", "l2sknet", "--input-size", "64x64")


@dataclass(frozen=True)
class Round:
    """One kill: whom or how, when, and what came of it."""

    victim: str
    at_seconds: float
    waited_seconds: float
    exit_code: int
    processes_left: int
    files_left: list[str]

    @property
    def as_documented(self) -> bool:
        """Whether it ended with the code that the documentation says, and left nothing."""
        right = self.exit_code == ENDINGS[self.victim]
        return right and not self.processes_left and not self.files_left


def processes_of(mark: str) -> dict[int, str]:
    """The command lines of all living processes that have the mark in their environment."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
    return found


def worker_of(mark: str, side: str) -> int | None:
    """The process that holds one side."""
    for process, command in processes_of(mark).items():
        if f"main() {side} cpu" in command and "keeper.py" not in command:
            return process
    return None


def temporary() -> set[Path]:
    """What runs have made for the moment and nobody holds any more: folders, and drafts of kept truths."""

    places = (Path(tempfile.gettempdir()), Path("/dev/shm"))
    folders = [folder for place in places for folder in place.glob("align-*") if folder.is_dir()]
    drafts = [*float64_cache.folder().glob(".align-*"), *float64_cache.folder().glob("*.partial")]
    return {path for path in (*folders, *drafts) if not _is_locked(path / ".alive") and not _is_locked(path)}


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def files_left(place: Path, before: set[Path]) -> list[str]:
    """What is new of that, and whatever lies beside a whole run's folder, or half of one."""
    run = place / "run"
    whole = (run / "alignment.json").is_file() and (run / "report.html").is_file()
    beside = {path for path in place.iterdir() if path != run or not whole}
    return sorted(str(path) for path in beside | (temporary() - before))


def round_of(victim: str, at_seconds: float, seed: int) -> Round | None:
    """Run, kill, look; None where there was nothing left to kill."""
    mark, before = uuid.uuid4().hex, temporary()
    with tempfile.TemporaryDirectory(prefix="kills-") as name:
        run = Path(name) / "run"
        command = [sys.executable, "-m", "harness.cli", "compare", *CASE, "--seed", str(seed), "-o", str(run)]
        with subprocess.Popen(
            command,
            env={**os.environ, MARK: mark},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(at_seconds)
            killed = _kill(victim, process, mark)
            moment = time.monotonic()
            try:
                code = process.wait(MOST_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                code = process.wait()
            waited = time.monotonic() - moment
        if not killed or code in (0, 1):
            return None
        time.sleep(max(0.0, AFTER_SECONDS - waited))
        return Round(
            victim,
            round(at_seconds, 2),
            round(waited, 2),
            code if code >= 0 else 128 - code,
            len(processes_of(mark)),
            files_left(Path(name), before),
        )


def _kill(victim: str, process: subprocess.Popen[bytes], mark: str) -> bool:
    if victim.startswith("SIG"):
        process.send_signal(signal.Signals[victim])
        return process.returncode is None
    target = worker_of(mark, victim)
    if target is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(target, signal.SIGKILL)
        return True
    return False


def summary(rounds: list[Round], whole_seconds: float, drawn_anew: int) -> dict[str, Any]:
    """The figures: for each kind of victim, and every round; `drawn_anew` found nothing left to kill."""
    kinds = {}
    for victim in ENDINGS:
        chosen = [one for one in rounds if one.victim == victim]
        if chosen:
            kinds[victim] = {
                "rounds": len(chosen),
                "longest_wait_seconds": max(one.waited_seconds for one in chosen),
                "exit_codes": dict(Counter(str(one.exit_code) for one in chosen)),
                "processes_left": sum(one.processes_left for one in chosen),
                "files_left": sum(len(one.files_left) for one in chosen),
            }
    return {
        "date": datetime.now(timezone.utc).date().isoformat(),
        "case": " ".join(CASE),
        "commit": _commit(),
        "whole_seconds": round(whole_seconds, 1),
        "drawn_anew": drawn_anew,
        "processors": len(os.sched_getaffinity(0)),
        "versions": {
            "python": platform.python_version(),
            "linux": platform.release(),
            **{name: version(name) for name in ("jittor-align", "torch", "jittor")},
        },
        "kinds": kinds,
        "rounds": [asdict(one) for one in rounds],
    }


def main() -> None:
    """Kill as often as asked for; the exit code is 1 where anything was not as documented."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.random_kills")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=30, help="kills of each worker")
    parser.add_argument("--parents", type=int, default=20, help="of the command by each signal")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it
    _, whole = (_undisturbed(seed) for seed in (1, 2))  # the first may have to compile operators
    wanted = {victim: options.parents if victim.startswith("SIG") else options.workers for victim in ENDINGS}
    rounds, drawn_anew = _so_far(options.out)
    victims = list((Counter(wanted) - Counter(one.victim for one in rounds)).elements())
    chance.shuffle(victims)
    for victim in victims:
        for _ in range(MOST_DRAWN):
            found = round_of(victim, chance.uniform(0.0, whole), chance.randrange(1 << 30))
            if found is not None:
                break
            drawn_anew += 1
        else:
            sys.exit(f"{victim}: {MOST_DRAWN} rounds in a row had nothing left to kill, or took no notice")
        rounds.append(found)
        print(json.dumps(asdict(found)), flush=True)
        options.out.write_text(
            json.dumps(summary(rounds, whole, drawn_anew), indent=1) + "\n", encoding="utf-8"
        )
    print(json.dumps(summary(rounds, whole, drawn_anew)["kinds"], indent=1))
    sys.exit(not all(one.as_documented for one in rounds))


def _so_far(path: Path) -> tuple[list[Round], int]:
    if not path.exists():
        return [], 0
    found = json.loads(path.read_text(encoding="utf-8"))
    return [Round(**one) for one in found["rounds"]], found["drawn_anew"]


def _commit() -> str:
    """What is measured, where it is a checkout."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    place = Path(__file__).parent
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.strip() or "no checkout"


def _undisturbed(seed: int) -> float:
    """How long a comparison takes that nobody kills."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        command = [sys.executable, "-m", "harness.cli", "compare", *CASE, "--seed", str(seed)]
        subprocess.run([*command, "-o", f"{name}/run"], check=True, capture_output=True)
    return time.monotonic() - started


if __name__ == "__main__":
    main()
