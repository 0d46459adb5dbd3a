"""`align list`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from harness.cli import options
from harness.cli.command_result import CommandResult

if TYPE_CHECKING:
    from rich.console import Console

    from harness.pairs.base import Pair, Variant


def list_pairs(as_json: options.Json = False) -> CommandResult:
    """The pairs, their variants, and the goldens there are of them."""
    from harness import pairs

    described = [_pair(pair) for pair in pairs.all_pairs()]
    return CommandResult(0, {"pairs": described, "exit_code": 0}, lambda console: _draw(described, console))


def _pair(pair: Pair) -> dict[str, Any]:
    import golden

    goldens = golden.names(pair.name)
    return {
        "name": pair.name,
        "title": pair.title,
        "variants": [_variant(variant, goldens) for variant in pair.variants.values()],
    }


def _variant(variant: Variant, goldens: list[str]) -> dict[str, Any]:
    names = (golden.rpartition(".") for golden in goldens)
    return {
        "name": variant.name,
        "summary": variant.summary,
        "upstream": None if variant.upstream is None else asdict(variant.upstream),
        "goldens": [mode for name, _, mode in names if name == variant.name],
    }


def _draw(described: list[dict[str, Any]], console: Console) -> None:
    from reports.tables import Column, table

    for pair in described:
        variants = pair["variants"]
        console.print(f"{pair['name']}: {pair['title']}", style="bold")
        columns = [
            Column("  variant", [f"  {variant['name']}" for variant in variants], most=30),
            Column("summary", [variant["summary"] for variant in variants], elastic=True),
            Column("upstream", [_pin(variant["upstream"]) for variant in variants], most=12, style="dim"),
            Column("goldens", [", ".join(variant["goldens"]) or "-" for variant in variants]),
        ]
        console.print(table(console.width, columns))
        console.print()


def _pin(upstream: dict[str, str] | None) -> str:
    return "-" if upstream is None else upstream["commit"][:10]
