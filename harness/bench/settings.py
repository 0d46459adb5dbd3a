"""The settings that both contestants must share, or whoever asked must know that they do not."""

from __future__ import annotations

from collections.abc import Mapping

from harness.errors import BadInput


def differences(names: tuple[str, str], first: Mapping[str, str], second: Mapping[str, str]) -> list[str]:
    """Each setting of both that is not the same, in words."""
    return [
        f"{setting} is {first[setting]} for {names[0]} and {second[setting]} for {names[1]}"
        for setting in first
        if setting in second and first[setting] != second[setting]
    ]


def require_equal(different: list[str], allow_unequal: bool) -> None:
    """BadInput where settings differ and that was not allowed."""
    if different and not allow_unequal:
        raise BadInput(
            f"the two would not be measured under equal settings: {'; '.join(different)}. "
            "Set them alike, or add --allow-unequal, and every table will say so"
        )
