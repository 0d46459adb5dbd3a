"""Reads checkpoints, or runs `convert-weights`, and prints what each call took.

Takes a JSON list a line: what to do, and its arguments. Each call runs in a process of its own, forked from
this one, which has imported everything once. The answer is a line of JSON, or the status that ended the call.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from harness.errors import BadInput
from weight_convert import read_state

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


def measure(what: str, *arguments: str) -> dict[str, Any]:
    """Do one of the two, and measure it."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    code, said = read(arguments[0]) if what == "read" else convert(list(arguments))
    return {"code": code, "said": said, "seconds": processor_time(), "memory": peak()}


def in_a_fork(call: list[str]) -> str:
    """The answer of a process that is made for this call."""
    receive, send = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(send, json.dumps(measure(*call)).encode())
        finally:
            sys.stderr.flush()
            os._exit(0)
    os.close(send)
    with os.fdopen(receive) as answer:
        text = answer.read()
    _, status = os.waitpid(child, 0)
    return text or json.dumps({"ended": os.waitstatus_to_exitcode(status)})


if __name__ == "__main__":
    for line in sys.stdin:
        print(in_a_fork(json.loads(line)), flush=True)
