"""Naming the file in whatever is said about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import BadInput
from harness.text import printable


@contextmanager
def naming(path: str | Path) -> Iterator[None]:
    """Put the path before complaints that do not name it yet, and keep them to one line.

    What exhausts memory becomes a complaint, too.
    """
    try:
        yield
    except BadInput as error:
        said = str(error)
        message = printable(said if str(path) in said else f"{path}: {said}")
        if message == said:
            raise
        raise BadInput(message) from error
    except (MemoryError, RecursionError) as error:
        raise BadInput(
            f"{path} asks for more than can be given ({type(error).__name__}): damaged or hostile"
        ) from error
