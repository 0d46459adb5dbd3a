"""Draws docs/architecture.md's picture from the code: which room imports which.

    ./run python -m tests.rooms    writes the picture anew; tests/unit/test_rooms.py holds it

A room is a package of the project, or one inside `harness`. The modules that lie directly in `harness` are
one room, `harness`, but for those that start workers and serve in them.
"""

from __future__ import annotations

import ast
from pathlib import Path

from tests import ROOT

PAGE = ROOT / "docs" / "architecture.md"
PACKAGES = ("golden", "harness", "ports_jittor", "refs_torch", "reports", "weight_convert")
ON_THE_WAY = (  # the rooms that one comparison passes through
    "cli", "comparing", "golden", "numerics", "pairs", "ports_jittor", "refs_torch", "reports", "flows",
    "sides", "trace", "verdict", "worker",
)  # fmt: skip
WORKER = {"harness.inline_worker", "harness.session", "harness.worker"}
BEGIN, END = "<!-- drawn by tests/rooms.py -->\n", "<!-- end of the drawing -->"

Edges = set[tuple[str, str]]


def room_of(module: str) -> str:
    """The room that a module lies in."""
    if module in WORKER:
        return "worker"
    parts = module.split(".")
    inside = parts[0] == "harness" and len(parts) > 1 and (ROOT / "harness" / parts[1]).is_dir()
    return parts[1] if inside else parts[0]


def imported(path: Path) -> set[str]:
    """Every module of the project that a file imports, inside functions too."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.partition(".")[0] in PACKAGES}


def as_module(name: str) -> str:
    """The module of a name that is imported: itself, or what it is taken from."""
    path = ROOT / name.replace(".", "/")
    return name if path.is_dir() or path.with_suffix(".py").is_file() else name.rpartition(".")[0]


def edges() -> Edges:
    """Which room imports which."""
    found: Edges = set()
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            here = path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
            room = room_of(here.removesuffix(".__init__"))
            found |= {(room, room_of(as_module(name))) for name in imported(path)}
    return {(first, second) for first, second in found if first != second}


def drawn(found: Edges) -> str:
    """The picture of the rooms on the way; an arrow that others imply is left out."""
    kept = {edge for edge in found if set(edge) <= set(ON_THE_WAY)}
    for edge in sorted(kept):
        kept -= {edge} if _reaches(*edge, kept - {edge}) else set()
    lines = [f"    {first} --> {second}" for first, second in sorted(kept)]
    return "\n".join(["```mermaid", "flowchart TD", *lines, "```", ""])


def _reaches(first: str, second: str, found: Edges) -> bool:
    seen, waiting = {first}, [first]
    while waiting:
        here = waiting.pop()
        nearby = {there for start, there in found if start == here} - seen
        seen |= nearby
        waiting += nearby
    return second in seen


def page_with(picture: str, page: str) -> str:
    """The page with this picture in the place of the one it has."""
    before, _, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    return f"{before}{BEGIN}{picture}{end}{after}"


if __name__ == "__main__":
    PAGE.write_text(page_with(drawn(edges()), PAGE.read_text(encoding="utf-8")), encoding="utf-8")
