"""What each part of ports_jittor/torchlike costs beside the Jittor operator it replaces.

    python -m benchmarks.bench_torchlike [PATTERN]

Both run warm and in turns on the same input, and are judged by the rule of `align bench`. Figures are medians
in milliseconds of processor time, forward and forward with backward, then the ratio to Jittor's own (below 1:
the part is faster) and its verdict.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.bench import statistics
from harness.environment import jittor_environment
from harness.sides.jittor_here import import_here

SIZES = [(2, 64, 64, 64), (8, 16, 128, 128)]
CALLS = 5

Call = Callable[[Any], Any]
Case = tuple[str, Call, Call]  # name, part, Jittor's own


def image_cases(channels: int) -> Iterator[Case]:
    """Parts that take one image (N, C, H, W)."""
    from jittor import nn as theirs

    from ports_jittor.torchlike import functional as ours
    from ports_jittor.torchlike import linear, nn, norm, reduce

    for kind, arguments in [("BatchNorm2d", (channels,)), ("Conv2d", (channels, channels, 3, 1, 1))]:
        part, own = getattr(nn, kind)(*arguments), getattr(theirs, kind)(*arguments)
        yield f"{kind}, training", part, own
    still = [room.BatchNorm2d(channels) for room in (nn, theirs)]
    for layer in still:
        layer.is_train = False
    yield "BatchNorm2d, eval", still[0], still[1]
    yield "GroupNorm", nn.GroupNorm(4, channels), theirs.GroupNorm(4, channels)
    yield "LayerNorm, last dimension", *_layer_norms()
    yield "LayerNorm of channels", lambda x: norm.channel_layer_norm(x, None, None), _channel_norm
    for name in ("sum", "mean"):
        yield f"{name} over 0, 2, 3", lambda x, f=name: getattr(reduce, f)(x, (0, 2, 3)), _reduced(name)
    yield "amax over 2, 3", lambda x: reduce.amax(x, (2, 3)), lambda x: x.max(dims=(2, 3))
    for name in ("relu", "leaky_relu", "silu", "gelu", "softplus", "sigmoid", "tanh"):
        yield name, getattr(ours, name), _own_activation(name)
    yield "logsigmoid", ours.logsigmoid, theirs.log_sigmoid
    for dim in (1, 3):
        yield (
            f"softmax, {dim}",
            lambda x, d=dim: ours.softmax(x, d),
            lambda x, d=dim: theirs.softmax(x, dim=d),
        )
    for window in [(2, 2, 0), (3, 2, 1), (5, 1, 2)]:
        yield (
            f"max_pool2d {window}",
            lambda x, w=window: ours.max_pool2d(x, *w),
            lambda x, w=window: theirs.max_pool2d(x, *w),
        )
    yield "avg_pool2d 2", lambda x: ours.avg_pool2d(x, 2), lambda x: theirs.avg_pool2d(x, 2)
    yield "adaptive_avg_pool2d 1", lambda x: ours.adaptive_avg_pool2d(x, 1), theirs.AdaptiveAvgPool2d(1)
    yield "adaptive_avg_pool2d 16", lambda x: ours.adaptive_avg_pool2d(x, 16), theirs.AdaptiveAvgPool2d(16)
    for mode in ("nearest", "bilinear"):
        yield f"interpolate x2 {mode}", _resized(ours, mode), _resized(theirs, mode)
    yield "pad reflect", _padded(ours), _padded(theirs)
    yield "unfold 5", lambda x: ours.unfold(x, 5), lambda x: theirs.unfold(x, 5)
    yield "l1_loss", lambda x: ours.l1_loss(x, x * 0.5), lambda x: theirs.l1_loss(x, x * 0.5)
    yield (
        "binary_cross_entropy_with_logits",
        *_on_targets(ours.binary_cross_entropy_with_logits, theirs.binary_cross_entropy_with_logits),
    )
    yield "cross_entropy", *_on_labels(channels)
    yield "bmm", _squared(linear.bmm), _squared(theirs.bmm)
    yield "Dropout", *_dropouts()


def _layer_norms() -> tuple[Call, Call]:
    from jittor import nn as theirs

    from ports_jittor.torchlike import nn

    return _by_width(nn.LayerNorm), _by_width(theirs.LayerNorm)


def _by_width(kind: Callable[[int], Call]) -> Call:
    layers: dict[int, Call] = {}

    def call(x: Any) -> Any:
        width = x.shape[-1]
        layer = layers.setdefault(width, kind(width))
        return layer(x)

    return call


def _channel_norm(x: Any) -> Any:
    """As ports write it in Jittor."""
    mean = x.mean(1, keepdims=True)
    variance = (x - mean).sqr().mean(1, keepdims=True)
    return (x - mean) / (variance + 1e-5).sqrt()


def _reduced(name: str) -> Call:
    return lambda x: getattr(x, name)(dims=(0, 2, 3))


def _own_activation(name: str) -> Call:
    import jittor

    return getattr(jittor if name in ("sigmoid", "tanh") else jittor.nn, name)


def _resized(room: Any, mode: str) -> Call:
    return lambda x: room.interpolate(x, size=(2 * x.shape[2], 2 * x.shape[3]), mode=mode)


def _padded(room: Any) -> Call:
    return lambda x: room.pad(x, (2, 2, 2, 2), mode="reflect")


def _squared(bmm: Callable[[Any, Any], Any]) -> Call:
    return lambda x: bmm(x.reshape((-1, *x.shape[2:])), x.reshape((-1, *x.shape[2:])))


def _dropouts() -> tuple[Call, Call]:
    from jittor import nn as theirs

    from ports_jittor.torchlike import nn

    own = theirs.Dropout(0.1)
    own.is_train = True
    return nn.Dropout(0.1), own


def _on_targets(ours: Callable[[Any, Any], Any], theirs: Callable[[Any, Any], Any]) -> tuple[Call, Call]:
    return lambda x: ours(x, (x > 0).float32()), lambda x: theirs(x, (x > 0).float32())


def _on_labels(channels: int) -> tuple[Call, Call]:
    import jittor

    from ports_jittor.torchlike import functional as ours

    labels: dict[tuple[int, ...], Any] = {}

    def of(x: Any) -> Any:
        shape = (x.shape[0], *x.shape[2:])
        if shape not in labels:
            labels[shape] = jittor.array(np.arange(np.prod(shape)).reshape(shape) % channels)
        return labels[shape]

    return lambda x: ours.cross_entropy(x, of(x)), lambda x: jittor.nn.cross_entropy_loss(x, of(x))


@dataclass(frozen=True)
class Judged:
    """Milliseconds of both, and the ratio of the part to Jittor's own."""

    part: float
    own: float
    ratio: statistics.Ratio


