"""convert-weights: where the program begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn


def main() -> NoReturn:
    """Run `convert-weights`."""
    from harness import process

    process.run("convert-weights", _load)


def _load() -> Callable[[], object]:
    from harness import own_packages

    own_packages.prefer()
    from weight_convert.command import command

    return command


if __name__ == "__main__":
    main()
