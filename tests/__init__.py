"""The project's tests, and the two places that they may need: the repository and the recorded truth."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def shared_folder() -> Path | None:
    """The folder beside the repository with the specifications and the traces of the upstream code."""
    folder = ROOT.parent / "shared"
    return folder if (folder / "upstream").is_dir() else None


needs_shared = pytest.mark.skipif(
    shared_folder() is None, reason="no folder ../shared with traces of the upstream code"
)