def judged(part: Callable[[], None], own: Callable[[], None]) -> Judged:
    """Both in turns, by the rule of `align bench`; all rounds are made in this one process."""
    calls, rounds = (own, part), list[float]()
    taken: tuple[list[float], list[float]] = ([], [])
    for call in (*calls, *calls):
        call()
    while not statistics.settled(rounds):
        blocks: tuple[list[list[float]], list[list[float]]] = ([], [])
        for one in (0, 1, 1, 0):
            blocks[one].append([_seconds(calls[one]) for _ in range(CALLS)])
            taken[one].extend(blocks[one][-1])
        rounds.append(statistics.round_ratio(*blocks))
    of_own, of_part = (1e3 * statistics.spread(seconds).median for seconds in taken)
    return Judged(of_part, of_own, statistics.ratio_of(rounds))


def _seconds(call: Callable[[], None]) -> float:
    """Of the processor, which other work does not add to."""
    start = time.process_time()
    call()
    return time.process_time() - start


def measured(part: Call, own: Call, shape: tuple[int, ...]) -> tuple[Judged, Judged]:
    """Forward of both, and forward and backward of both."""
    import jittor

    from ports_jittor.torchlike.state import parameters

    x = jittor.array(np.random.default_rng(0).standard_normal(shape).astype(np.float32))
    cotangents = [jittor.randn(call(x).shape) for call in (part, own)]
    jittor.sync([x, *cotangents])

    def forward(call: Call) -> Callable[[], None]:
        return lambda: call(x).sync()

    def both(call: Call, cotangent: Any) -> Callable[[], None]:
        wanted = [x, *(parameters(call) if isinstance(call, jittor.nn.Module) else [])]

        def run() -> None:
            result = call(x)
            jittor.sync([result, *jittor.grad(result * cotangent, wanted)])

        return run

    back = [both(call, gradient) for call, gradient in zip((part, own), cotangents, strict=True)]
    return judged(forward(part), forward(own)), judged(*back)


def main(pattern: str = "") -> None:
    """Print one line for each part and size."""
    import_here(jittor_environment())
    print(f"{'':34}{'forward':>10}{'own':>9}  {'ratio':24}{'both ways':>10}{'own':>9}  ratio")
    for shape in SIZES:
        print(shape)
        for name, part, own in image_cases(shape[1]):
            if pattern in name:
                told = "".join(
                    f"{one.part:10.3f}{one.own:9.3f}  {one.ratio.value:5.2f} {one.ratio.verdict:18}"
                    for one in measured(part, own, shape)
                )
                print(f"  {name:32}{told}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:2])
