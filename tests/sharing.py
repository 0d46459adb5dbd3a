"""All tests at once are shared between processes, file by file; a few run in one, where they start sooner.

A test file stays in one process: what its tests share (a recording, a started worker) is made once.
"""

from __future__ import annotations

import argparse
import os

import pytest

from harness.host_memory import available_bytes

PROCESSES = 2
EACH = 6 << 30  # bytes; a process holds both frameworks and the workers of the test that it runs


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Share out a run of all tests, where no `-n` says otherwise. Long tests may want the machine alone."""
    options = config.option
    everything = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    free = getattr(options, "numprocesses", 0) is None  # 0 where the plugin that does it is absent
    if hasattr(config, "workerinput"):  # one of the processes: it was started with the same words
        return
    if free and everything and not options.slow and not options.collectonly:
        share(options, processes())


def share(options: argparse.Namespace, count: int) -> None:
    """What `-n COUNT --dist loadfile --no-loadscope-reorder` sets; 0 is pytest's own process alone."""
    options.numprocesses, options.tx = count, count * ["popen"]
    options.dist = "loadfile" if count else "no"
    options.loadscopereorder = False  # files of few tests, the longest of all, would come last


def processes() -> int:
    """As many as the machine has cores and memory for, at most two; 0 is pytest's own process."""
    fit = min(PROCESSES, len(os.sched_getaffinity(0)), available_bytes() // EACH)
    return fit if fit > 1 else 0
