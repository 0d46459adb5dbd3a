"""What the page of an evaluation begins with, and its reasons in the language in use."""

from __future__ import annotations

import math

from harness.evaluating.paired import paired_interval
from harness.evaluating.result import Evaluation, MetricRow, SampleRow
from harness.figures import percent, ratio, scientific
from harness.language import ENGLISH, chosen, tr
from reports.curves import Chart, Curve, chart
from reports.overview import SmallCard
from reports.words import count, figure


def headline(found: Evaluation) -> str:
    """The verdict in at most eight words."""
    if found.verdict == "inconclusive":
        return tr("The evidence does not decide")
    if found.verdict == "aligned":
        return tr("The port evaluates as the reference does")
    off = sum(row.status == "diverged" for row in found.samples)
    if off:
        return tr("Outputs diverge on {} of {} samples").format(off, len(found.samples))
    wrong = sum(row.status == "diverged" for row in found.metrics)
    return tr("{} of {} metrics are beyond the limit").format(wrong, len(found.metrics))


def cards(found: Evaluation) -> list[SmallCard]:
    """The metric that counts, the samples, the worst of them, how many disagree."""
    made = [_metric(found, row) for row in found.metrics[:1]]
    judged = [row for row in found.samples if row.status is not None]
    if judged:
        aligned = sum(row.status == "aligned" for row in judged)
        made.append(SmallCard(tr("Samples"), tr("{} of {} aligned").format(aligned, len(judged))))
    for row in found.samples[:1]:
        more = "" if row.ratio is None else tr("{} times its limit").format(ratio(row.ratio))
        made.append(SmallCard(tr("Worst sample"), row.name, more))
    if found.churn is not None and found.figure:
        more = tr("of samples have another {} on both sides").format(found.figure)
        made.append(SmallCard(tr("Churn"), percent(found.churn), more))
    if found.broken:
        made.append(SmallCard(tr("Broken"), count(len(found.broken), "sample"), found.broken[0].why))
    return made


def sentence(found: Evaluation) -> str:
    """The verdict in full."""
    if chosen() == ENGLISH:
        return found.sentence
    said = [_outputs(found)]
    wrong = [row.name for row in found.metrics if row.status == "diverged"]
    doubtful = [row.name for row in found.metrics if row.status == "inconclusive"]
    if wrong:
        said.append(tr("Beyond the limit: {}.").format(", ".join(wrong)))
    if found.empty:
        said.append(tr("The metrics show nothing: {}.").format("; ".join(found.empty)))
    elif doubtful:
        said.append(tr("Not decided: {}.").format(", ".join(doubtful)))
    elif found.metrics and not wrong:
        said.append(tr("Every metric is within its limit."))
    return " ".join(filter(None, said)) or found.sentence


def metric_reason(row: MetricRow) -> str:
    """Why a metric has its verdict."""
    if chosen() == ENGLISH:
        return row.reason
    figures = (row.reference, row.port)
    if not all(map(math.isfinite, figures)):
        return tr("the reference has {:g}, the port {:g}").format(*figures)
    if row.status == "inconclusive":
        return tr("the data resolve {}, more than the limit of {}").format(
            scientific(row.resolution), percent(row.limit)
        )
    if not row.difference:
        return tr("equal")
    if row.status == "aligned" and row.relative > row.limit:
        return tr("no more than the {} that the data resolve").format(scientific(row.resolution))
    known = tr("{} is within {}") if row.status == "aligned" else tr("{} is more than {}")
    return known.format(scientific(row.relative), percent(row.limit))


def sample_reason(row: SampleRow) -> str:
    """Why a sample has its verdict."""
    if chosen() == ENGLISH or row.ratio is None:
        return row.reason
    how = tr("by a float64 run of its own") if row.measured else tr("by the noise of other samples")
    return tr("{} times what is allowed, {}").format(ratio(row.ratio), how)


def interval(found: Evaluation, row: MetricRow) -> str:
    """The interval of a metric's difference; a dash where the samples do not tell it."""
    known = paired_interval(row, found.samples)
    if known is None:
        return "-"
    return tr("{} to {}").format(scientific(known.low), scientific(known.high))


def charts(found: Evaluation) -> list[Chart]:
    """How far every sample's outputs are off, the worst first."""
    ratios = sorted((row.ratio for row in found.samples if row.ratio is not None), reverse=True)
    if len(ratios) < 2:
        return []
    points = [(float(place), ratio) for place, ratio in enumerate(ratios, start=1)]
    limit = [(1.0, 1.0), (float(len(ratios)), 1.0)]
    curves = [Curve(tr("outputs off, of the limit"), points, "port"), Curve(tr("limit"), limit, "limit")]
    made = chart(tr("Outputs of every sample"), curves, logarithmic=True, axis="sample")
    return [] if made is None else [made]


def _metric(found: Evaluation, row: MetricRow) -> SmallCard:
    more = tr("torch · jittor; off by {}, as a share {}; n = {}")
    said = more.format(scientific(row.difference), scientific(row.relative), len(found.samples))
    return SmallCard(row.name, f"{figure(row.reference)} · {figure(row.port)}", said)


def _outputs(found: Evaluation) -> str:
    samples = count(len(found.samples), "sample")
    judged = [row.status for row in found.samples if row.status is not None]
    if not found.samples:
        return tr("No sample could be read.")
    if off := judged.count("diverged"):
        return tr("The outputs of {} of {} are beyond noise.").format(off, samples)
    if silent := judged.count("inconclusive"):
        return tr("The outputs of {} of {} show nothing.").format(silent, samples)
    return tr("The outputs of all {} agree to noise.").format(samples) if judged else ""
