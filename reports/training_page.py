"""A training as one HTML file that needs nothing else, and as Markdown."""

from __future__ import annotations

from harness.figures import ratio
from harness.language import chosen
from harness.training.log import Training
from reports import training_facts as facts
from reports.html import content_policy, environment, page_style
from reports.marked import code, prose
from reports.summaries import SYMBOLS
from reports.words import figure

MOST_ROWS = 500
_MARKDOWN_ROWS = 20


def html(training: Training) -> str:
    """The page."""
    names, rows = facts.metric_rows(training)
    style = page_style("report.css", "training.css")
    return (
        environment()
        .get_template("training.html.j2")
        .render(
            training=training,
            facts=facts,
            verdict=facts.verdict(training),
            symbols=SYMBOLS,
            panels=facts.panels(training),
            sides=facts.sides(training),
            names=names,
            rows=rows,
            most=MOST_ROWS,
            style=style,
            policy=content_policy([style], []),
            language=chosen(),
        )
    )


def markdown(training: Training) -> str:
    """The same in short, for a pull request or an issue."""
    found = facts.verdict(training)
    parts = [
        f"**{SYMBOLS[found]} {prose(facts.sentence(training))}**",
        "\n".join(f"- {prose(one.sentence)}" for one in facts.judged(training)),
        "\n".join(
            f"- step {one.step}, {code(one.side)}, {code(one.address)}: {prose(one.text)}"
            for one in training.findings[:_MARKDOWN_ROWS]
        ),
        _forced(training),
        _metrics(training),
        "\n".join(f"- {prose(item.name)}: {prose(item.text)}" for item in facts.facts(training)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _forced(training: Training) -> str:
    wrong = [one for one in training.forced if one.verdict != "aligned"]
    shown = (wrong or training.forced)[:_MARKDOWN_ROWS]
    if not shown:
        return ""
    lines = [
        "| step | event | verdict | judged | worst | of limit |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in shown:
        worst = one.rows[0] if one.rows else None
        cells = (
            one.step, code(one.event), f"{SYMBOLS[one.verdict]} {one.verdict}", one.judged,
            code(worst.address if worst else ""), ratio(worst.ratio if worst else None),
        )  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _metrics(training: Training) -> str:
    names, rows = facts.metric_rows(training)
    if not rows:
        return ""
    reference, port = facts.sides(training)
    head = ["epoch", *(f"{code(name)}, {code(side)}" for name in names for side in (reference, port))]
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for epoch, figures in rows[-_MARKDOWN_ROWS:]:
        cells = [str(epoch.epoch + 1), *(figure(value) for pair in figures for value in pair)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
