"""Outcomes that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command_result import CommandResult
from harness.text import printable

if TYPE_CHECKING:
    from rich.console import Console

    from harness.alignment import Alignment


def aligned_or_not(
    alignment: Alignment, folder: str = "", stored: Path | None = None, model: str = "", weights: str = ""
) -> CommandResult:
    """An alignment as a command's outcome; `stored` is the file that keeps it.

    `model` and `weights` are what the user typed, so that a hint can be pasted.
    """

    def prose(console: Console) -> None:
        from reports.hints import TypedWords
        from reports.terminal import draw

        draw(alignment, console, folder, str(stored or ""), TypedWords(model, weights))

    return CommandResult(alignment.exit_code, alignment.to_dict(), prose)


def is_evaluation(path: Path) -> bool:
    """Whether a file says that it is an evaluation, whatever its name; what cannot be read is none."""
    from harness import strict_json
    from harness.evaluating.result import SCHEMA

    try:
        return path.suffix == ".json" and f'"{SCHEMA}"'.encode() in strict_json.read(path)
    except (OSError, ValueError):
        return False


def written(paths: list[Path]) -> CommandResult:
    """Files that were made."""

    def prose(console: Console) -> None:
        for path in paths:
            console.print(printable(path), soft_wrap=True)

    return CommandResult(0, {"written": [str(path) for path in paths], "exit_code": 0}, prose)
