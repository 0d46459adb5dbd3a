"""Faulty ports of the pairs in examples/zoo. Importing this makes those pairs importable."""

from __future__ import annotations

import sys
from pathlib import Path

FOLDER = Path(__file__).parents[3] / "examples" / "zoo"

if str(FOLDER) not in sys.path:
    sys.path.append(str(FOLDER))
