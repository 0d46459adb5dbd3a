"""What draws results: the terminal, HTML, Markdown, JUnit. Nothing here runs or judges."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.alignment import Alignment
    from harness.bench.result import Bench
    from harness.evaluating.result import Evaluation
    from harness.training.log import Training
    from reports.judged import Result


def write(alignment: Alignment, path: Path, *, replace: bool = False) -> None:
    """Write the report that the ending of `path` names."""
    from reports import html, junit, markdown

    drawers = {
        ".html": lambda: html.html(alignment),
        ".md": lambda: markdown.markdown(alignment),
        ".xml": lambda: junit.junit(alignment),
        ".json": alignment.to_json,
    }
    _write(drawers, path, replace)


def write_training(training: Training, path: Path, *, replace: bool = False) -> None:
    """Write the report of a training that the ending of `path` names."""
    import json

    from reports import training as terminal
    from reports import training_page as page

    drawers = {
        ".html": lambda: page.html(training),
        ".md": lambda: page.markdown(training),
        ".json": lambda: json.dumps(terminal.document(training), allow_nan=False, ensure_ascii=False),
    }
    _write(drawers, path, replace)


def write_evaluation(found: Evaluation, folder: Path, path: Path, *, replace: bool = False) -> None:
    """Write the report of an evaluation that the ending of `path` names; its pictures lie in `folder`."""
    from reports import evaluation, evaluation_page

    drawers = {
        ".html": lambda: evaluation_page.html(found, folder, path),
        ".md": lambda: evaluation.markdown(found),
        ".json": found.to_json,
    }
    _write(drawers, path, replace)


def write_bench(found: Bench, path: Path, *, replace: bool = False) -> None:
    """Write the report of a measurement of speed and memory that the ending of `path` names."""
    from reports import bench, bench_page

    drawers = {
        ".html": lambda: bench_page.html(found),
        ".md": lambda: bench.markdown(found),
        ".json": found.to_json,
    }
    _write(drawers, path, replace)


def write_changes(before: Result, after: Result, path: Path, *, replace: bool = False) -> None:
    """Write what changed between two results of one kind, in the form that the ending of `path` names."""
    import json

    from reports import changes

    drawers = {
        ".html": lambda: changes.html(before, after),
        ".md": lambda: changes.markdown(before, after),
        ".json": lambda: json.dumps(changes.document(before, after), allow_nan=False),
    }
    _write(drawers, path, replace)


def write_index(folder: Path, path: Path, *, replace: bool = False) -> None:
    """Write an index of the runs in a folder, in the form that the ending of `path` names."""
    import json

    from reports import index

    drawers = {
        ".html": lambda: index.html(folder, path),
        ".md": lambda: index.markdown(folder),
        ".json": lambda: json.dumps(index.document(folder), ensure_ascii=False),
    }
    _write(drawers, path, replace)


def _write(drawers: Mapping[str, Callable[[], str]], path: Path, replace: bool) -> None:
    from harness.errors import BadInput
    from harness.files import write_file

    drawer = drawers.get(path.suffix.lower())
    if drawer is None:
        raise BadInput(f"{path}: a report ends in one of {', '.join(drawers)}")
    write_file(path, drawer(), replace=replace)
