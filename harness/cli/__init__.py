"""The command line: one file a verb, everything heavy imported by the verb that needs it."""

from __future__ import annotations

from collections.abc import Callable


def main() -> None:
    """Run `align`."""
    from harness import process

    process.run("align", _load)


def _load() -> Callable[[], object]:
    from harness import own_packages

    own_packages.prefer()
    import typer

    from harness.cli.app import app

    return typer.main.get_command(app).main
