"""Reductions in double precision: parallel C++ on the CPU, Jittor's own operators by stages on a GPU.

Jittor's CPU reductions run on one thread and add float32 numbers one after another, which drifts. Here a
tensor is seen as four blocks (r0, k0, r1, k1): blocks `r` are reduced, blocks `k` are kept. One view for
all ranks and dimensions means that each kernel is compiled once.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import prod
from typing import Tuple

import jittor as jt

Blocks = Tuple[int, int, int, int]
WAKES_A_SECOND_THREAD = 1 << 22
"""So many elements; waking it costs more below."""

_HEADER = """
namespace torchlike {
constexpr long long WIDE = 256;  // kept columns that one task takes together
// Adds term(position, column), and other(position, column), over the reduced elements of `width` kept
// columns.
template <class Term, class Other>
inline void add_both(const long long* b, long long row, long long first, long long width, double* total,
                     Term term, double* others, Other other) {
  for (long long j = 0; j < width; ++j) total[j] = others[j] = 0;
  for (long long i = 0; i < b[0]; ++i) {
    long long at = (i * b[1] + row) * b[2] * b[3] + first;
    if (b[3] == 1) {
      double sum = 0, more = 0;
      for (const long long end = at + b[2]; at < end; ++at) {
        sum += term(at, 0);
        more += other(at, 0);
      }
      total[0] += sum;
      others[0] += more;
    } else {
      for (long long r = 0; r < b[2]; ++r, at += b[3])
        for (long long j = 0; j < width; ++j) {
          total[j] += term(at + j, j);
          others[j] += other(at + j, j);
        }
    }
  }
}
// Adds one alone.
template <class Term>
inline void add_up(const long long* b, long long row, long long first, long long width, double* total,
                   Term term) {
  double none[WIDE];
  add_both(b, row, first, width, total, term, none, [](long long, long long) { return 0.0; });
}
}  // namespace torchlike
"""

_SOURCE = f"""
using torchlike::WIDE;
using torchlike::add_both;
using torchlike::add_up;
const long long blocks[4] = {{in0_shape0, in0_shape1, in0_shape2, in0_shape3}};
const long long chunks = (blocks[3] + WIDE - 1) / WIDE;
#pragma omp parallel for if (in0->num > {WAKES_A_SECOND_THREAD})
for (long long task = 0; task < blocks[1] * chunks; ++task) {{
  const long long row = task / chunks, first = task % chunks * WIDE;
  const long long width = std::min(WIDE, blocks[3] - first), kept = row * blocks[3] + first;
  double a[WIDE], b[WIDE];
  BODY
}}
"""

_SUM = """
add_up(blocks, row, first, width, a, [&](long long at, long long) { return (double)in0_p[at]; });
for (long long j = 0; j < width; ++j) out0_p[kept + j] = a[j];
"""

_MOMENTS = """
const double count = blocks[0] * blocks[2];
add_up(blocks, row, first, width, a, [&](long long at, long long) { return (double)in0_p[at]; });
for (long long j = 0; j < width; ++j) a[j] /= count;
add_up(blocks, row, first, width, b, [&](long long at, long long j) {
  const double d = in0_p[at] - a[j];
  return d * d;
});
for (long long j = 0; j < width; ++j) {
  out0_p[kept + j] = a[j];
  out1_p[kept + j] = b[j] / count;
}
"""

_SUM_AND_DOT = """
double mean[WIDE];
for (long long j = 0; j < width; ++j) mean[j] = in2_p[kept + j];
add_both(
    blocks, row, first, width, a, [&](long long at, long long) { return (double)in0_p[at]; },
    b, [&](long long at, long long j) { return (double)in0_p[at] * (in1_p[at] - mean[j]); });
