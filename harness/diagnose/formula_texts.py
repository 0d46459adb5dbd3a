"""Well-known formulas of losses as texts of a few operands: `p` and `t`, or `x`; each with its words."""

from __future__ import annotations

import math
from collections.abc import Iterator

Formula = tuple[str, str]

_EPS = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-12)
_CHARBONNIER = (1e-2, 1e-3, 1e-4, 1e-6, 1e-8, 1e-9, 1e-12, 1.0)
_BETAS = (1.0, 0.5, 0.1, 1.0 / 9.0, 2.0)
_SMOOTHING = (0.0, 1.0, 1e-3, 1e-5, 1e-6, 1e-7, 1e-8)
_DICE, _IOU = "Dice: twice the intersection over the sum", "the intersection over the union"


def softplus(x: str) -> str:
    """The logarithm of 1 plus exp, which does not overflow."""
    return f"(({x}).clamp(min=0) + (-({x}).abs()).exp().log1p())"


_OF_LOGITS = f"({softplus('p')} - p * t)"
_OF_SHARES = "(-(t * p.log().clamp(min=-100) + (1 - t) * (1 - p).log().clamp(min=-100)))"
_BINARY = "the binary cross entropy"


def _distances() -> Iterator[Formula]:
    yield "(p - t).square()", "the square of the difference (mse, L2)"
    yield "(p - t).abs()", "the absolute difference (L1)"
    yield "((p - t).square() / 2)", "half the square of the difference"
    for eps in _CHARBONNIER:
        yield f"((p - t).square() + {eps}).sqrt()", f"Charbonnier's distance, the root of square plus {eps:g}"
    for beta in _BETAS:
        near = f"(p - t).abs().clamp(max={beta})"
        huber = f"({near} * ((p - t).abs() - {near} / 2))"
        yield f"({huber} / {beta})", f"the smooth L1 distance, a square below {beta:g} (beta)"
        yield huber, f"the Huber distance, a square below {beta:g} (delta)"
    yield "(p - t).abs().log1p()", "the logarithm of 1 plus the absolute difference"
    yield "(p - t).square().log1p()", "the logarithm of 1 plus the square of the difference"
    yield "(p - t).cosh().log()", "the logarithm of the hyperbolic cosine of the difference"
    for eps in (1e-8, 1e-6, 1e-3, 1.0):
        yield (
            f"((p - t).abs() / (t.abs() + {eps}))",
            f"the relative difference, divided by target plus {eps:g}",
        )
        both = f"((p - t).abs() / (p.abs() + t.abs() + {eps}))"
        yield both, f"the difference relative to both, divided by their sum plus {eps:g}"
        yield (
            f"((p - t) / (t + {eps})).square()",
            f"the square of the relative difference (by target plus {eps:g})",
        )
    yield "(p - t).clamp(min=0)", "a rectifier of the difference: what is too small is free (hinge)"
    yield "(t - p).clamp(min=0)", "a rectifier of the difference: what is too large is free (hinge)"
    for share in (0.1, 0.25, 0.75, 0.9):
        pinball = f"((t - p) * {share}).maximum((t - p) * ({share} - 1))"
        yield pinball, f"the pinball loss of the quantile {share:g}"


_THROUGH = (
    ("({}).clamp(min=0).sqrt()", "roots"),
    ("(({}) + 1e-8).log()", "logarithms"),
    ("({}).log1p()", "logarithms of 1 plus"),
    ("({}).clamp(min=0).log1p()", "logarithms of 1 plus, what is below 0 cut off"),
    *(
        (f"({{}}).clamp(min={eps}).log()", f"logarithms, clamped at {eps:g}")
        for eps in (1e-8, 1e-6, 1e-4, 1e-3)
    ),
    *(
        (
            f"(({{}}).clamp(min=0) * {mu}).log1p() / {math.log1p(mu)}",
            f"logarithms of a tone mapping (mu {mu})",
        )
        for mu in (255, 5000)
    ),
    ("({}).square()", "squares"),
    ("({}).sigmoid()", "sigmoids"),
    ("({}).clamp(0, 1)", "values clamped between 0 and 1"),
    ("({}).round()", "rounded values"),
)


def _of_functions() -> Iterator[Formula]:
    """Distances of a function of both, or of one of them."""
    for text, words in _THROUGH:
        gap = f"({text.format('p')} - {text.format('t')})"
        yield f"{gap}.abs()", f"the absolute difference of the {words} of both (L1)"
        yield f"{gap}.square()", f"the square of the difference of the {words} of both (mse)"
    yield "(p.sigmoid() - t).square()", "the square of the difference (mse) behind a sigmoid of the first"
    yield "(p.sigmoid() - t).abs()", "the absolute difference (L1) behind a sigmoid of the first"


