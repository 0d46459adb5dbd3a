"""Outcomes that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.command_result import CommandResult
from harness.text import printable

if TYPE_CHECKING:
    from rich.console import Console

    from harness.alignment import Alignment
    from reports.judged import Result


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


def says_it_is(schema: str, path: Path) -> bool:
    """Whether a file names a schema, whatever the file is called; what cannot be read names none."""
    from harness import strict_json

    try:
        return path.suffix == ".json" and f'"{schema}"'.encode() in strict_json.read(path)
    except (OSError, ValueError):
        return False


def is_evaluation(path: Path) -> bool:
    """Whether a file says that it is an evaluation."""
    from harness.evaluating.result import SCHEMA

    return says_it_is(SCHEMA, path)


def is_bench(path: Path) -> bool:
    """Whether a file says that it is a measurement of speed and memory."""
    from harness.bench.result import SCHEMA

    return says_it_is(SCHEMA, path)


def stored_result(path: Path) -> Result:
    """The alignment, training, evaluation or measurement of a file."""
    if path.suffix == ".jsonl":
        from harness.training.log import Training

        return Training.load(path)
    if is_evaluation(path):
        from harness.evaluating.result import Evaluation

        return Evaluation.load(path)
    if is_bench(path):
        from harness.bench.result import Bench

        return Bench.load(path)
    from harness.alignment import Alignment

    return Alignment.load(path)


def written(paths: list[Path]) -> CommandResult:
    """Files that were made."""

    def prose(console: Console) -> None:
        for path in paths:
            console.print(printable(path), soft_wrap=True)

    return CommandResult(0, {"written": [str(path) for path in paths], "exit_code": 0}, prose)
