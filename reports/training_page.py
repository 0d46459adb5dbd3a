"""A training as one HTML file that needs nothing else, and as Markdown."""

from __future__ import annotations

from harness.figures import ratio
from harness.language import chosen, tr
from harness.training.log import Training
from harness.training.records import Finding
from reports import training_facts as facts
from reports import training_overview as overview
from reports import training_sentences as sentences
from reports.curves import as_data
from reports.html import content_policy, environment, library, page_script, page_style
from reports.marked import code, prose
from reports.summaries import SYMBOLS
from reports.training_charts import charts
from reports.words import figure

MOST_ROWS = 500
_MARKDOWN_ROWS = 20
_SCRIPTS = ("elements", "plots", "curves")


def html(training: Training) -> str:
    """The page."""
    names, rows = facts.metric_rows(training)
    drawn = charts(training)
    script, charting, style = page_script(*_SCRIPTS), library(), page_style("report.css", "training.css")
    return (
        environment()
        .get_template("training.html.j2")
        .render(
            training=training,
            facts=facts,
            sentences=sentences,
            headline=overview.headline(training),
            subject=overview.subject(training),
            cards=overview.cards(training),
            verdict=facts.verdict(training),
            symbols=SYMBOLS,
            charts=drawn,
            sides=facts.sides(training),
            names=names,
            rows=rows,
            most=MOST_ROWS,
            data={"charts": list(map(as_data, drawn)), "words": {"step": tr("step")}},
            style=style,
            library=charting,
            script=script,
            policy=content_policy([style], [charting, script] if drawn else []),
            language=chosen(),
        )
    )


def markdown(training: Training) -> str:
    """The same in short, for a pull request or an issue."""
    found = facts.verdict(training)
    parts = [
        f"**{SYMBOLS[found]} {prose(sentences.sentence(training))}**",
        "\n".join(f"- {prose(sentences.free(one))}" for one in facts.judged(training)),
        "\n".join(
            f"- {tr('step')} {one.step}, {code(one.side)}, {code(one.address)}: {prose(text)}"
            for one, text in _findings(training)
        ),
        _forced(training),
        _metrics(training),
        "\n".join(f"- {prose(item.name)}: {prose(item.text)}" for item in facts.facts(training)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _findings(training: Training) -> list[tuple[Finding, str]]:
    return [(one, sentences.finding(one)) for one in training.findings[:_MARKDOWN_ROWS]]


def _forced(training: Training) -> str:
    wrong = [one for one in training.forced if one.verdict != "aligned"]
    shown = (wrong or training.forced)[:_MARKDOWN_ROWS]
    if not shown:
        return ""
    head = (tr("step"), tr("event"), tr("verdict"), tr("judged"), tr("worst"), tr("of limit"))
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for one in shown:
        worst = one.rows[0] if one.rows else None
        cells = (
            one.step, code(one.event), f"{SYMBOLS[one.verdict]} {tr(one.verdict)}", one.judged,
            code(worst.address if worst else ""), ratio(worst.ratio if worst else None),
        )  # fmt: skip
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _metrics(training: Training) -> str:
    names, rows = facts.metric_rows(training)
    if not rows:
        return ""
    reference, port = facts.sides(training)
    head = [tr("epoch"), *(f"{code(name)}, {code(side)}" for name in names for side in (reference, port))]
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join(['---'] * len(head))} |"]
    for epoch, figures in rows[-_MARKDOWN_ROWS:]:
        cells = [str(epoch.epoch + 1), *(figure(value) for pair in figures for value in pair)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