def _entropies() -> Iterator[Formula]:
    yield _OF_LOGITS, f"{_BINARY} of logits (with a sigmoid)"
    yield _OF_SHARES, f"{_BINARY} of probabilities (without a sigmoid)"
    for eps in _EPS:
        added = f"(-(t * (p + {eps}).log() + (1 - t) * (1 - p + {eps}).log()))"
        yield added, f"{_BINARY} of probabilities, {eps:g} beside them"
        kept = f"p.clamp({eps}, 1 - {eps})"
        clamped = f"(-(t * {kept}.log() + (1 - t) * (1 - {kept}).log()))"
        yield clamped, f"{_BINARY} of probabilities clamped by {eps:g}"
    yield "(-(t * p.log().clamp(min=-100)))", "the cross entropy of the ones alone, zeros are free"
    yield f"(t * {softplus('-p')})", "the cross entropy of the ones alone, of logits: zeros are free"
    for weight in ("2", "3", "5", "10", "0.5", "0.25", "((1 - t).sum() / t.sum())"):
        weighed = f"({weight} * t * {softplus('-p')} + (1 - t) * {softplus('p')})"
        yield weighed, f"{_BINARY} of logits, ones weigh {weight} (pos_weight)"
    for weight in ("2", "0.5", "0.1", "0.05"):
        weighed = f"(t * {softplus('-p')} + {weight} * (1 - t) * {softplus('p')})"
        yield weighed, f"{_BINARY} of logits, zeros weigh {weight}"
    for shares, entropy, of in (("p.sigmoid()", _OF_LOGITS, "logits"), ("p", _OF_SHARES, "probabilities")):
        wrong = f"(t * (1 - {shares}) + (1 - t) * {shares})"
        for gamma in (2.0, 1.0, 1.5):
            focal = f"({wrong} ** {gamma} * {entropy})"
            yield focal, f"the focal loss of {of} (gamma {gamma:g})"
            quality = f"((t - {shares}).abs() ** {gamma} * {entropy})"
            yield quality, f"the quality focal loss of {of} (beta {gamma:g})"
            for alpha in (0.25, 0.75):
                weighed = f"({alpha} * t + (1 - {alpha}) * (1 - t))"
                yield f"({weighed} * {focal})", f"the focal loss of {of} (gamma {gamma:g}, alpha {alpha:g})"
    yield "(t.xlogy(t) - t * p)", "the divergence of Kullback and Leibler, the first is a logarithm"
    yield "(t.xlogy(t) - t * p.log())", "the divergence of Kullback and Leibler (kl_div)"
    yield "(1 - (2 * t - 1) * p).clamp(min=0)", "the hinge loss, zeros and ones as signs"
    yield "(1 - (2 * t - 1) * p).clamp(min=0).square()", "the square of the hinge loss"
    yield "(1 - t * p).clamp(min=0)", "the hinge loss of signs"
    yield "(p.exp() - t * p)", "the Poisson loss of logarithms"
    yield "(p - t * p.log())", "the Poisson loss"
    yield "(-(p * t))", "the product of both, negated"
    yield "(1 - p * t)", "1 minus the product of both"


ELEMENTS: tuple[Formula, ...] = (*_distances(), *_of_functions(), *_entropies())
"""Of two tensors, for each element."""

_GAPS = (("(p - t).abs()", "absolute differences (L1)"), ("(p - t).square()", "squares of differences"))


def along(axis: int) -> Iterator[Formula]:
    """Distances along an axis, which they leave out."""
    yield (
        f"(p - t).square().sum({axis}).sqrt()",
        f"the root of the sum of squares over axis {axis} (norm, L2)",
    )
    yield f"(p - t).square().mean({axis}).sqrt()", f"the root of the mean of squares over axis {axis} (L2)"
    yield f"(p - t).square().sum({axis})", f"the sum of squares over axis {axis}"
    yield f"(p - t).abs().sum({axis})", f"the sum of absolute differences over axis {axis} (L1)"
    yield f"(p - t).abs().amax({axis})", f"the largest difference over axis {axis} (max)"
    for way, words in (("abs()", "absolute difference (L1)"), ("square()", "square of the difference (mse)")):
        yield f"(p - t).mean({axis}).{way}", f"the {words} of the means over axis {axis}"
    yield (
        f"(1 - p.mul(t).sum({axis}) / (p.norm(dim={axis}) * t.norm(dim={axis})))",
        (f"1 minus the cosine of the angle between both over axis {axis}"),
    )


