"""--verify: both models with the converted weights, compared through the harness."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.errors import BadInput, HarnessError, NoEnvironment


@dataclass(frozen=True)
class Verified:
    """What the comparison found."""

    sentence: str
    exit_code: int


def needs_model(model: str | None) -> str:
    """The model, or BadInput where none is named."""
    if model is None:
        raise BadInput("--verify builds both models, so it needs --model NAME")
    return model


def verify(weights: Path, model: str, variant: str | None) -> Verified:
    """Load `weights` into both models and compare every layer and output."""
    try:
        from harness.flows import CompareRequest, compare
        from harness.progress import Silent
    except ImportError as error:
        raise NoEnvironment(
            f"--verify needs the whole harness, of which a part is missing: {error}"
        ) from error
    try:
        alignment = compare(CompareRequest(model=model, variant=variant, weights=str(weights)), Silent())
    except HarnessError as error:
        raise type(error)(f"{weights} is written, but could not be verified: {error}") from error
    return Verified(alignment.sentence, alignment.exit_code)
