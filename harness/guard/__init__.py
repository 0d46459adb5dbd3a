"""What a process starts and makes ends with it, however it ends, SIGKILL included.

A program is started by a small keeper, which ends it and everything that it started. Temporary files and
a sweeper knows the folders, which removes those that are left. Both are processes of their own and notice
the end of ours by a socket.
"""

from __future__ import annotations

from harness.guard._kept import Kept
from harness.guard._sweeping import spare, sweep

__all__ = ["Kept", "spare", "sweep"]
