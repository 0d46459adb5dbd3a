"""`align init`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli import options
from harness.cli.command_result import CommandResult
from harness.cli.results import written

if TYPE_CHECKING:
    from rich.console import Console


def init(
    torch: options.TorchClass,
    jittor: options.JittorClass,
    inputs: options.Inputs,
    output: options.PairOut,
    arguments: options.Arguments = None,
    layer_map: options.Map = None,
    force: options.Force = False,
    as_json: options.Json = False,
) -> CommandResult:
    """Write the file that declares a pair of your own, from two classes and their inputs."""
    from harness.files import write_file
    from harness.own_name import command
    from harness.pairs.declaration import declaration
    from harness.pairs.undeclared import Undeclared

    assert torch is not None
    assert jittor is not None
    classes = Undeclared(
        torch,
        jittor,
        tuple(inputs or ()),
        tuple(arguments or ()),
        str(layer_map.resolve() if layer_map else ""),
    )
    write_file(output, declaration(classes, str(output)), replace=force)
    found = written([output])
    run = command(f"compare --model {_quoted(output)}")

    def prose(console: Console) -> None:
        found.prose(console)
        console.print(f"next: {run}", soft_wrap=True, markup=False)

    return CommandResult(0, {**found.document, "next": run}, prose)


def _quoted(path: Path) -> str:
    import shlex

    return shlex.quote(str(path))
