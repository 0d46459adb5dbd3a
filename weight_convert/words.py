"""The report of a conversion in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from weight_convert.converting import ConversionReport

_SHOWN = 2


def lines(report: ConversionReport) -> list[str]:
    """The report for people: what was done, and everything that is not as it was."""
    done = "written" if report.written else "would be written"
    proof = ", read back and found equal bit for bit" if report.written else ""
    parts = [
        f"{report.source} -> {report.destination}",
        f"  {report.tensors} tensors, {report.bytes:,} bytes {done} as {report.format}{proof}",
    ]
    if report.layout:
        parts.append(f"  checked against {report.layout}")
    manifest = report.manifest
    if stripped := manifest["source"].get("stripped"):
        parts.append(f"  taken off the keys: {', '.join(stripped)}")
    parts += _folds(manifest["deploy"])
    for title in ("dropped", "made"):
        parts += _by_reason(title, ((item["key"], item["reason"]) for item in manifest[title]))
    changed = ((key, entry["reason"]) for key, entry in manifest["entries"].items() if entry["was"])
    parts += _by_reason("changed", changed)
    parts += _list("tied", [f"{key} is {other}" for key, other in manifest["tied"].items()])
    parts += _list("missing", report.missing)
    parts += _list("unexpected", report.unexpected)
    parts += _list("of another shape", report.shapes)
    parts += _list("not confirmed", report.unchecked)
    parts += _list("classes left alone", [f"{name} ({count} times)" for name, count in report.inert.items()])
    if report.verified:
        parts.append(f"  verified: {report.verified}")
    return parts


def _folds(folds: list[dict[str, Any]]) -> list[str]:
    if not folds:
        return []
    worst = max(folds, key=lambda fold: float(fold["error"]))
    kinds = ", ".join(sorted({fold["kind"] for fold in folds}))
    error = f"{worst['error']:.1e}"
    return [f"  folded: {len(folds)} places ({kinds}); in float64 the outputs differ by {error} at most"]


def _by_reason(title: str, items: Iterable[tuple[str, str]]) -> list[str]:
    """The keys under each reason, the first few by name."""
    reasons: dict[str, list[str]] = {}
    for key, reason in items:
        reasons.setdefault(reason, []).append(key)
    return [f"  {title}: {_named(keys)}: {reason}" for reason, keys in reasons.items()]


def _named(keys: list[str]) -> str:
    more = f" and {len(keys) - _SHOWN} more (--json lists all)" if len(keys) > _SHOWN else ""
    return ", ".join(keys[:_SHOWN]) + more


def _list(title: str, items: list[str]) -> list[str]:
    return [f"  {title} ({len(items)}):", *(f"    {item}" for item in items)] if items else []
