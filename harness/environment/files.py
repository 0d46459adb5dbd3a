"""Links and small files that several processes may lay out at the same time."""

from __future__ import annotations

import os
import threading
from pathlib import Path


def link(path: Path, target: Path | str) -> None:
    """Make `path` a link to `target`, in one step, replacing another link."""
    target = str(target)
    if path.is_symlink() and os.readlink(path) == target:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    temporary.symlink_to(target)
    temporary.replace(path)


def write(path: Path, text: str, *, executable: bool = False) -> None:
    """Write a file in one step, unless it says the same already."""
    if path.is_file() and not path.is_symlink() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _temporary(path)
    temporary.write_text(text, encoding="utf-8")
    temporary.chmod(0o755 if executable else 0o644)
    temporary.replace(path)


def _temporary(path: Path) -> Path:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    temporary.unlink(missing_ok=True)
    return temporary