for (long long j = 0; j < width; ++j) {
  out0_p[kept + j] = a[j];
  out1_p[kept + j] = b[j] * in3_p[kept + j];
}
"""


def native(x: jt.Var) -> bool:
    """Whether the C++ kernels serve this tensor."""
    return not jt.flags.use_cuda and str(x.dtype) in ("float32", "float64") and x.numel() > 0


def normal_dims(x: jt.Var, dims: int | Sequence[int] | None) -> tuple[int, ...]:
    """Dimensions counted from the front, in rising order; all of them for None, as torch has it."""
    if dims is None or (not isinstance(dims, int) and not dims):
        return tuple(range(x.ndim))
    chosen = (dims,) if isinstance(dims, int) else dims
    for dim in chosen:
        if not -x.ndim <= dim < x.ndim:
            raise IndexError(f"dimension {dim} of a tensor with {x.ndim}: use {-x.ndim} to {x.ndim - 1}")
    return tuple(sorted({dim % x.ndim for dim in chosen}))


def kept_shape(x: jt.Var, dims: Sequence[int]) -> list[int]:
    """The shape after a reduction that keeps its dimensions."""
    return [1 if dim in dims else size for dim, size in enumerate(x.shape)]


def sums(x: jt.Var, dims: Sequence[int]) -> jt.Var:
    """The sum over `dims`, which stay with size 1. Without a gradient of its own on the CPU."""
    blocks = _blocks(x, dims)
    if blocks is None:
        return staged_sum(x, dims)
    shape = kept_shape(x, dims)
    return _run(_SUM, 1, blocks, [x])[0].reshape(shape)


def moments(x: jt.Var, dims: Sequence[int]) -> tuple[jt.Var, jt.Var]:
    """Mean and biased variance over `dims`, which stay with size 1; the variance takes a second pass."""
    blocks = _blocks(x, dims)
    shape = kept_shape(x, dims)
    if blocks is None:
        count = x.numel() // prod(shape)
        mean = staged_sum(x, dims) / count
        return mean, staged_sum((x - mean).sqr(), dims) / count
    mean, variance = _run(_MOMENTS, 2, blocks, [x])
    return mean.reshape(shape), variance.reshape(shape)


def sum_and_dot(
    g: jt.Var, x: jt.Var, mean: jt.Var, scale: jt.Var, dims: Sequence[int]
) -> tuple[jt.Var, jt.Var]:
    """Over `dims`: the sum of g, and the sum of g * (x - mean) * scale."""
    blocks = _blocks(x, dims)
    if blocks is None:
        return staged_sum(g, dims), staged_sum(g * ((x - mean) * scale), dims)
    shape = kept_shape(x, dims)
    total, dot = _run(_SUM_AND_DOT, 2, blocks, [g, x], [mean, scale])
    return total.reshape(shape), dot.reshape(shape)


def staged_sum(x: jt.Var, dims: Sequence[int]) -> jt.Var:
    """The sum over `dims` with Jittor's operators: one dimension at a time, the innermost first."""
    for dim in sorted(dims, reverse=True):
        x = x.sum(dim, keepdims=True)
    return x


def _run(
    body: str, outputs: int, blocks: Blocks, whole: list[jt.Var], kept: Sequence[jt.Var] = ()
) -> list[jt.Var]:
    """One kernel: inputs of the whole size and of the kept size, outputs of the kept size."""
    size = blocks[1] * blocks[3]
    inputs = [x.reshape(blocks) for x in whole] + [x.reshape((size,)) for x in kept]
    source = _SOURCE.replace("BODY", body)
    dtype = whole[0].dtype
    return list(jt.code([(size,)] * outputs, [dtype] * outputs, inputs, cpu_header=_HEADER, cpu_src=source))


def _blocks(x: jt.Var, dims: Sequence[int]) -> Blocks | None:
    """The view that the kernels need, or None where Jittor's own operators have to do."""
    if not native(x):
        return None
    sized = [(dim in dims, size) for dim, size in enumerate(x.shape) if size > 1]
    groups = [
        (reduced, prod(size for _, size in group)) for reduced, group in groupby(sized, key=lambda d: d[0])
    ]
    sizes = [size for _, size in groups]
    first_reduced = bool(groups) and groups[0][0]
    if first_reduced and len(groups) <= 2:
        sizes = [1, 1, *sizes]
    elif not first_reduced:
        sizes = [1, *sizes]
    if len(sizes) > 4:
        return None
    r0, k0, r1, k1 = [*sizes, 1, 1, 1][:4]
    return r0, k0, r1, k1
