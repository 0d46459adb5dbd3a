"""Published initial values of the morphology networks, for the tests of both sides."""

from __future__ import annotations

CONSTANTS = {
    "alpha": 0.1,
    "multi_tophat.1.scale": 1.0,
    "multi_tophat.1.bias": 0.0,
    "multi_log.2.pos_weight": 1.0,
    "multi_log.2.neg_weight": 0.5,
    "max_median.mix": 0.0,
    "max_median.beta_raw": 0.0,
    "threshold.threshold": 0.3,
    "threshold.temperature_raw": 0.0,
}
LEVEL_0 = (1.0, 1.2, 1.2)  # the blur of each scale
GAUSSIAN_ROWS = {1.0: (0.02193823, 0.09832034, 0.16210283), 1.2: (0.02940561, 0.08333362, 0.11792801)}
LAPLACIAN = [[0, -1, 0], [-1, 4, -1], [0, -1, 0]]
