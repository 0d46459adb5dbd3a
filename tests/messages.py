"""Finds every text of the program that is told in more than one language, where the code names it."""

from __future__ import annotations

import ast
import io
import re
from pathlib import Path

import typer

from harness.cli.app import app
from harness.language import DOMAIN, FOLDER, LANGUAGES
from tests import ROOT

MAIN = (
    "compare",
    "record",
    "diff",
    "check",
    "show",
    "report",
    "list",
    "lint",
    "explain",
    "reproduce",
    "doctor",
    "cache",
    "map",
    "train",
    "evaluate",
    "bench",
    "infer",
)
_IN_TEMPLATES = re.compile(r"""_\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")\s*\)""")
_IN_SCRIPTS = re.compile(r"""word\("([^"]+)"\)""")


def in_code() -> set[str]:
    """What is given to `tr` in so many words."""
    found = set()
    for path in [*(ROOT / "reports").rglob("*.py"), *(ROOT / "harness").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "tr":
                given = node.args[0]
                if isinstance(given, ast.Constant) and isinstance(given.value, str):
                    found.add(given.value)
    return found


def in_templates() -> set[str]:
    """What the templates translate."""
    texts = (path.read_text(encoding="utf-8") for path in (ROOT / "reports" / "templates").glob("*.j2"))
    return {one or other for text in texts for one, other in _IN_TEMPLATES.findall(text)}


def in_scripts() -> set[str]:
    """The words that the pages' scripts ask for."""
    folder = ROOT / "reports" / "templates" / "page"
    return {
        word for path in folder.glob("*.js") for word in _IN_SCRIPTS.findall(path.read_text(encoding="utf-8"))
    }


def in_help() -> set[str]:
    """The help texts of the program, of the main commands, and of their parameters."""
    root = typer.main.get_command(app)
    found: set[str] = set()
    named = [root.commands[name] for name in MAIN]
    inner = [command for group in named for command in getattr(group, "commands", {}).values()]
    for command in [root, *named, *inner]:
        found.add(command.help or "")
        for parameter in command.params:
            found |= {getattr(parameter, "help", "") or "", getattr(parameter, "rich_help_panel", "") or ""}
    return {text for text in found if text and "completion" not in text}


def entries(catalogue: Path) -> dict[str, str]:
    """The texts of a .po file and their translations."""
    found: dict[str, str] = {}
    key, parts = "", {"msgid": "", "msgstr": ""}
    for line in [*catalogue.read_text(encoding="utf-8").splitlines(), 'msgid ""']:
        keyword, _, rest = line.partition(" ")
        if keyword == "msgid":
            found[parts["msgid"]] = parts["msgstr"]
            parts = {"msgid": "", "msgstr": ""}
        if keyword in parts:
            key = keyword
            parts[key] = ast.literal_eval(rest)
        elif line.startswith('"'):
            parts[key] += ast.literal_eval(line)
    return {text: said for text, said in found.items() if text}


def catalogue(language: str) -> Path:
    """The .po file of a language."""
    return FOLDER / language / "LC_MESSAGES" / f"{DOMAIN}.po"


def compiled(path: Path) -> bytes:
    """A .po file as the .mo file that gettext reads."""
    from babel.messages import mofile, pofile

    made = io.BytesIO()
    with path.open("rb") as text:
        mofile.write_mo(made, pofile.read_po(text))
    return made.getvalue()


if __name__ == "__main__":
    for name in LANGUAGES[1:]:
        catalogue(name).with_suffix(".mo").write_bytes(compiled(catalogue(name)))
