"""The times of layers as a table: where the port loses, and whether the layers add up to the whole."""

from __future__ import annotations

from harness.bench.layers import PASSES, LayerRow, LayerTable, Total, by_kind
from harness.figures import percent
from harness.language import tr

_MOST = 20
_KINDS = 6
HEAD = ("layer", "kind", "torch", "jittor", "jittor loses")


def _both(seconds: dict[str, float]) -> str:
    """Forward and backward apart, where there is a backward pass."""
    return " + ".join(f"{1000 * seconds[part]:.3f}" for part in PASSES if part in seconds) or "0"


def cells(row: LayerRow) -> list[str]:
    """One row; milliseconds."""
    return [
        row.path,
        row.kind,
        f"{_both(row.reference)} ms",
        f"{_both(row.port)} ms",
        f"{1000 * row.lost:+.3f} ms",
    ]


def title(table: LayerTable) -> str:
    """Which case it is, and how it was timed."""
    size = f", {table.size[0]}x{table.size[1]}" if table.size else ""
    ways = tr("forward + backward") if table.mode != "eval" else tr("forward")
    known = tr("Layers, {}, batch {}{}: {}, the middle one of {} passes")
    return known.format(table.mode, table.batch, size, ways, table.passes)


def most_lost(table: LayerTable) -> list[LayerRow]:
    """The rows to show: those by which the port loses most, or wins most."""
    return sorted(table.rows, key=lambda row: -abs(row.lost))[:_MOST]


def _total(total: Total) -> str:
    known = tr("{} {}: the layers add up to {:.3f} ms, the pass without a watch takes {:.3f} ms ({})")
    part, share = tr(total.part), percent(total.share)
    said = known.format(total.side, part, 1000 * total.layers, 1000 * total.whole, share)
    if total.reconciles:
        return said + "."
    apart = tr(": they do not reconcile, so read a layer as a share of the layers and not of the pass.")
    return said + apart


def notes(table: LayerTable) -> list[str]:
    """What a reader must know beside the rows."""
    lost = [f"{kind} {1000 * seconds:+.3f} ms" for kind, seconds in by_kind(table.rows).items()]
    said = [tr("What jittor loses by kind: {}.").format(", ".join(lost[:_KINDS]))] if lost else []
    said += map(_total, table.totals)
    alone = [row for row in table.rows if row.parts]
    held = tr("{} holds what one side alone has: {}.")
    said += [held.format(row.path, ", ".join(row.parts[:4])) for row in alone[:4]]
    return said
