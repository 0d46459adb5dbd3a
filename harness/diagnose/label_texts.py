"""Well-known losses of scores and labels, as texts of `s` (samples, classes, ...) and `y`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from harness.diagnose.formula_texts import Formula, softplus

OF_LABELS = ("cross_entropy", "nll_loss")
_IGNORED = "-100"


def formulas(shape: Sequence[int], settings: Mapping[str, str], logarithms: bool) -> Iterator[Formula]:
    """Each as the call has it: with its classes' weights, without what it ignores, and reduced as it is."""
    classes = shape[1]
    ignored, reduction = (
        settings.get("ignore_index", _IGNORED),
        settings.get("reduction", "mean").strip("'\""),
    )
    weight = settings.get("weight", "None")
    counts = f"(y != {ignored})"
    known = f"(y * {counts}).clamp(0, {classes - 1})"
    weighs = f"{counts}.to(s.dtype)" if weight == "None" else f"({weight})[{known}] * {counts}"
    for text, words in _of_each(classes, settings.get("label_smoothing", "0.0"), known, logarithms):
        each = f"(({text}) * ({weighs}))"
        if reduction == "none":
            yield each, words
        elif reduction == "sum":
            yield f"{each}.sum()", f"{words}, its sum"
        else:
            yield f"({each}.sum() / ({weighs}).sum())", f"{words}, its mean"


def _of_each(classes: int, smoothing: str, known: str, logarithms: bool) -> Iterator[Formula]:
    """A number for each label."""
    log = "s" if logarithms else "s.log_softmax(1)"
    share = f"{log}.exp()"
    own = f"{{}}.gather(1, {known}.unsqueeze(1)).squeeze(1)"
    hot = f"(s * 0).scatter(1, {known}.unsqueeze(1), 1.0)"
    soft = f"({hot} * (1 - ({smoothing})) + ({smoothing}) / {classes})"
    its, entropy = own.format(share), f"(-({soft} * {log}).sum(1))"
    targets = {hot: ""} if smoothing == "0.0" else {hot: "", soft: ", of smoothed labels"}
    for target, of_which in targets.items():
        for text, words in _of_each_class(share, target):
            yield text, f"{words}{of_which}"
    yield f"(1 - {its})", "1 minus the share of the label (absolute, L1)"
    yield f"(-{its})", "the share of the label, negated, without its logarithm"
    yield f"(-{own.format('s')})", "the score of the label, negated, without a softmax"
    for gamma in (0.5, 1.0, 1.5, 2.0, 3.0):
        focal = f"((1 - {its}) ** {gamma} * {entropy})"
        yield (
            focal,
            f"the focal loss: the cross entropy times 1 minus the share to the power of {gamma:g} (gamma)",
        )
        yield f"(0.25 * {focal})", f"the focal loss (gamma {gamma:g}, alpha 0.25)"
    margin = f"(1 - {own.format('s')}.unsqueeze(1) + s).clamp(min=0)"
    yield f"(({margin}.sum(1) - 1) / {classes})", "the margin of the label's score to the others (hinge)"
    yield f"({margin}.sum(1) - 1)", "the margin of the label's score to the others (hinge), added up"
    yield f"({margin} - {hot}).amax(1)", "the largest margin of another score (hinge)"
    yield f"{entropy}.exp()", "exp of each cross entropy (perplexity)"
    others = f"({hot} * (1 - ({smoothing})) + (1 - {hot}) * ({smoothing}) / {classes - 1})"
    yield (
        f"(-({others} * {log}).sum(1))",
        "what is smoothed goes to the other classes alone (label smoothing)",
    )
    yield f"(-({soft} * {log}).mean(1))", "the mean over classes, not their sum"
    yield f"(-({hot} * {log}).sum(1))", "the cross entropy without smoothing of labels"
    yield f"({entropy} - (-({share} * {log}).sum(1)))", "the cross entropy less the entropy of the shares"
    yield f"({entropy} - 0.1 * (-({share} * {log}).sum(1)))", "less a tenth of the entropy of the shares"


def _of_each_class(share: str, target: str) -> Iterator[Formula]:
    """Each class by itself, with what its target is: a one, a zero, or something between."""
    yield (
        f"({share} - {target}).square().sum(1)",
        "the squares of shares less ones (Brier's, mse, L2), added up",
    )
    yield f"({share} - {target}).square().mean(1)", "the mean square of shares less ones (Brier's, mse, L2)"
    yield f"(s - {target}).square().mean(1)", "the mean square of scores less ones (mse, L2), no softmax"
    yield f"({share} - {target}).abs().sum(1)", "the absolute differences of shares and ones (L1), added up"
    binary = f"({softplus('s')} - s * {target})"
    yield f"{binary}.sum(1)", "a binary cross entropy of each class (sigmoids, no softmax), added up"
    yield f"{binary}.mean(1)", "a binary cross entropy of each class (sigmoids, no softmax), their mean"
