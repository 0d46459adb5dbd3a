"""Alignments made by hand, for the tests of what draws them."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

from harness.alignment import Alignment
from harness.alignment_rows import AgainstStored, Obstacle, Row, SideReport
from harness.answers import Observer
from harness.attributes import AttributeDifference
from harness.costs import Costs, SideCosts, Spent
from harness.coverage import Coverage, Gap
from harness.numerics import Difference
from harness.verdict import Measured, Verdict

HOSTILE = "<script>alert('owned')</script>\x1b[31m\u202e"


def difference(error: float = 1e-6) -> Difference:
    """A difference of a tensor of norm 10."""
    return Difference(
        size=100,
        max_abs=error,
        max_rel=error,
        l2=10 * error,
        rel_l2=error,
        cosine=1 - error**2,
        max_ulp=3,
        nonfinite=0,
        worst=(0, 3) if error else None,
        worst_reference=1.0 if error else None,
        worst_candidate=1.0 + error if error else None,
        reference_l2=10.0,
        reference_absmax=2.0,
        candidate_l2=10.0,
        pass_rtol=2 * error,
        pass_atol=error,
    )


def row(
    address: str, order: int, error: float = 1e-6, noise: float | None = 1e-6, type: str = "Conv2d"
) -> Row:
    """A row whose limit is four times its noise."""
    allowed = 4 * (noise or 1e-6)
    measured = Measured(
        difference(error),
        basis="whole",
        size=100,
        integer=False,
        eps=1.2e-7,
        noise_l2=None if noise is None else 10 * noise,
        noise_max=noise,
        truth_l2=None if noise is None else 10.0,
        truth_absmax=None if noise is None else 2.0,
        error_l2=None if noise is None else 10 * error,
        error_max=None if noise is None else error,
    )
    ratio = error / allowed
    reason = f"error {error:.1e}, {ratio:.2g} times what is allowed"
    verdict = Verdict("aligned" if ratio <= 1 else "diverged", "noise", reason, ratio)
    return Row(address, type, (1, 4, 5, 5), "float32", order, measured, verdict)


def missing(address: str, order: int) -> Row:
    """A row that only the reference has."""
    why = Obstacle("only the reference has it")
    verdict = Verdict("not compared", "noise", why.why)
    return Row(address, "Identity", (2,), "float32", order, None, verdict, found="reference", obstacle=why)


def alignment(rows: list[Row] | None = None, **changes: Any) -> Alignment:
    """An aligned alignment, unless its rows say otherwise."""
    if rows is None:
        rows = [row(f"layer:stage.{index}.conv#0:out", index, (1 + index % 3) * 1e-6) for index in range(30)]
    rows = [*rows, missing("layer:extra#0:out", len(rows))]
    diverged = [found for found in rows if found.verdict.status == "diverged"]
    judged = [found for found in rows if found.verdict.ratio is not None]
    first = diverged[0].address if diverged else None
    worst = max(judged, key=lambda found: found.verdict.ratio or 0.0).address if judged else None
    known: dict[str, Any] = {
        "case": {"pair": "toy", "variant": "small", "mode": "eval", "size": [64, 64], "batch": None},
        "policy": {"name": "noise", "factor": 4.0, "max_factor": 10.0},
        "sides": {
            "torch": SideReport(versions={"torch": "2.13.0"}, device="cpu", layers=30),
            "jittor": SideReport(versions={"jittor": "1.3.11.0"}, device="cpu", layers=30),
        },
        "rows": rows,
        "verdict": "diverged" if diverged else "aligned",
        "first": first,
        "worst": worst,
        "sentence": f"jittor diverges, first at {first}." if diverged else "jittor agrees with torch.",
        "coverage": Coverage(
            recorded={"layer": 31, "output": 1},
            compared={"layer": 30, "output": 1},
            not_compared=[Gap("layer:extra#0:out", "only the reference has it")],
            unpaired={"torch": ["layer:extra"], "jittor": []},
        ),
        "attributes": [AttributeDifference("stage.3.bn", "eps", 1e-5, 1e-3)],
        "costs": Costs(
            sides={"torch": _spent(1.2, 0.8, 0.05), "jittor": _spent(3.4, 1.1, 0.07)},
            truth=Spent(wall=0.4, cpu=0.7, cached=False),
            judge=Spent(cpu=0.02),
            ratio=2.4,
        ),
        "against_stored": [AgainstStored("torch", "up.h5", "aligned", "torch agrees.")],
        "observer": {
            "torch": Observer(bitwise=True, max_abs=0.0),
            "jittor": Observer(bitwise=False, max_abs=1e-7, scale=2.0),
        },
    }
    return Alignment(**{**known, **changes})


def _spent(start: float, build: float, bare: float) -> SideCosts:
    one = Spent(wall=bare, cpu=2 * bare, peak_bytes=50 << 20)
    return SideCosts(start, build, 9.5, bare=one, recorded=replace(one, wall=1.5 * bare))


def diverging() -> Alignment:
    """Twenty layers that agree, then ten whose error grows; the longest of paths among them."""
    rows = [row(f"layer:backbone.stage{index}.conv#0:out", index) for index in range(20)]
    deep = "backbone.neck." + ".".join(f"block{index}" for index in range(12))
    for index in range(10):
        address = f"layer:{deep}.{index}.norm#0:out"
        rows.append(row(address, 20 + index, 1e-4 * 2**index, type="BatchNorm2d"))
    return alignment(rows)


def kept(name: str) -> Alignment:
    """A real run, kept with figures of four digits."""
    packed = Path(__file__).with_name(f"{name}.json.gz").read_bytes()
    return Alignment.from_dict(json.loads(gzip.decompress(packed)))


def hostile() -> Alignment:
    """Every text that a stored alignment can hold, as an attacker would write it."""
    rows = [row(f"layer:{HOSTILE}#0:out", 0, 1.0, type=HOSTILE), row("layer:b#0:out", 1, math.inf, None)]
    rows[0].note = HOSTILE
    rows[0].inputs = [HOSTILE]
    return alignment(
        rows,
        sentence=HOSTILE,
        case={"pair": HOSTILE, HOSTILE: HOSTILE},
        policy={"name": HOSTILE, HOSTILE: HOSTILE},
        verdict="failed",
        sides={
            HOSTILE: SideReport("failed", HOSTILE, HOSTILE, HOSTILE, HOSTILE, {HOSTILE: HOSTILE}, HOSTILE),
            "jittor": SideReport(),
        },
        attributes=[AttributeDifference(HOSTILE, HOSTILE, HOSTILE, HOSTILE)],
        coverage=Coverage(
            recorded={HOSTILE: 1},
            not_compared=[Gap(HOSTILE, HOSTILE)],
            unpaired={HOSTILE: [HOSTILE]},
        ),
        observer={HOSTILE: Observer(bitwise=True)},
        against_stored=[AgainstStored(HOSTILE, HOSTILE, HOSTILE, HOSTILE)],
        costs=Costs(sides={HOSTILE: SideCosts(start=1.0)}),
    )
