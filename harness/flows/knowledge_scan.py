"""Measures anew, in the environment of an interpreter, what the knowledge base says of Jittor."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import files, knowledge, strict_json
from harness.environment import interpreter, prepare, warm_up
from harness.environment.interpreter_info import facts_of
from harness.environment.jittor_start import settings_folder
from harness.environment.places import kept_folder
from harness.environment.processes import ask, program
from harness.errors import BadInput, NoEnvironment

_SECONDS = 1800.0  # all facts on a cold cache
_PROBES = "jittor_probes"


@dataclass(frozen=True)
class KnowledgeScan:
    """What a version of Jittor was found to do: each fact is so, is not, or could not be measured."""

    python: str
    version: str
    facts: dict[str, knowledge.Fact]


def scan_knowledge(python: Path | None, say: Callable[[str], None]) -> KnowledgeScan:
    """Measure every entry with an interpreter, or that of the Jittor side.

    A fact that ends the process, as reading past the end of a tensor may, is one that could not be measured;
    the others are measured in the next process.
    """
    chosen = python or interpreter("jittor")
    facts = facts_of(chosen)
    if "jittor" not in facts.packages:
        raise NoEnvironment(f"{chosen} has no Jittor. Name an interpreter that has one with --python")
    environment = prepare(facts, "cpu", kept_folder("jittor"))
    say(f"starting Jittor {facts.packages['jittor']}; a first start compiles it")
    warm_up(environment, chosen)
    environment["HOME"] = str(settings_folder(Path(environment["JITTOR_HOME"])))
    found: dict[str, knowledge.Fact] = {}
    left, version = list(knowledge.entries()), ""
    while left:
        say(f"measuring {len(left)} facts")
        answer, ended = ask(chosen, program(_PROBES), left, environment, _SECONDS)
        if answer is None:
            raise NoEnvironment(f"Jittor measures nothing with {chosen} ({ended.ending}): {ended.last_words}")
        version = str(answer.get("version", ""))
        found |= _facts(answer, left)
        if running := answer.get("running"):
            found[str(running)] = f"it ended the process ({ended.ending})"
        left = [name for name in left if name not in found]
    return KnowledgeScan(str(chosen), version, found)


def _facts(answer: dict[str, Any], asked: list[str]) -> dict[str, knowledge.Fact]:
    told = answer.get("found", {})
    return {name: told[name] for name in asked if isinstance(told.get(name), bool | str)}


def read_table(path: Path) -> knowledge.Measured:
    """A table of versions, as `harness/knowledge/measured.json` is one; empty where there is none yet."""
    if not path.exists():
        return {}
    try:
        known = strict_json.parse(strict_json.read(path))
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is no table of versions: {error}. Name another file") from error
    if not isinstance(known, dict) or not all(isinstance(facts, dict) for facts in known.values()):
        raise BadInput(f"{path} is no table of versions: each version should have its facts by name")
    return known


def write_table(table: knowledge.Measured, path: Path) -> None:
    """Write a table, the oldest version first."""
    text = json.dumps(knowledge.in_order(table), indent=1, ensure_ascii=False)
    files.write_file(path, f"{text}\n", replace=True)
