"""Runs in place of a side's worker and answers as its argument says: `fake_worker.py MANNER`."""

from __future__ import annotations

import json
import os
import sys
import time

READY = {
    **dict.fromkeys(("side", "python", "executable", "platform", "device", "device_name", "threads"), ""),
    "versions": {},
    "compiled": 0,
    "operator_cache": "",
}


def line(**fields: object) -> bytes:
    """One answer."""
    return json.dumps(fields).encode() + b"\n"


ANSWERS = {
    "words": b"Segmentation fault (core dumped)\n",
    "empty line": b"\n",
    "no utf-8": b"\xff\xfe\x00\xd8\n",
    "deep": b"[" * 100_000 + b"\n",
    "deep in an answer": b'{"number": 1, "result": ' + b"[" * 100_000 + b"\n",
    "long number": b'{"number": ' + b"9" * 10_000 + b"}\n",
    "list": b"[]\n",
    "no number": line(result={}),
    "other number": line(number=7, result={"keys": 1}),
    "true for a number": line(number=True, result={"keys": 1}),
    "nothing": line(number=1),
    "no table": line(number=1, error="it failed"),
    "half a table": line(number=1, error={"kind": "BadInput"}),
    "list of a kind": line(number=1, error={"kind": ["BadInput"], "message": "it failed"}),
    "other form": line(number=1, result="fine"),
    "number of a kind": line(number=1, error={"kind": "BadInput", "message": 5}),
}


def main() -> None:
    """Start like a worker, then answer in the manner asked for."""
    manner = sys.argv[1]
    pipe = sys.stdout.buffer
    pipe.write(line(number=0, result=READY))
    pipe.flush()
    if manner == "deaf":
        time.sleep(600)
    sys.stdin.buffer.readline()
    if manner == "endless line":
        while True:
            pipe.write(b"x" * (1 << 20))
    if manner == "endless answers":
        while True:
            pipe.write(line(number=7, result={"padding": "x" * (1 << 20)}))
    if manner == "closes its pipe":
        os.close(1)
        time.sleep(600)
    pipe.write(ANSWERS[manner])
    pipe.flush()
    time.sleep(600)


if __name__ == "__main__":
    main()
