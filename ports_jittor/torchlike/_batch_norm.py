"""Batch normalisation for the CPU: one kernel forth, one back.

Small networks have a hundred such layers, and each of Jittor's operators takes some microseconds however
little it computes. With many elements the last pass forth is an expression of Jittor's, which joins it with
the activation behind it: that saves a pass over memory.
"""

from __future__ import annotations

from typing import Any

import jittor as jt

from ports_jittor.torchlike._kernels import WAKES_A_SECOND_THREAD

MANY = 1 << 18
"""So many elements are passed over in more time than Jittor takes for the operators of an expression."""

_SIZES = f"""
const long long samples = in0_shape0, channels = in0_shape1, inner = in0->num / (samples * channels);
const double count = (double)samples * inner;
#pragma omp parallel for if (in0->num > {WAKES_A_SECOND_THREAD})
for (long long k = 0; k < channels; ++k) {{
  BODY
}}
"""

_STATISTICS = """
double total = 0, square = 0;
for (long long i = 0; i < samples; ++i) {
  const in0_type* x = in0_p + (i * channels + k) * inner;
  for (long long j = 0; j < inner; ++j) total += x[j];
}
const double mean = total / count;
for (long long i = 0; i < samples; ++i) {
  const in0_type* x = in0_p + (i * channels + k) * inner;
  for (long long j = 0; j < inner; ++j) square += (x[j] - mean) * (x[j] - mean);
}
const double rstd = 1 / std::sqrt(square / count + eps);
out0_p[k] = mean;
out1_p[k] = rstd;
out2_p[k] = rstd * in1_p[k];
out3_p[k] = in2_p[k] + (mean - in2_p[k]) * share;
out4_p[k] = in3_p[k] + (square / (count - 1) - in3_p[k]) * share;
"""


def _scaled(mean: str, scale: str, bias: str, result: str) -> str:
    """The last pass."""
    return f"""
    const in0_type middle = {mean}, factor = {scale}, shift = {bias};
    for (long long i = 0; i < samples; ++i) {{
      const long long start = (i * channels + k) * inner;
      for (long long j = start; j < start + inner; ++j) {result}[j] = (in0_p[j] - middle) * factor + shift;
    }}
    """


_NORMALIZED = _STATISTICS + _scaled("mean", "out2_p[k]", "in4_p[k]", "out5_p")
_FIXED = _scaled("in1_p[k]", "in3_p[k] / std::sqrt(in2_p[k] + eps)", "in4_p[k]", "out0_p")

_GRADIENTS = """
const in1_type mean = in2_p[k], rstd = in3_p[k];
double total = 0, dot = 0;
for (long long i = 0; i < samples; ++i) {
  const in0_type* g = in0_p + (i * channels + k) * inner;
  const in1_type* x = in1_p + (i * channels + k) * inner;
  for (long long j = 0; j < inner; ++j) {
    total += g[j];
    dot += (double)g[j] * (x[j] - mean);
  }
}
dot *= rstd;
out1_p[k] = dot;
out2_p[k] = total;
const in0_type shift = total / count, slope = dot * rstd / count, scale = rstd * in4_p[k];
for (long long i = 0; i < samples; ++i) {
  const long long start = (i * channels + k) * inner;
  const in0_type *g = in0_p + start;
  const in1_type *x = in1_p + start;
  out0_type* to_input = out0_p + start;
  for (long long j = 0; j < inner; ++j) to_input[j] = (g[j] - shift - (x[j] - mean) * slope) * scale;
}
"""


class NormalizeBatch(jt.Function):
    """(x - mean) / sqrt(variance + eps) * weight + bias for each channel, the second dimension.

    Afterwards `running` holds what the running statistics become: the old ones, and `share` of the way to
    the batch's.
    """

    def __init__(self, eps: float, share: float, running: tuple[jt.Var, jt.Var]) -> None:
        self.numbers = {"eps": eps, "share": share}
        self.running = running

    def execute(self, x: jt.Var, weight: jt.Var, bias: jt.Var) -> jt.Var:
        """By the statistics of x."""
        channels, along = weight.shape, _along(x)
        shapes = [along, channels, along, channels, channels]
        inputs, whole = [x, weight, *self.running], x.numel() < MANY
        if whole:
            shapes, inputs = [*shapes, x.shape], [*inputs, bias]
        mean, rstd, scale, *others = _run(_NORMALIZED if whole else _STATISTICS, shapes, inputs, self.numbers)
        self.running = (others[0], others[1])
        self.x, self.weight, self.mean, self.rstd = x, weight, mean, rstd
        return others[2] if whole else (x - mean) * scale + bias.reshape(along)

    def grad(self, g: jt.Var) -> tuple[jt.Var, jt.Var, jt.Var]:
        """The gradients of x, weight and bias."""
        inputs = [g, self.x, self.mean, self.rstd, self.weight]
        shapes = [self.x.shape, self.weight.shape, self.weight.shape]
        to_input, to_weight, to_bias = _run(_GRADIENTS, shapes, inputs, {})
        return to_input, to_weight, to_bias


def normalize_by(
    x: jt.Var, mean: jt.Var, variance: jt.Var, weight: jt.Var, bias: jt.Var, eps: float
) -> jt.Var:
    """The same with given statistics; for fewer elements than `MANY`."""
    return _run(_FIXED, [x.shape], [x, mean, variance, weight, bias], {"eps": eps})[0]


def _along(x: jt.Var) -> tuple[int, ...]:
    """The shape of what goes with each channel."""
    return (1, x.shape[1]) + (1,) * (x.ndim - 2)


def _run(body: str, shapes: list[Any], inputs: list[jt.Var], numbers: dict[str, float]) -> list[jt.Var]:
    named = "".join(f'const double {name} = data["{name}"];' for name in numbers)
    source = named + _SIZES.replace("BODY", body)
    dtypes = [inputs[0].dtype] * len(shapes)
    return list(jt.code(shapes, dtypes, inputs, cpu_header="#include <cmath>", cpu_src=source, data=numbers))
