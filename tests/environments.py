"""Virtual environments for tests: like the running one, but without some packages."""

from __future__ import annotations

import sys
import sysconfig
import venv
from pathlib import Path


def environment_without(folder: Path, *packages: str) -> Path:
    """Make a virtual environment that lacks `packages` and shares the rest with this one; its interpreter."""
    venv.create(folder, with_pip=False, symlinks=True)
    here = Path(sysconfig.get_paths()["purelib"])
    there = next(folder.glob("lib/python*/site-packages"))
    for entry in here.iterdir():
        distribution = entry.name.lower().partition("-")[0].partition(".")[0]
        if distribution not in packages and not (there / entry.name).exists():
            (there / entry.name).symlink_to(entry)
    _share_libraries(Path(sys.prefix), folder)
    return folder / "bin" / "python"


def _share_libraries(here: Path, there: Path) -> None:
    """What wheels lay outside of site-packages: oneDNN's libraries and headers."""
    for pattern in ("lib/*.so*", "include/*"):
        for entry in here.glob(pattern):
            target = there / entry.relative_to(here)
            if not target.exists():
                target.parent.mkdir(exist_ok=True)
                target.symlink_to(entry)
