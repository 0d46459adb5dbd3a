"""Hypotheses about a loss: another distance, scores for logarithms of shares, another axis or order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.answers import LossOperation
from harness.diagnose.losses import KIN
from harness.requests import Edit

_Edits = tuple[str, list[Edit]]
_DISTANCES = ("abs", "square", "pow", "l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss")
_SMOOTH: tuple[tuple[str, tuple[float, ...], str], ...] = (
    ("smooth_l1", (1.0, 0.5, 0.1, 1.0 / 9.0, 2.0), "the smooth L1 distance, a square below {} (beta)"),
    ("huber", (0.5, 0.1, 2.0), "the Huber distance, a square below {} (delta)"),
    ("charbonnier", (1e-2, 1e-3, 1e-4, 1e-6, 1e-8, 1e-9, 1e-12, 1.0), "Charbonnier's: sqrt(x * x + {})"),
    ("huber", (1e9,), "half the square (the square times 0.5)"),
    ("log1p", (0.0,), "the logarithm of 1 plus the absolute value (log1p)"),
    ("log_cosh", (0.0,), "the logarithm of the hyperbolic cosine"),
)
_OTHER_LOSS: Mapping[str, tuple[str, str]] = {
    "cross_entropy": ("nll_loss", "it takes scores for logarithms: the log_softmax is left out"),
    "nll_loss": ("cross_entropy", "it takes logarithms for scores: a log_softmax more"),
    "binary_cross_entropy": ("binary_cross_entropy_with_logits", "it takes probabilities for logits"),
    "binary_cross_entropy_with_logits": ("binary_cross_entropy", "it takes logits for probabilities"),
}
_EPS = (1e-5, 1e-6, 1e-7, 1e-8)
_ROOTS = ("abs", "l1_loss")
_ALONG_ONE = ("softmax", "log_softmax", "argmax", "argmin", "logsumexp", "cumsum", "cumprod", "prod", "norm")
_ALONG = (*_ALONG_ONE, *KIN[0], "topk", "sort", "argsort", "amax", "amin", "median", "std", "var")
_ELEMENTWISE = (*KIN[3], *KIN[4])
_REDUCES = ("mean", "sum", "amax", "amin")


def edits(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """Edits of one operation, or of two neighbours, each with its words."""
    for one in operations:
        yield from _distances(one)
        yield from _losses(one)
        yield from _likelihood(one)
        yield from _axes(one)
    yield from _orders(operations)
    yield from _roots(operations)


def _distances(one: LossOperation) -> Iterator[_Edits]:
    for function, values, words in _SMOOTH if one.type in _DISTANCES else ():
        for value in values:
            said = f"{one.path} is {words.format(f'{value:g}')}, in place of {one.type}"
            yield said, [Edit(one.path, "distance", function=function, value=value)]


def _losses(one: LossOperation) -> Iterator[_Edits]:
    if one.type in _OTHER_LOSS:
        other, why = _OTHER_LOSS[one.type]
        words = f"{one.path} is {other} in place of {one.type}: {why}"
        yield words, [Edit(one.path, "function", function=other)]


def _likelihood(one: LossOperation) -> Iterator[_Edits]:
    """One minus a share, for the negative logarithm of it."""
    if one.type == "sub" and one.tensors == 1 and 1 in one.arguments.values():
        words = f"{one.path} is the negative logarithm of its input (-log), in place of 1 minus it"
        for eps in (0.0, *_EPS):
            said = words + (f", with {eps:g} beside it" if eps else "")
            yield said, [Edit(one.path, "distance", function="negative_log", value=eps)]


def _roots(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """The root of the mean of squares for the mean of absolute values."""
    for one in operations:
        takers = [other for other in operations if any(tensor.name == one.path for tensor in other.given)]
        for taker in takers if one.type in _ROOTS else ():
            if taker.type in _REDUCES:
                words = (
                    f"the root of the {taker.type} of squares is taken: {one.path} is square, and behind "
                    f"{taker.path} its square root is taken"
                )
                yield (
                    words,
                    [
                        Edit(one.path, "function", function="square"),
                        Edit(taker.path, "after", function="sqrt"),
                    ],
                )


def _axes(one: LossOperation) -> Iterator[_Edits]:
    """Another axis of what runs along one."""
    if one.type not in _ALONG:
        return
    for name in ("dim", "axis", "1"):
        now = one.arguments.get(name)
        if isinstance(now, int) and not isinstance(now, bool) and (name != "1" or one.type in _ALONG_ONE):
            for axis in range(one.rank):
                if axis != now % max(one.rank, 1):
                    words = f"{one.path} runs over axis {axis}, not {now % one.rank} (dim={axis})"
                    yield words, [Edit(one.path, "argument", name=name, value=axis)]


def _orders(operations: Sequence[LossOperation]) -> Iterator[_Edits]:
    """A function of each element behind a reduction for before it: the logarithm of a mean."""
    makers = {one.path: one for one in operations}
    for second in operations:
        first = makers.get(second.given[0].name) if len(second.given) == 1 else None
        if first is None or len(first.given) != 1:
            continue
        kinds = {first.type, second.type}
        if not (kinds & set(_ELEMENTWISE) and kinds & set(_REDUCES)):
            continue
        arguments = [_by_place(one) for one in (first, second)]
        if None not in arguments:
            words = f"{second.path} runs before {first.path}: their order is exchanged"
            yield (
                words,
                [
                    Edit(first.path, "called", function=second.type, value=arguments[1]),
                    Edit(second.path, "called", function=first.type, value=arguments[0]),
                ],
            )


def _by_place(one: LossOperation) -> list[object] | None:
    """The plain arguments behind the tensor, where they are given by place."""
    if not all(name.isdigit() for name in one.arguments):
        return None
    return [one.arguments[name] for name in sorted(one.arguments)]
