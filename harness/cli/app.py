"""The commands, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from harness.cli import cache, data, golden, knowledge, language, options, pin
from harness.cli.bench import bench
from harness.cli.check import check
from harness.cli.command_result import CommandResult
from harness.cli.compare import compare
from harness.cli.diff import diff
from harness.cli.error_handling import RootCommand
from harness.cli.evaluate import evaluate
from harness.cli.explain import explain
from harness.cli.infer import infer
from harness.cli.init import init
from harness.cli.lint import lint
from harness.cli.list_pairs import list_pairs
from harness.cli.map_layers import map_layers
from harness.cli.record import record
from harness.cli.report import report
from harness.cli.reproduce import reproduce
from harness.cli.selftest import selftest
from harness.cli.show import show
from harness.cli.train import train

app = typer.Typer(cls=RootCommand, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            typer.echo(version("jittor-align"))
        except PackageNotFoundError:
            typer.echo("not installed, run from its source")
        raise typer.Exit


@app.callback()
def align(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version and end.")
    ] = False,
    lang: Annotated[str, typer.Option("--lang", metavar="en|zh", help=language.HELP)] = "en",
) -> None:
    """Tell whether a Jittor port of a PyTorch model computes the same thing, and where it stops doing so.

    Defaults come from align.toml, or from the table tool.align of pyproject.toml.
    Exit codes: 0 aligned or done, 1 diverged, 2 wrong usage or bad file, 3 a side
    cannot run here, 4 a side died, 5 inconclusive, 74 standard output cannot be written.
    """


def doctor(
    fix: Annotated[bool, typer.Option("--fix", help="Mend what can be mended.")] = False,
    as_json: options.Json = False,
) -> CommandResult:
    """Tell what each side needs to run here, what is wrong, and how to mend it."""
    from harness.cli.doctor import outcome

    return outcome(fix)


for command in (
    compare, init, lint, explain, reproduce, bench, selftest, train, evaluate, record, diff, check, show,
    report, infer, doctor,
):  # fmt: skip
    app.command()(command)
app.command("list")(list_pairs)
app.command("map")(map_layers)
app.add_typer(golden.app, name="golden")
app.add_typer(pin.app, name="pin")
app.add_typer(knowledge.app, name="knowledge")
app.add_typer(data.app, name="data")
app.add_typer(cache.app, name="cache")
