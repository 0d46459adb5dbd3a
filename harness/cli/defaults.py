"""Defaults of flags, from the nearest config file."""

from __future__ import annotations

from harness.spelling import folded

_OF_A_FILE = ("diff", "check", "explain", "reproduce")
"""These take the case from the file that they are given, and from flags."""
_FLAT = ("compare", "record", "lint", "selftest", *_OF_A_FILE)
_NESTED = {"golden": ("record", "verify"), "pin": ("verify",)}
_REPEATABLE = ("rtol", "atol")
_OF_LAYERS = ("judge", "min-coverage")

Flags = dict[str, str | list[str]]


def defaults(words: list[str]) -> dict[str, Flags | dict[str, Flags]]:
    """What the config file says for the command in `words`, by command and parameter."""
    command = words[0] if words else ""
    if "--help" in words or (command not in _FLAT and command not in _NESTED):
        return {}
    flags = _flags(_policy_in(words))
    if command in _OF_A_FILE:
        for name in ("model", "weights"):
            flags.pop(name, None)
    if any(word.startswith(("--torch", "--jittor")) for word in words):
        flags.pop("model", None)  # two classes are named instead
    if command == "golden":
        flags.pop("mode", None)  # there --mode may be given more than once, and no default narrows it
    return {command: flags if command in _FLAT else dict.fromkeys(_NESTED[command], flags)}


def _policy_in(words: list[str]) -> str | None:
    """The policy that `words` name; None where they name none."""
    for word, after in zip(words, [*words[1:], ""], strict=True):
        name, equals, value = word.partition("=")
        if name == "--policy":
            return folded(value if equals else after)
    return None


def _flags(policy: str | None) -> Flags:
    """The flags by the names of their parameters; those that the policy in the command has no use for go."""
    from harness.config import FLAGS, load_config

    flags: Flags = {}
    for key, value in load_config().items():
        if key not in FLAGS or (policy is not None and key in _REPEATABLE):
            continue
        if policy == "metric" and key in _OF_LAYERS:
            continue
        texts = [str(item) for item in value] if isinstance(value, list) else [str(value)]
        flags[key.replace("-", "_")] = texts if key in _REPEATABLE else texts[0]
    return flags
