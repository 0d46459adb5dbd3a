"""Maxima and weighted sums over windows of a plane: parallel C++ on the CPU, Jittor's operators on a GPU.

A window is a range of rows times a range of columns, given by tables, so that plain, dilated, adaptive and
ceil-mode pooling are one kernel, compiled once.
"""

from __future__ import annotations

from dataclasses import dataclass

import jittor as jt
import numpy as np
from numpy.typing import NDArray

from ports_jittor.torchlike import _kernels
from ports_jittor.torchlike._common import variable, wants_gradient
from ports_jittor.torchlike._take import take
from ports_jittor.torchlike.reduce import max as first_max

Integers = NDArray[np.int64]
_LOWEST = -3.4028234e38  # written out: asking numpy warns once Jittor flushes denormal numbers


@dataclass(frozen=True)
class Side:
    """The windows along one side: `start` up to and without `stop` in steps of `step`, and the divisor."""

    start: Integers
    stop: Integers
    step: int
    divisor: Integers

    def positions(self) -> Integers:
        """The elements of each window, (windows, longest); -1 where a window has fewer."""
        longest = int((-(-(self.stop - self.start) // self.step)).max())
        places = self.start[:, None] + np.arange(longest) * self.step
        return np.where(places < self.stop[:, None], places, -1)

    def table(self) -> jt.Var:
        """Start, stop and divisor as the kernels read them."""
        return jt.array(np.stack([self.start, self.stop, self.divisor]).astype(np.int32))


_MAX = """
const bool with_places = data["with_places"];
const torchlike::Windows down{in1_p, (int)out0_shape1, (int)data["row_step"]};
const torchlike::Windows across{in2_p, (int)out0_shape2, (int)data["column_step"]};
#pragma omp parallel for if (in0->num > 1 << 21)
for (long long plane = 0; plane < in0_shape0; ++plane) {
  const auto* x = in0_p + plane * in0_shape1 * in0_shape2;
  const long long first = plane * out0_shape1 * out0_shape2;
  if (with_places)
    torchlike::window_max<true>(x, in0_shape2, down, across, out0_p + first, out1_p + first);
  else
    torchlike::window_max<false>(x, in0_shape2, down, across, out0_p + first, out1_p);
}
"""

_MAX_GRADIENT = """
const long long size = out0_shape1 * out0_shape2, windows = in0_shape1 * in0_shape2;
#pragma omp parallel for if (out0->num > 1 << 21)
for (long long plane = 0; plane < out0_shape0; ++plane) {
  auto* dx = out0_p + plane * size;
  std::fill(dx, dx + size, 0);
  for (long long k = plane * windows; k < (plane + 1) * windows; ++k) dx[in1_p[k]] += in0_p[k];
}
"""

_MEAN = """
const int width = in0_shape2, rows = out0_shape1, columns = out0_shape2;
#pragma omp parallel for if (in0->num > 1 << 21)
for (long long plane = 0; plane < in0_shape0; ++plane) {
  const auto* x = in0_p + plane * in0_shape1 * width;
  std::vector<double> line(width);
  for (int i = 0; i < rows; ++i) {
    std::fill(line.begin(), line.end(), 0);
    for (int r = in1_p[i]; r < in1_p[rows + i]; ++r)
      for (int c = 0; c < width; ++c) line[c] += x[r * width + c];
    auto* y = out0_p + (plane * rows + i) * columns;
    for (int j = 0; j < columns; ++j) {
      double sum = 0;
      for (int c = in2_p[j]; c < in2_p[columns + j]; ++c) sum += line[c];
      y[j] = sum / ((double)in1_p[2 * rows + i] * in2_p[2 * columns + j]);
    }
  }
}
"""

_MEAN_GRADIENT = """
const int height = out0_shape1, width = out0_shape2, rows = in0_shape1, columns = in0_shape2;
#pragma omp parallel for if (out0->num > 1 << 21)
for (long long plane = 0; plane < out0_shape0; ++plane) {
  auto* dx = out0_p + plane * height * width;
  std::vector<out0_type> line(width);
  std::fill(dx, dx + height * width, 0);
  for (int i = 0; i < rows; ++i) {
    const auto* g = in0_p + (plane * rows + i) * columns;
    std::fill(line.begin(), line.end(), 0);
    for (int j = 0; j < columns; ++j) {
      const out0_type share = g[j] / ((double)in1_p[2 * rows + i] * in2_p[2 * columns + j]);
      for (int c = in2_p[j]; c < in2_p[columns + j]; ++c) line[c] += share;
    }
    for (int r = in1_p[i]; r < in1_p[rows + i]; ++r)
      for (int c = 0; c < width; ++c) dx[r * width + c] += line[c];
  }
}
"""

_HEADER = """
#include <algorithm>
#include <vector>
namespace torchlike {
struct Windows { const int* table; int count, step; };  // starts, then stops
// First down the columns, a row of maxima at a time, then along it. Of equal ones the first in reading order.
template <bool PLACES, class T>
inline void window_max(const T* x, int width, Windows down, Windows across, T* best, int* place) {
  std::vector<T> line(width);
  std::vector<int> from(PLACES ? width : 0);
  for (int i = 0; i < down.count; ++i, best += across.count, place += PLACES ? across.count : 0) {
    const int first = down.table[i], last = down.table[down.count + i];
    std::copy(x + first * width, x + (first + 1) * width, line.begin());
    if (PLACES) std::fill(from.begin(), from.end(), first);
    for (int r = first + down.step; r < last; r += down.step)
      for (int c = 0; c < width; ++c) {
        const T value = x[r * width + c];
        if (PLACES) from[c] = value > line[c] ? r : from[c];
        line[c] = value > line[c] ? value : line[c];
      }
    for (int j = 0; j < across.count; ++j) {
      const int end = across.table[across.count + j];
      int at = across.table[j], row = PLACES ? from[at] : 0;
      T most = line[at];
      for (int c = at + across.step; c < end; c += across.step) {
        bool more = line[c] > most;
        if (PLACES) {
          more |= (line[c] == most) & (from[c] < row);
          row = more ? from[c] : row;
          at = more ? c : at;
        }
        most = more ? line[c] : most;
      }
      best[j] = most;
      if (PLACES) place[j] = row * width + at;
    }
  }
}
}  // namespace torchlike
"""


def window_max(x: jt.Var, rows: Side, columns: Side) -> jt.Var:
    """The maximum of each window of (..., H, W); the gradient goes to the first of several.

    Where a gradient may be asked for, the places of the maxima are recorded: small windows then take two to
    four times as long as Jittor's forward, forward and backward together half as long as Jittor's.
    """
    planes = x.reshape((-1, *x.shape[-2:]))
    shape = (*x.shape[:-2], len(rows.start), len(columns.start))
    if _kernels.native(x):
        if wants_gradient(planes):
            return _Max(rows, columns)(planes).reshape(shape)
        return _maxima(planes, rows, columns, with_places=False)[0].reshape(shape)
    values, _ = first_max(_windows(planes, rows, columns, _LOWEST), -1)
    return values.reshape(shape)


def window_mean(x: jt.Var, rows: Side, columns: Side) -> jt.Var:
    """The sum of each window of (..., H, W), divided by the divisors of its row and its column."""
    planes = x.reshape((-1, *x.shape[-2:]))
    shape = (*x.shape[:-2], len(rows.start), len(columns.start))
    if _kernels.native(x):
        return _Mean(rows, columns)(planes).reshape(shape)
    divisor = (rows.divisor[:, None] * columns.divisor).astype(str(x.dtype))
    return (_windows(planes, rows, columns, 0.0).sum(-1) / variable(divisor[None])).reshape(shape)


class _Max(jt.Function):
    def __init__(self, rows: Side, columns: Side) -> None:
        self.rows, self.columns = rows, columns

    def execute(self, planes: jt.Var) -> jt.Var:
        self.shape = planes.shape
        values, self.places = _maxima(planes, self.rows, self.columns, with_places=True)
        return values

    def grad(self, g: jt.Var) -> jt.Var:
        return jt.code(self.shape, g.dtype, [g, self.places], cpu_header=_HEADER, cpu_src=_MAX_GRADIENT)


class _Mean(jt.Function):
    def __init__(self, rows: Side, columns: Side) -> None:
        self.tables = [rows.table(), columns.table()]
        self.windows = (len(rows.start), len(columns.start))

    def execute(self, planes: jt.Var) -> jt.Var:
        self.shape = planes.shape
        shape = (planes.shape[0], *self.windows)
        return jt.code(shape, planes.dtype, [planes, *self.tables], cpu_header=_HEADER, cpu_src=_MEAN)

    def grad(self, g: jt.Var) -> jt.Var:
        return jt.code(self.shape, g.dtype, [g, *self.tables], cpu_header=_HEADER, cpu_src=_MEAN_GRADIENT)


def _maxima(planes: jt.Var, rows: Side, columns: Side, *, with_places: bool) -> list[jt.Var]:
    """The maxima, and where in their planes they are."""
    shape = (planes.shape[0], len(rows.start), len(columns.start))
    return list(
        jt.code(
            [shape, shape if with_places else (1, 1, 1)],
            [planes.dtype, "int32"],
            [planes, rows.table(), columns.table()],
            cpu_header=_HEADER,
            cpu_src=_MAX,
            data={"row_step": rows.step, "column_step": columns.step, "with_places": int(with_places)},
        )
    )


def _windows(planes: jt.Var, rows: Side, columns: Side, fill: float) -> jt.Var:
    """(planes, rows, columns, elements of the window)."""
    down, across = rows.positions(), columns.positions()
    taken = take(planes, down.ravel(), across.ravel(), fill)
    split = taken.reshape((planes.shape[0], *down.shape, *across.shape)).permute(0, 1, 3, 2, 4)
    return split.reshape((planes.shape[0], len(down), len(across), down.shape[1] * across.shape[1]))
