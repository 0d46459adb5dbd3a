"""The process that fuzzes one target, guided by coverage. `run.py` starts it, and again after each crash.

python -m tests.fuzz.guided TARGET TALLY [ARGUMENT OF LIBFUZZER ...]
"""

from __future__ import annotations

import sys
import traceback
from pathlib import Path
from random import Random

import atheris

with atheris.instrument_imports(include=["harness", "weight_convert", "reports"]):
    from tests.fuzz.targets import TARGETS

from tests import ROOT
from tests.fuzz.tally import KeptTally


def words(error: Exception) -> str:
    """What an exception says, and the last line of ours that it passed."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [f for f in frames if f.filename.startswith(str(ROOT)) and "/tests/" not in f.filename]
    place = f" at {Path(ours[-1].filename).relative_to(ROOT)}:{ours[-1].lineno}" if ours else ""
    return f"{type(error).__name__}{place}: {str(error)[:200]}"


def main() -> None:
    """Fuzz until the time is over or something crashes."""
    target, tally = TARGETS[sys.argv[1]], KeptTally(Path(sys.argv[2]))

    def read(data: bytes) -> None:
        try:
            tally.count(target.check(data))
        except Exception as error:
            Path(f"{sys.argv[2]}.said").write_text(words(error), encoding="utf-8", errors="replace")
            raise

    def mutate(data: bytes, largest: int, seed: int) -> bytes:
        rng = Random(seed)
        made = atheris.Mutate(data, largest) if rng.random() < 0.25 else target.mutate(data, rng)
        return bytes(made[:largest])

    atheris.Setup([sys.argv[0], *sys.argv[3:]], read, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
