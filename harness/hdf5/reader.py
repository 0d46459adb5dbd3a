"""The program that lists HDF5 files: one request a line, one answer a line, a process for each file.

That process may crash, and has limits: so much memory beyond what Python takes, so much processor time. How
long it waits for the processor or the disk is no fault of the file, and has no limit here. The program ends
when nobody is left to ask it.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[2]))

from harness.hdf5.contents import list_file

_MEMORY = 192 << 20
_LISTING = 48 << 20  # bytes


def main() -> None:
    """Answer requests until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt means
    for line in sys.stdin.buffer:
        request = json.loads(line)
        ending, held = os.pipe()  # closed by the kernel when the child has ended
        child = os.fork()
        if not child:
            _list(request)
        os.close(held)
        print(_status(child, ending), flush=True)


def _status(child: int, ending: int) -> int:
    """How the child ended; it is killed if the parent has gone."""
    ready, _, _ = select.select([ending, sys.stdin.fileno()], [], [])
    if ending not in ready:
        os.kill(child, signal.SIGKILL)
    os.close(ending)
    status = os.waitpid(child, 0)[1]
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def _list(request: dict[str, Any]) -> None:
    """Write the list of a file's contents, or why it cannot be read, and end."""
    code = 0
    try:
        _limit(request["seconds"], request["allowed"])
        with Path(request["scratch"]).open("wb") as scratch:
            found = list_file(Path(request["path"]), scratch, request["allowed"])
        text = json.dumps(found.to_json())
        if len(text) > _LISTING:
            raise ValueError("it holds more than any checkpoint or trace")
    except BaseException as error:
        code = 1
        text = ascii(f"{type(error).__name__}: {str(error)[:300]}")[1:-1]
    try:
        Path(request["answer"]).write_text(text, encoding="ascii")
    finally:
        os._exit(code)


def _limit(seconds: int, allowed: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 2))
    resource.setrlimit(resource.RLIMIT_FSIZE, (allowed + _LISTING, allowed + _LISTING))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    bound = pages * resource.getpagesize() + _MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))


if __name__ == "__main__":
    main()
