"""How often the judgement of a port's own run by twins is wrong, on trainings whose truth is known.

    python -m benchmarks.twins --out twins.json

The small network of tests/unit/training/chaotic.py is trained with Adam and with SGD, by sound ports that
take every sum in another order, and by ports with a planted mistake.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from harness.files import write_file
from tests.unit.training import chaotic

RULES = {"adam": chaotic.Rule(), "sgd": chaotic.Rule(adam=False, rate=2e-2)}


def main() -> None:
    """Count, and write what was counted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sound", type=int, default=100, help="sound ports of each optimiser")
    parser.add_argument("--planted", type=int, default=10, help="ports of each mistake and optimiser")
    parser.add_argument("--out", type=Path, required=True)
    asked = parser.parse_args()
    found: dict[str, Any] = {}
    for name, rule in RULES.items():
        sound = [_suspect(seed, rule) for seed in range(asked.sound)]
        found[name] = {
            "sound ports": len(sound),
            "suspect among them": sum(sound),
            "planted mistakes": {
                mistake: {
                    "ports": asked.planted,
                    "suspect": sum(_suspect(seed, rule, mistake) for seed in range(asked.planted)),
                }
                for mistake in chaotic.MISTAKES
            },
        }
    write_file(asked.out, json.dumps(found, indent=1) + "\n")


def _suspect(seed: int, rule: chaotic.Rule, mistake: str = "") -> bool:
    return any(one.status == "suspect" for one in chaotic.judged(seed, rule, mistake))


if __name__ == "__main__":
    main()
