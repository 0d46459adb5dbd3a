"""How much memory the machine, or the group of processes this one belongs to, can still hand out."""

from __future__ import annotations

import contextlib
from pathlib import Path

_MACHINE = Path("/proc/meminfo")
_GROUP = Path("/sys/fs/cgroup")


def available_bytes(machine: Path = _MACHINE, group: Path = _GROUP) -> int:
    """The bytes that are left; None if the system does not say."""
    return min([_of_machine(machine), *_of_group(group)])


def _of_machine(file: Path) -> int:
    with contextlib.suppress(OSError, ValueError):
        for line in file.read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == "MemAvailable":
                return int(value.split()[0]) * 1024
    return 0


def _of_group(folder: Path) -> list[int]:
    """What a container's limit leaves, where there is one."""
    with contextlib.suppress(OSError, ValueError):
        most = (folder / "memory.max").read_text(encoding="ascii").strip()
        used = (folder / "memory.current").read_text(encoding="ascii").strip()
        if most != "max":
            return [max(0, int(most) - int(used))]
    return []


def resident_bytes(pid: int | str = "self") -> int:
    """The memory that a process holds now; 0 where the system does not tell."""
    return _status("VmRSS", pid)


def highest_bytes() -> int:
    """The most memory this process has held since its peak was reset; 0 where the system does not tell."""
    return _status("VmHWM", "self")


def _status(field: str, pid: int | str) -> int:
    with contextlib.suppress(OSError), Path(f"/proc/{pid}/status").open(encoding="utf-8") as lines:
        for line in lines:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    return 0
