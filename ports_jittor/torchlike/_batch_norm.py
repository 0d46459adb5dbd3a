"""Batch normalisation over a batch's own statistics, for the CPU: one kernel forth, one back.

Small networks have a hundred such layers, and each of Jittor's operators takes some microseconds however
little it computes. The last pass forth stays an expression of Jittor's, which joins it with the activation
behind it.
"""

from __future__ import annotations

import jittor as jt

from ports_jittor.torchlike._kernels import WAKES_A_SECOND_THREAD

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
        channels = (x.shape[1],)
        along = (1, *channels) + (1,) * (x.ndim - 2)
        mean, rstd, scale, *running = jt.code(
            [along, channels, along, channels, channels],
            [x.dtype] * 5,
            [x, weight, *self.running],
            cpu_header="#include <cmath>",
            cpu_src='const double eps = data["eps"], share = data["share"];'
            + _SIZES.replace("BODY", _STATISTICS),
            data=self.numbers,
        )
        self.running = (running[0], running[1])
        self.x, self.weight, self.mean, self.rstd = x, weight, mean, rstd
        return (x - mean) * scale + bias.reshape(along)

    def grad(self, g: jt.Var) -> tuple[jt.Var, jt.Var, jt.Var]:
        inputs = [g, self.x, self.mean, self.rstd, self.weight]
        shapes = [self.x.shape, self.weight.shape, self.weight.shape]
        source = _SIZES.replace("BODY", _GRADIENTS)
        to_input, to_weight, to_bias = jt.code(shapes, [g.dtype] * 3, inputs, cpu_src=source)
        return to_input, to_weight, to_bias
