"""`align data prepare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from harness.cli import options, parse
from harness.cli.command_result import CommandResult
from harness.cli.results import written

if TYPE_CHECKING:
    from harness.pairs.base import Pair

app = typer.Typer(help="The pairs' own data sets.")


@app.callback()
def data() -> None:
    """The pairs' own data sets."""


@app.command()
def prepare(
    source: options.Source,
    target: options.Target,
    model: options.DataModel = None,
    annotations: options.Annotations = None,
    num_images: options.ImageCount = None,
    classes: options.Classes = None,
    seed: options.DataSeed = None,
    split: options.Split = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Take some images of some classes out of a published data set, split by a seed.

    Nothing is downloaded. Either the whole new folder is written or nothing.
    """
    from harness.pairs.base import Subset

    pair = _pair(model)
    assert pair.prepare_data is not None
    names = parse.listed(classes) if classes else ()
    subset = Subset(source, Path(target), num_images, names, seed, split, annotations)
    return written([pair.prepare_data(subset)])


def _pair(model: str | None) -> Pair:
    """The pair called so, or the only one that has data to prepare."""
    from harness import pairs
    from harness.errors import BadInput

    able = [pair for pair in pairs.all_pairs() if pair.prepare_data is not None]
    names = ", ".join(pair.name for pair in able)
    if model is not None:
        found = pairs.find(model)
        if found.prepare_data is None:
            raise BadInput(f"{found.name} has no data to prepare; {names} has")
        return found
    if len(able) != 1:
        raise BadInput(f"name one of {names} with --model")
    return able[0]
