"""An elementwise formula over many tensors: on the CPU a kernel computes it for several at once.

Each of Jittor's operators takes some microseconds however little it computes, and an optimiser has three or
four of them for every parameter. A formula is a Python function of its operands and of `number`, by which
its numbers go; it is computed with tensors, or tells what to compute when it is given terms.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, Callable, List

import jittor as jt

from ports_jittor.torchlike import _kernels
from ports_jittor.torchlike._common import constant

Operand = Any  # a tensor or a term
Number = Callable[[float], Any]
Formula = Callable[[Number, List[Operand]], List[Operand]]

TOGETHER = 16
"""So many tensors go into one kernel; what is over is computed one by one, lest each rest has a kernel."""
_WAKES_A_SECOND_THREAD = 1 << 17


class Term:
    """C++ that Python's arithmetic puts together."""

    def __init__(self, text: str) -> None:
        self.text = text

    def __add__(self, other: Term) -> Term:
        return Term(f"({self.text} + {other.text})")

    def __sub__(self, other: Term) -> Term:
        return Term(f"({self.text} - {other.text})")

    def __mul__(self, other: Term) -> Term:
        return Term(f"({self.text} * {other.text})")

    def __truediv__(self, other: Term) -> Term:
        return Term(f"({self.text} / {other.text})")

    def sqrt(self) -> Term:
        """The square root."""
        return Term(f"std::sqrt({self.text})")


def compute(formula: Formula, rows: Sequence[Sequence[jt.Var]]) -> list[list[jt.Var]]:
    """The formula's results for every row of operands, which have one shape in a row, one number of rows."""
    found: list[list[jt.Var]] = []
    while len(found) < len(rows):
        begin = len(found)
        whole = begin + TOGETHER <= len(rows)
        found += _joined(formula, rows[begin : begin + (TOGETHER if whole else 1)])
    return found


def _joined(formula: Formula, rows: Sequence[Sequence[jt.Var]]) -> list[list[jt.Var]]:
    first = rows[0]
    if not _kernels.native(first[0]):
        return [formula(partial(constant, like=row[0]), list(row)) for row in rows]
    numbers: dict[str, float] = {}
    results = formula(partial(_named, numbers), [Term(f"a{place}") for place in range(len(first))])
    outputs = [row[0] for row in rows for _ in results]
    computed = jt.code(
        [one.shape for one in outputs],
        [one.dtype for one in outputs],
        [operand for row in rows for operand in row],
        cpu_header="#include <cmath>",
        cpu_src=_source(len(rows), len(first), [one.text for one in results], list(numbers)),
        data=numbers,
    )
    return [list(computed[at : at + len(results)]) for at in range(0, len(computed), len(results))]


def _named(numbers: dict[str, float], value: float) -> Term:
    """A number by name: its value may change without another kernel."""
    name = f"n{len(numbers)}"
    numbers[name] = value
    return Term(name)


def _source(rows: int, operands: int, results: list[str], numbers: list[str]) -> str:
    """One loop a row, in one region of threads."""
    lines = [f'const in0_type {name} = data["{name}"];' for name in numbers]
    total = " + ".join(f"in{row * operands}->num" for row in range(rows))
    lines += [f"#pragma omp parallel if ({total} > {_WAKES_A_SECOND_THREAD})", "{"]
    for row in range(rows):
        lines += ["#pragma omp for nowait", f"for (long long i = 0; i < in{row * operands}->num; ++i) {{"]
        lines += [f"const in0_type a{place} = in{row * operands + place}_p[i];" for place in range(operands)]
        lines += [f"out{row * len(results) + at}_p[i] = {text};" for at, text in enumerate(results)]
        lines.append("}")
    return "\n".join([*lines, "}"])
