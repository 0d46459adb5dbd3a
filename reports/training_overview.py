"""The first things that the page of a training tells: the verdict in at most eight words, and small cards."""

from __future__ import annotations

from harness.figures import ratio
from harness.language import tr
from harness.training.log import Training
from harness.training.twins import JudgedGap
from reports.overview import SmallCard
from reports.training_facts import judged, metric_rows, sides, steps, verdict
from reports.words import count, figure, seconds


def headline(training: Training) -> str:
    """The verdict in at most eight words."""
    if training.end is None:
        return tr("The training has not ended")
    known = {
        "aligned": tr("The port trains as the reference does"),
        "diverged": tr("The port trains otherwise than the reference"),
        "failed": tr("A side stopped before the end"),
    }
    return known.get(verdict(training), tr("The evidence does not decide"))


def subject(training: Training) -> str:
    """What was trained, in a line."""
    case = training.start.case
    named = [str(case.get(key) or "") for key in ("pair", "variant", "device")]
    return ", ".join([tr("training"), *filter(None, named), count(len(steps(training)), "step")])


def cards(training: Training) -> list[SmallCard]:
    """Forced steps, the port's own run, loss, the metric that counts, cost."""
    found = [_forced(training), *map(_free, judged(training)), _loss(training), _metric(training)]
    found.append(_cost(training))
    return [card for card in found if card is not None]


def _forced(training: Training) -> SmallCard | None:
    forced = training.forced
    if not forced:
        return None
    aligned = sum(one.verdict == "aligned" for one in forced)
    rows = [one.rows[0] for one in forced if one.rows and one.rows[0].ratio is not None]
    worst = max(rows, key=lambda row: row.ratio or 0.0, default=None)
    more = (
        "" if worst is None else tr("worst {}, {} times its limit").format(worst.address, ratio(worst.ratio))
    )
    return SmallCard(tr("Forced steps"), tr("{} of {} aligned").format(aligned, len(forced)), more)


def _free(found: JudgedGap) -> SmallCard:
    names = {"loss": tr("Gap in the loss"), "weights": tr("Distance of the weights")}
    said = {"chaos": tr("inside the twins' band"), "suspect": tr("outside the twins' band")}
    horizon = "" if found.horizon is None else tr("nothing is said from step {}").format(found.horizon)
    return SmallCard(names.get(found.what, found.what), said.get(found.status, tr("not decided")), horizon)


def _loss(training: Training) -> SmallCard | None:
    shown = steps(training)
    if not shown:
        return None
    losses = [figure(one.loss) for one in shown[-1].sides.values()]
    more = tr("{} after {}").format(" · ".join(sides(training)), count(shown[-1].step + 1, "step"))
    return SmallCard(tr("Loss"), " · ".join(losses), more)


def _metric(training: Training) -> SmallCard | None:
    names, rows = metric_rows(training)
    if not names or not rows:
        return None
    epoch, figures = rows[-1]
    more = tr("{} after epoch {}").format(" · ".join(sides(training)), epoch.epoch + 1)
    return SmallCard(names[0], " · ".join(map(figure, figures[0])), more)


def _cost(training: Training) -> SmallCard | None:
    wall = training.end.costs.get("wall") if training.end is not None else None
    return SmallCard(tr("Cost"), seconds(wall)) if isinstance(wall, int | float) else None
