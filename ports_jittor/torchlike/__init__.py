"""torch's meaning for Jittor: drop-in parts for what Jittor's own operators do differently.

`nn` and `functional` carry torch's names, so that a port differs from its reference in the imports alone.
What has no place there: `reduce` (sums, means, extremes), `kinks` (abs, clamp, maximum, minimum), `linear`
(matmul, bmm), `norm` (layer norm of channels, freezing), `state` (strict loading, torch's state dict,
what trains), `optim`, `schedule` and `ema`. Each says in a line what it mends.

On the CPU, reductions and windows run as C++ in double precision; on a GPU, as Jittor's own operators.
"""
