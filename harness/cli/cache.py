"""`align cache show`, `align cache warm` and `align cache prune`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from harness import process
from harness.cli import options, parse, request_from_flags
from harness.cli.beating import beating
from harness.cli.command_result import CommandResult
from harness.cli.live import listening
from harness.errors import BadInput
from harness.own_name import command
from harness.text import printable

if TYPE_CHECKING:
    from rich.console import Console

    from harness.environment.compiled import Compiled
    from harness.flows.cache import Cache, KeptFolder, Removable

_OUTPUT = "What comes out"
Yes = Annotated[bool, typer.Option("--yes", help="Remove it without asking.", rich_help_panel=_OUTPUT)]
UnusedFor = Annotated[
    int | None,
    typer.Option(
        "--unused-for",
        metavar="DAYS",
        parser=parse.parse_count,
        show_default="only what no present version uses",
        help="Also what was not used for so many days: other machines' code, float64 runs, twins.",
    ),
]

app = typer.Typer(help="What is compiled and kept: how much, where, and what of it nobody uses.")


@app.command()
def show(as_json: options.Json = False) -> CommandResult:
    """Tell what the cache holds, how large it is, and what of it is in use."""
    from harness.flows.cache import cache

    found = cache()
    return CommandResult(0, _document(found), lambda console: _draw(found, console))


@app.command()
def warm(
    context: typer.Context,
    model: options.WarmModel = None,
    variant: options.Variant = None,
    option: options.Options = None,
    mode: options.Modes = None,
    device: options.Device = None,
    input_size: options.InputSize = None,
    batch: options.Batch = None,
    timeout: options.Timeout = None,
    as_json: options.Json = False,
) -> CommandResult:
    """Compile Jittor's core and what a model needs, so that its first comparison waits for nothing."""
    from harness.flows.cache import warm as run

    given = context.params
    others = [name for name, value in given.items() if value and name not in ("model", "as_json")]
    if model is None and others:
        raise BadInput(f"--{others[0].replace('_', '-')} is about a pair; name it with --model")
    request = request_from_flags.request(given, mode=None) if model else None
    with listening() as listener, beating("cache") as say:
        seconds = run(request, request_from_flags.modes(mode, ("eval", "train")), listener, say)
    document: dict[str, object] = {"seconds": seconds, "exit_code": 0}
    what = f"what {model} needs" if model else "Jittor's core"
    return CommandResult(0, document, lambda console: console.print(f"{what} is compiled ({seconds:.0f} s)"))


@app.command()
def prune(unused_for: UnusedFor = None, yes: Yes = False, as_json: options.Json = False) -> CommandResult:
    """Remove what no present version uses; never what a process is using, nor anything through a link.

    Without --yes it shows what would go, and asks where it can.
    """
    from harness.flows.cache import cache, removable
    from harness.flows.cache import prune as run

    found = cache()
    chosen = removable(found, unused_for)
    agreed = bool(chosen) and (yes or _asked(chosen, as_json))
    removed = run(found, chosen) if agreed else chosen
    document: dict[str, object] = {
        "done": agreed,
        "removed" if agreed else "would_remove": [_plain(one) for one in removed],
        "exit_code": 0,
    }
    return CommandResult(0, document, lambda console: _draw_pruned(removed, agreed, console))


def _asked(chosen: list[Removable], as_json: bool) -> bool:
    """Whether the user agrees; nobody is asked who cannot answer."""
    if as_json or not sys.stdin.isatty() or not sys.stderr.isatty():
        return False
    for one in chosen:
        process.tell("cache", _line(one))
    total = size(sum(one.bytes for one in chosen))
    return typer.confirm(f"Remove these {total}?", err=True)


def _plain(one: Compiled | KeptFolder | Removable) -> dict[str, object]:
    return {**asdict(one), "path": str(one.path)}


def _document(found: Cache) -> dict[str, object]:
    return {
        "folder": str(found.path),
        "bytes": found.bytes,
        "free_bytes": found.free_bytes,
        "problem": found.problem,
        "compiled": [_plain(one) for one in found.compiled],
        "kept": [_plain(one) for one in found.kept],
        "exit_code": 0,
    }


def _draw(found: Cache, console: Console) -> None:
    sizes = f"{size(found.bytes)}, {size(found.free_bytes)} free"
    console.print(printable(f"{found.path}: {sizes}"), soft_wrap=True)
    if found.problem:
        console.print(printable(found.problem), soft_wrap=True)
    _draw_compiled(found, console)
    for kept in found.kept:
        sizes = f"{size(kept.bytes)} of {size(kept.most_bytes)} at most"
        console.print(f"{kept.what}: {kept.files} files, {sizes}; those used longest ago go by themselves")
    if stale := sum(one.bytes for one in found.compiled if one.state == "stale"):
        console.print(f"{size(stale)} are of no present version: `{command('cache prune')}` removes them")


def _draw_compiled(found: Cache, console: Console) -> None:
    from harness.flows.cache import day
    from reports.tables import Column, table

    rows = sorted(found.compiled, key=lambda one: -one.bytes)
    columns = [
        Column("compiled", [one.path.name for one in rows]),
        Column("size", [size(one.bytes) for one in rows], number=True),
        Column("of", [one.what for one in rows], elastic=True, most=60),
        Column("last used", [day(one.used) for one in rows]),
        Column("state", [f"held by {one.holder}" if one.holder else one.state for one in rows]),
    ]
    console.print(table(console.width, columns))


def _draw_pruned(found: list[Removable], done: bool, console: Console) -> None:
    for one in found:
        console.print(printable(_line(one)), soft_wrap=True)
    gone = size(sum(one.bytes for one in found if not one.left))
    if not found:
        console.print("Nothing to remove: what is there is in use, or of other machines and versions.")
    elif done:
        console.print(f"{gone} removed")
    else:
        console.print(f"Nothing is removed yet, {gone} would be: add --yes")


def _line(one: Removable) -> str:
    end = f"left: {one.left}" if one.left else one.why
    return f"{size(one.bytes):>9}  {one.path}  {one.what}: {end}"


def size(count: int) -> str:
    """An amount of memory, in words."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
