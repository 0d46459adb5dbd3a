"""A measurement in the form of pytest-benchmark's JSON, so that `pytest-benchmark compare` reads it."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.bench.result import Bench, BenchRow, Figures


def pytest_form(found: Bench) -> dict[str, Any]:
    """The whole file."""
    benchmarks = [
        _benchmark(found, row, figures) for row in found.rows for figures in (row.first, row.second)
    ]
    machine = {"cpu": {"brand_raw": found.machine.processor, "count": found.machine.cores}}
    return {
        "machine_info": {"node": "", "system": found.machine.system, **machine},
        "commit_info": {},
        "benchmarks": benchmarks,
        "datetime": found.date,
        "version": "5.1.0",
    }


def _benchmark(found: Bench, row: BenchRow, figures: Figures) -> dict[str, Any]:
    label = figures.contestant.label
    calls = np.asarray([call for block in row.samples[label] for call in block])
    low, middle, high = (float(value) for value in np.percentile(calls, [25, 50, 75]))
    name = f"{found.model}/{found.variant} {row.key} [{label}]"
    return {
        "group": f"{found.model}/{found.variant} {row.mode} batch {row.batch}",
        "name": name,
        "fullname": name,
        "params": None,
        "param": None,
        "extra_info": {"unequal": found.unequal, "settings": figures.settings},
        "options": {},
        "stats": {
            "min": float(calls.min()),
            "max": float(calls.max()),
            "mean": float(calls.mean()),
            "stddev": float(calls.std(ddof=1)) if len(calls) > 1 else 0.0,
            "rounds": len(calls),
            "median": middle,
            "iqr": high - low,
            "q1": low,
            "q3": high,
            "ld15iqr": float(calls.min()),
            "hd15iqr": float(calls.max()),
            "iqr_outliers": 0,
            "stddev_outliers": 0,
            "outliers": "0;0",
            "ops": 1 / float(calls.mean()),
            "total": float(calls.sum()),
            "iterations": 1,
        },
    }
