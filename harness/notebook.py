"""An alignment in a notebook: a data frame with one row a tensor, and a short view in HTML."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Protocol

from harness.errors import NoEnvironment
from harness.text import printable

if TYPE_CHECKING:
    import pandas

    from harness.verdict import Measured, Verdict

_SHOWN = 12
_COLOURS = {"aligned": "#1a7f37", "diverged": "#cf222e", "inconclusive": "#9a6700", "failed": "#cf222e"}


class ShownRow(Protocol):
    """What is shown of one tensor."""

    address: str
    measured: Measured | None
    verdict: Verdict


class ShownAlignment(Protocol):
    """What is shown of an alignment."""

    @property
    def verdict(self) -> str:
        """The verdict."""

    @property
    def sentence(self) -> str:
        """The verdict in words."""

    @property
    def rows(self) -> Sequence[ShownRow]:
        """One a tensor."""


def frame(alignment: ShownAlignment) -> pandas.DataFrame:
    """One row a tensor: where it is, what was measured there, and the verdict."""
    try:
        import pandas
    except ImportError as error:
        raise NoEnvironment(
            "Alignment.frame() needs pandas, which is not installed here; `pip install pandas` brings it"
        ) from error
    return pandas.DataFrame([_cells(row) for row in alignment.rows], columns=list(_COLUMNS))


_COLUMNS = (
    "address", "type", "shape", "dtype", "order", "status", "ratio", "error", "noise", "max_abs", "reason",
)  # fmt: skip


def _cells(row: ShownRow) -> dict[str, object]:
    """`error` and `noise` are lengths (l2) relative to that of the reference's tensor."""
    cells: dict[str, object] = {
        name: getattr(row, name) for name in ("address", "type", "shape", "dtype", "order")
    }
    cells |= {"status": row.verdict.status, "ratio": row.verdict.ratio, "reason": row.verdict.reason}
    if row.measured is not None:
        found = row.measured.difference
        cells |= {"error": found.rel_l2, "max_abs": found.max_abs}
        if row.measured.noise_l2 is not None and found.reference_l2:
            cells["noise"] = row.measured.noise_l2 / found.reference_l2
    return cells


def html(alignment: ShownAlignment) -> str:
    """The sentence, and the tensors that diverged first."""
    bad = [row for row in alignment.rows if row.verdict.status == "diverged"]
    rows = "".join(
        f"<tr><td><code>{_text(row.address)}</code></td><td>{_text(row.verdict.reason)}</td></tr>"
        for row in bad[:_SHOWN]
    )
    table = f"<table><tr><th>address</th><th>reason</th></tr>{rows}</table>" if bad else ""
    more = f"<p>and {len(bad) - _SHOWN} more</p>" if len(bad) > _SHOWN else ""
    colour = _COLOURS.get(alignment.verdict, "inherit")
    return f'<p style="color:{colour}"><b>{_text(alignment.sentence)}</b></p>{table}{more}'


def _text(value: object) -> str:
    return escape(printable(value))