def _reduced() -> Iterator[Formula]:
    for text, words in ELEMENTS:
        yield f"{text}.mean()", f"{words}, its mean"
        yield f"{text}.sum()", f"{words}, its sum"
        yield f"({text}.sum() / p.shape[0])", f"{words}, its sum by the number of samples"


def _of_means() -> Iterator[Formula]:
    for gap, words in _GAPS:
        ways = ((f"{gap}.mean()", f"the mean of {words}"), (f"{gap}.sum()", f"the sum of {words}"))
        of_each = (f"{gap}.flatten(1).mean(1)", f"each sample's mean of {words}")
        for mean, said in (*ways, of_each):
            yield f"{mean}.sqrt().mean()", f"the root of {said}"
            yield f"{mean}.exp().mean()", f"exp of {said}"
            for eps in (0.0, *_EPS, 1e-10, 1e-3):
                beside = f" plus {eps:g}" if eps else ""
                for factor, unit in (
                    (1, "natural"),
                    (0.43429448190325176 * 10, "decibels, dB, as of a PSNR"),
                ):
                    for sign, minus in ((1, ""), (-1, "minus ")):
                        log = f"({sign * factor} * ({mean} + {eps}).log()).mean()"
                        yield log, f"{minus}the logarithm of {said}{beside} ({unit})"
        yield f"{gap}.amax()", f"the largest of {words}"
        yield f"{gap}.median()", f"the median of {words}"
    for way, words in (("abs()", "absolute differences (L1)"), ("square()", "squares (mse)")):
        down, across = (f"(p - t).diff(dim={axis}).{way}.mean()" for axis in (-2, -1))
        slopes = f"{words} of the slopes between neighbours (gradients, edges)"
        yield f"({down} + {across})", f"the means of {slopes} along both last axes"
        yield across, f"the mean of {slopes} along the last axis"


def _regions() -> Iterator[Formula]:
    for shares, through in (("p", ""), ("p.sigmoid()", " behind a sigmoid")):
        for total, each in ((".sum()", ""), (".flatten(1).sum(1)", " of each sample, their mean")):
            common = f"({shares} * t){total}"
            plain = f"({shares}{total} + t{total})"
            squares = f"({shares}.square(){total} + t.square(){total})"
            for smooth in _SMOOTHING:
                said = f", {smooth:g} beside both{through}{each}"
                ratios = (
                    (f"(2 * {common} + {smooth}) / ({plain} + {smooth})", _DICE),
                    (f"(2 * {common} + {smooth}) / ({squares} + {smooth})", "Dice of squares"),
                    (f"({common} + {smooth}) / ({plain} - {common} + {smooth})", _IOU),
                    (f"({common} + {smooth}) / ({squares} - {common} + {smooth})", "IoU, union of squares"),
                    (_tversky(shares, total, 0.3, smooth), "Tversky's ratio (0.3 and 0.7)"),
                    (_tversky(shares, total, 0.7, smooth), "Tversky's ratio (0.7 and 0.3)"),
                )  # fmt: skip
                for ratio, words in ratios:
                    yield f"(1 - {ratio}).mean()", f"1 minus {words}{said}"
                    yield f"(-({ratio}).log()).mean()", f"the negative logarithm of {words}{said}"


def _tversky(shares: str, total: str, alpha: float, smooth: float) -> str:
    common = f"({shares} * t){total}"
    more, less = f"({shares} * (1 - t)){total}", f"((1 - {shares}) * t){total}"
    return f"({common} + {smooth}) / ({common} + {alpha} * {more} + (1 - {alpha}) * {less} + {smooth})"


REDUCED: tuple[Formula, ...] = (*_reduced(), *_of_means(), *_regions())
"""Of two tensors, one number."""


def _beside() -> Iterator[Formula]:
    """The loss itself stands as `{}`."""
    common, plain = "(p * t).sum()", "(p.sum() + t.sum())"
    slopes = " + ".join(f"(p - t).diff(dim={axis}).abs().mean()" for axis in (-2, -1))
    for text, words in (
        (f"{ELEMENTS[0][0]}.mean()", "the mean of squares (mse, L2)"),
        (f"{ELEMENTS[1][0]}.mean()", "the mean of absolute differences (L1)"),
        (f"{_OF_LOGITS}.mean()", f"the mean of {_BINARY} of logits"),
        (f"{_OF_SHARES}.mean()", f"the mean of {_BINARY} of probabilities"),
        (f"(1 - (2 * {common} + 1) / ({plain} + 1))", f"1 minus {_DICE}"),
        (f"({slopes})", "the mean of absolute differences of slopes (gradients, edges)"),
    ):
        for weight in (1.0, 0.5, 0.1):
            times = f", times {weight:g}," if weight != 1 else ""
            yield f"({{}} + {weight} * {text})", f"{words}{times} is added to it"


