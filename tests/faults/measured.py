"""Reads a checkpoint, or runs `convert-weights`, and prints what that took."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

ADDRESSES, SECONDS = 3 << 30, 60
"""What the kernel lets a measured process have, far above what is promised: for the machine's sake."""


def peak() -> int:
    """The most bytes that this process, or one that it made, has held at once."""
    held = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            held = max(held, int(line.split()[1]))
    return held * 1024


def processor_time() -> float:
    """Seconds of this process and of those that it made."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def read(path: str) -> tuple[int, str]:
    """Touch every element of a checkpoint: an exit code and what was said."""
    import numpy as np

    from harness.errors import BadInput
    from weight_convert import read_state

    try:
        for array in read_state(path).values():
            np.array(array)
    except BadInput as error:
        return error.exit_code, str(error)
    return 0, ""


def convert(arguments: list[str]) -> tuple[int, str]:
    """Run the command: its exit code and what it said on standard error."""
    command = [sys.executable, "-m", "weight_convert", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


def main(what: str, arguments: list[str]) -> None:
    """Measure one of the two."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    code, said = read(arguments[0]) if what == "read" else convert(arguments)
    print(json.dumps({"code": code, "said": said, "seconds": processor_time(), "memory": peak()}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
