"""What a shell is offered when a value is completed with the tab key.

Built-in pairs alone are asked: a pair of one's own is a program, and no key but Enter runs one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from harness.pairs.base import Pair, Variant


def words(choices: Sequence[str]) -> Callable[[str], list[str]]:
    """Offers these words."""

    def complete(incomplete: str) -> list[str]:
        return _beginning(incomplete, choices)

    return complete


def models(incomplete: str) -> list[str]:
    """Offers the built-in pairs; files are offered by the shell itself."""
    from harness.pairs import names

    return _beginning(incomplete, names())


def variants(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offers the variants of the pair that the line names."""
    pair = _pair(ctx)
    return _beginning(incomplete, pair.variants) if pair else []


def options(ctx: typer.Context, incomplete: str) -> list[str]:
    """Offers `NAME=` for what of the variant can be chosen, and behind that the words that it may be."""
    variant = _variant(ctx)
    if variant is None:
        return []
    name, equals, _ = incomplete.partition("=")
    if not equals:
        return _beginning(name, (f"{choice}=" for choice in variant.choices))
    choice = variant.choices.get(name)
    values = choice.values if choice is not None and isinstance(choice.values, tuple) else ()
    return _beginning(incomplete, (f"{name}={value}" for value in values))


def _pair(ctx: typer.Context) -> Pair | None:
    from harness.pairs import built_in, names, spelled

    name = spelled(str(ctx.params.get("model") or ""))
    return built_in(name, "the command line") if name in names() else None


def _variant(ctx: typer.Context) -> Variant | None:
    from harness.errors import BadInput

    pair = _pair(ctx)
    try:
        return pair.variant(ctx.params.get("variant")) if pair else None
    except BadInput:
        return None


def _beginning(incomplete: str, known: Iterable[str]) -> list[str]:
    return [one for one in known if one.startswith(incomplete)]
