"""`--lang`: taken from anywhere on the command line, before anything is said."""

from __future__ import annotations

from typing import Any

from harness import language
from harness.errors import BadInput

FLAG = "--lang"
HELP = "The language of texts: en or zh. It may stand anywhere on the line."


def take(words: list[str]) -> tuple[list[str], str]:
    """The words without the flag, and the language that it asks for."""
    rest: list[str] = []
    chosen, left = language.ENGLISH, iter(words)
    for word in left:
        if word == "--":
            rest += [word, *left]
        elif word == FLAG:
            chosen = _checked(next(left, ""))
        elif word.startswith(f"{FLAG}="):
            chosen = _checked(word.partition("=")[2])
        else:
            rest.append(word)
    return rest, chosen


def _checked(value: str) -> str:
    if value not in language.LANGUAGES:
        allowed = " or ".join(language.LANGUAGES)
        raise BadInput(f"Invalid value for '{FLAG}': {value[:40]!r} is not allowed; it should be {allowed}")
    return value


def translate_help(command: Any) -> None:
    """Put the help texts of a command, its parameters and its commands into the language in use."""
    command.help = language.tr(command.help or "")
    for parameter in command.params:
        for name in ("help", "rich_help_panel"):
            if isinstance(text := getattr(parameter, name, None), str):
                setattr(parameter, name, language.tr(text))
    for inner in getattr(command, "commands", {}).values():
        translate_help(inner)
