"""A loader: a process that reads batches and writes each as a file that both workers read.

The first line of its standard input says which data set, each further line which batch; it answers with a
line for each. It ends with its standard input.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness import own_packages, pairs
from harness.errors import HarnessError
from harness.pairs.base import DataRequest, Pair
from harness.training.batch_file import write_batch
from harness.training.source import BatchSource, open_source
from harness.worker import Channel


def described(place: str, request: DataRequest, batch: int, seed: int) -> dict[str, Any]:
    """The first line: where the pair is declared and what is asked of it."""
    plain = asdict(request) | {
        "variant": request.variant.name,
        "source": request.source and str(request.source),
    }
    return {"pair": place, "request": plain, "batch": batch, "seed": seed}


def opened(first: dict[str, Any]) -> BatchSource:
    """The source that a first line describes."""
    pair: Pair = pairs.find(first["pair"])
    plain = dict(first["request"])
    request = DataRequest(
        **plain
        | {
            "variant": pair.variant(plain["variant"]),
            "source": None if plain["source"] is None else Path(plain["source"]),
            "size": None if plain["size"] is None else tuple(plain["size"]),
        }
    )
    return open_source(pair, request, first["batch"], first["seed"])


def main() -> None:
    """Serve until standard input ends."""
    own_packages.prefer()
    channel = Channel()
    source: BatchSource | None = None
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            if source is None:
                source = opened(asked)
                continue
            write_batch(Path(asked["path"]), source.read(asked["indices"], asked["epoch"]))
            channel.send(asked["number"], {})
        except HarnessError as error:
            channel.send(asked.get("number", 0), {"error": type(error).__name__, "message": str(error)})
            if source is None:
                return


if __name__ == "__main__":
    main()
