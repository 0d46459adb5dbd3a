"""An alignment as one HTML file that needs nothing else: no network, no server.

Every value that a template shows is made printable and escaped, whether or not the template thinks of it. The
page's policy lets the styles and scripts run that stand in it, by their digests, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from harness import figures
from harness.alignment import Alignment
from harness.language import chosen, tr
from harness.tally import Tally
from harness.text import printable, printable_lines
from reports import overview, page_words, sentences, summaries, words
from reports.page_data import page_data
from reports.roles import roles
from reports.series import by_depth

_TEMPLATES = Path(__file__).parent / "templates"
_FILTERS = (
    figures.scientific,
    figures.ratio,
    figures.percent,
    words.bits,
    words.size,
    words.count,
    words.figure,
    printable,
)
_SCRIPTS = ("elements", "rows", "base", "table", "plots", "charts", "panel", "tree", "start")
_LIBRARY = "vendor/uPlot.iife.min.js"
_LIBRARY_STYLE = "vendor/uPlot.min.css"
_ROWS = 12  # for those who let no script run


def html(alignment: Alignment) -> str:
    """The report."""
    script, charting, style = page_script(*_SCRIPTS), library(), page_style("report.css")
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            alignment=alignment,
            summaries=summaries,
            sentence=sentences.sentence(alignment),
            reason=sentences.reason,
            headline=overview.headline(alignment),
            cards=overview.cards(alignment),
            subject=_subject(alignment),
            tally=_tally(alignment),
            charts=by_depth(alignment),
            roles=roles(alignment),
            columns=page_words.columns(),
            matter=summaries.that_matter(alignment, _ROWS),
            data={**page_data(alignment), "words": page_words.page_words()},
            style=style,
            library=charting,
            script=script,
            policy=content_policy([style], [charting, script]),
            language=chosen(),
        )
    )


def page(template: str, **shown: object) -> str:
    """A page without a script."""
    style = page_style("report.css")
    known = {"style": style, "policy": content_policy([style], []), "language": chosen()}
    return environment().get_template(template).render(**known, **shown)


def page_style(*names: str) -> str:
    """The style of a page: the charts' and ours."""
    return _bare("".join(map(template_text, (_LIBRARY_STYLE, *names))))


def page_script(*names: str) -> str:
    """The script of a page, of these parts."""
    script = _bare("\n".join(template_text(f"page/{name}.js") for name in names))
    return f'"use strict";\n(() => {{\n{script}}})();\n'


def library() -> str:
    """The charts' program."""
    return template_text(_LIBRARY)


def content_policy(styles: Sequence[str], scripts: Sequence[str], *, pictures: bool = False) -> str:
    """What a page may do: run these, which stand between tags after a line break; load nothing.

    With `pictures` it shows those that lie beside it, on a disk or on a server.
    """
    allowed = {"style-src": styles, "script-src": scripts}
    parts = [f"{name} {' '.join(map(_digest, texts))}" for name, texts in allowed.items() if texts]
    parts += ["img-src 'self' file:"] if pictures else []
    return "; ".join(["default-src 'none'", *parts, "base-uri 'none'", "form-action 'none'"])


def template_text(name: str) -> str:
    """The text of a file beside the templates."""
    return (_TEMPLATES / name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """The templates, with what shows values in them."""
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        finalize=_shown,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update({function.__name__: function for function in _FILTERS}, lines=_lines)
    environment.globals["_"] = tr
    environment.policies["json.dumps_kwargs"] = {"separators": (",", ":"), "allow_nan": False}
    return environment


def _subject(alignment: Alignment) -> str:
    """What was compared, in a line."""
    case, origin = alignment.case, alignment.provenance
    named = [str(case.get(key) or "") for key in ("pair", "variant", "mode", "device")]
    return ", ".join(filter(None, [origin.title, *named, origin.date]))


def _tally(alignment: Alignment) -> str:
    tally = Tally.of(alignment.rows)
    others = [f"{number} {tr(status)}" for status, number in tally.by_status.items() if status != "diverged"]
    known = tr("{} tensors: {} diverged, {}.")
    return known.format(tally.tensors, tally.diverged, ", ".join(others) or "-")


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(f'{chr(10)}{text}'.encode()).digest()).decode()}'"


def _bare(text: str) -> str:
    """A script or style without the indentation that is for readers of the source."""
    return "\n".join(filter(None, map(str.strip, text.splitlines()))) + "\n"


def _shown(value: object) -> object:
    """A value as the page shows it: one line. What is markup already is the templates' own."""
    return value if isinstance(value, Markup | int | float) else printable(value)


def _lines(text: str) -> Markup:
    """A text of several lines, where the page keeps them."""
    return escape(printable_lines(text))