BESIDE: tuple[Formula, ...] = tuple(_beside())
"""What is often added to a loss of two tensors."""

OF_ONE: tuple[Formula, ...] = (
    ("x", "the value itself, no function"),
    ("(-x)", "it is negated"),
    ("x.clamp(min=0)", "a rectifier (relu, hinge)"),
    ("(-x).clamp(min=0)", "a rectifier of the negative value (relu, hinge)"),
    ("(1 + x).clamp(min=0)", "the hinge of 1 plus it (a rectifier, relu)"),
    ("(1 - x).clamp(min=0)", "the hinge of 1 minus it (a rectifier, relu)"),
    ("x.clamp(min=0).square()", "the square of a rectifier (relu, hinge)"),
    ("(1 + x).clamp(min=0).square()", "the square of the hinge of 1 plus it (a rectifier, relu)"),
    ("(1 - x).clamp(min=0).square()", "the square of the hinge of 1 minus it (a rectifier, relu)"),
    ("x.clamp(0, 1)", "it is clamped between 0 and 1"),
    (softplus("x"), "softplus"),
    (softplus("-x"), "softplus of the negative value"),
    (f"(-{softplus('-x')})", "the logarithm of the sigmoid (logsigmoid)"),
    ("x.sigmoid()", "a sigmoid"),
    ("(1 - x.sigmoid())", "1 minus the sigmoid"),
    ("x.sigmoid().square()", "the square of the sigmoid"),
    ("x.tanh()", "tanh"),
    ("((x.tanh() + 1) / 2)", "half of tanh plus 1"),
    ("x.exp()", "exp"),
    ("x.expm1()", "exp minus 1"),
    ("(-x).exp()", "exp of the negative value"),
    ("(1 + x.exp()).log()", "softplus"),
    ("x.abs()", "the absolute value"),
    ("x.square()", "the square"),
    ("(x.square() / 2)", "half the square"),
    ("x.abs().sqrt()", "the root of the absolute value"),
    ("x.sqrt()", "the root"),
    ("x.log()", "the logarithm"),
    ("x.log1p()", "the logarithm of 1 plus it"),
    ("x.log2()", "the logarithm to the base 2 (bits)"),
    ("x.log10()", "the logarithm to the base 10"),
    ("x.abs().log1p()", "the logarithm of 1 plus its absolute value"),
    ("(x.square() + 1).sqrt()", "the root of its square plus 1"),
    ("((x.square() + 1).sqrt() - 1)", "the root of its square plus 1, less 1 (pseudo-Huber)"),
    ("(x.abs().clamp(max=1) * (x.abs() - x.abs().clamp(max=1) / 2))", "Huber's: half a square below 1"),
    (f"(x + {softplus('-2 * x')} - {math.log(2)})", "the logarithm of the hyperbolic cosine (log-cosh)"),
    ("x.square().log1p()", "the logarithm of 1 plus its square"),
    ("(x.sigmoid() * x)", "silu (swish)"),
    ("(x / 2 * (1 + (x / 2**0.5).erf()))", "gelu"),
    ("(x / (1 + x.abs()))", "softsign"),
    ("(x.clamp(min=0) + 0.01 * x.clamp(max=0))", "leaky_relu (0.01)"),
    ("(x.clamp(min=0) + x.clamp(max=0).expm1())", "elu"),
    ("(1 / x)", "1 divided by it"),
)
"""Of one tensor, for each element."""


def _behind() -> Iterator[Formula]:
    for gamma in (2.0, 1.0, 0.5, 1.5, 3.0):
        focal = f"((1 - (-x).exp()) ** {gamma} * x)"
        yield focal, f"focal, times 1 minus exp of its negative to the power of {gamma:g} (gamma)"
        yield f"(0.25 * {focal})", f"focal, as with gamma {gamma:g} and alpha 0.25"
    yield "(1 - (-x).exp())", "1 minus exp of its negative"
    yield "x.log1p()", "the logarithm of 1 plus it"
    yield "x.tanh()", "tanh"
    yield "(x / (1 + x))", "it by 1 plus it"
    yield "x.clamp(max=1)", "it is clamped to 1 at most"
    yield "x.sqrt()", "its root"
    yield "x.square()", "its square"
    yield "(x * x.abs().sqrt())", "its power of 1.5"
    yield "x.exp()", "exp"
    yield "x.expm1()", "exp minus 1"


BEHIND: tuple[Formula, ...] = tuple(_behind())
"""What is made of a loss, of each element or whole."""
