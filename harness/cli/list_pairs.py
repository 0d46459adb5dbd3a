"""`align list`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from harness.cli import options
from harness.cli.command_result import CommandResult

if TYPE_CHECKING:
    from rich.console import Console

    from harness.pairs.base import Pair, Upstream, Variant


def list_pairs(as_json: options.Json = False) -> CommandResult:
    """The pairs, their variants, and the goldens there are of them."""
    from harness import pairs

    described = [_pair(pair) for pair in pairs.all_pairs()]
    document = {"pairs": [asdict(pair) for pair in described], "exit_code": 0}
    return CommandResult(0, document, lambda console: _draw(described, console))


@dataclass(frozen=True)
class ListedVariant:
    """A variant as it is listed; `goldens` are the modes that it has a golden for."""

    name: str
    summary: str
    upstream: Upstream | None
    goldens: list[str]


@dataclass(frozen=True)
class ListedPair:
    """A pair as it is listed."""

    name: str
    title: str
    variants: list[ListedVariant]


def _pair(pair: Pair) -> ListedPair:
    import golden

    goldens = golden.names(pair.name)
    return ListedPair(
        pair.name, pair.title, [_variant(variant, goldens) for variant in pair.variants.values()]
    )


def _variant(variant: Variant, goldens: list[str]) -> ListedVariant:
    names = (golden.rpartition(".") for golden in goldens)
    modes = [mode for name, _, mode in names if name == variant.name]
    return ListedVariant(variant.name, variant.summary, variant.upstream, modes)


def _draw(described: list[ListedPair], console: Console) -> None:
    from reports.tables import Column, draw_whole

    for pair in described:
        console.print(f"{pair.name}: {pair.title}", style="bold")
        name = Column("  variant", [f"  {variant.name}" for variant in pair.variants])
        columns = [
            Column("summary", [variant.summary for variant in pair.variants], elastic=True),
            Column("upstream", [_pin(variant.upstream) for variant in pair.variants], most=12, style="dim"),
            Column("goldens", [", ".join(variant.goldens) or "-" for variant in pair.variants]),
        ]
        draw_whole(console, name, columns)
        console.print()


def _pin(upstream: Upstream | None) -> str:
    return "-" if upstream is None else upstream.commit[:10]
