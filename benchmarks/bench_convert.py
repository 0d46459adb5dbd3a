"""What a conversion costs, beside the copy of the same file that it cannot avoid.

    python benchmarks/bench_convert.py [--megabytes 500] [--rounds 7] [--to pkl safetensors]

Each round copies a checkpoint (`cp` and `sync`) and converts it with `convert-weights`, one after the other
on the same disk, both as fresh processes that find nothing of the source in memory (`--warm`: all of it).
Told are the median of the rounds' ratios, processor seconds, and the highest resident memory.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from weight_convert import State, write_state  # noqa: E402

ALLOWED_RATIO, ALLOWED_MEMORY = 1.5, 150 << 20


def make_checkpoint(path: Path, megabytes: int) -> None:
    """A checkpoint like a convolutional network's: kernels of a few megabytes and many short vectors."""
    rng = np.random.default_rng(0)
    arrays = {}
    size, layer = 0, 0
    while size < megabytes << 20:
        kernel = rng.standard_normal((512, 512, 3, 3), dtype=np.float32)
        arrays[f"layer{layer}.conv.weight"] = kernel
        for leaf in ("weight", "bias", "running_mean", "running_var"):
            arrays[f"layer{layer}.bn.{leaf}"] = rng.random(512, dtype=np.float32)
        arrays[f"layer{layer}.bn.num_batches_tracked"] = np.asarray(layer)
        size, layer = size + kernel.nbytes, layer + 1
    write_state(State.of(arrays), path)


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds of wall clock and of processor, highest resident bytes."""

    wall: float
    cpu: float
    peak: int


def timed(command: Sequence[str | Path]) -> Cost:
    """Run a process to its end."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # it would have every process compile the program anew
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} failed with exit code {process.returncode}")
    return Cost(time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def settle(source: Path, warm: bool) -> None:
    """Have the source in memory, or nothing of it, and nothing left to write."""
    os.sync()
    with source.open("rb") as file:
        if warm:
            while file.read(1 << 20):
                pass
        else:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def measure(source: Path, suffix: str, rounds: int, warm: bool) -> dict[str, float | str]:
    """Copy and convert in turn; the figures of one destination format."""
    folder = source.parent
    copies, conversions = [], []
    for _ in range(rounds):
        copy, result = folder / "copy.bin", folder / f"result.{suffix}"
        settle(source, warm)
        copies.append(timed(["sh", "-c", f"cp '{source}' '{copy}' && sync '{copy}'"]))
        settle(source, warm)
        conversions.append(timed([sys.executable, "-m", "weight_convert", source, result]))
        copy.unlink()
        result.unlink()
    peak = max(conversion.peak for conversion in conversions)
    return {
        "to": suffix,
        "copy_seconds": statistics.median(copy.wall for copy in copies),
        "convert_seconds": statistics.median(conversion.wall for conversion in conversions),
        "copy_cpu": statistics.median(copy.cpu for copy in copies),
        "convert_cpu": statistics.median(conversion.cpu for conversion in conversions),
        "ratio": statistics.median(a.wall / b.wall for a, b in zip(conversions, copies, strict=True)),
        "ratio_of_best": min(c.wall for c in conversions) / min(c.wall for c in copies),
        "peak_above_file_mib": (peak - source.stat().st_size) / (1 << 20),
    }


def main() -> None:
    """Measure and tell; exit 1 where a limit is exceeded."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--to", nargs="+", default=["pkl", "pt", "safetensors", "npz", "h5"])
    parser.add_argument("--warm", action="store_true", help="measure with the source in memory")
    parser.add_argument(
        "--folder", type=Path, default=None, help="where to write; a temporary folder if not given"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        source = Path(folder) / "source.pt"
        # by another process: a child's highest memory is at least its parent's
        maker = multiprocessing.Process(target=make_checkpoint, args=(source, options.megabytes))
        maker.start()
        maker.join()
        found = [measure(source, suffix, options.rounds, options.warm) for suffix in options.to]
    for row in found:
        print(json.dumps(row))
    if any(
        row["ratio"] > ALLOWED_RATIO or row["peak_above_file_mib"] * 2**20 > ALLOWED_MEMORY for row in found
    ):
        raise SystemExit(1)


if __name__ == "__main__":
    main()
