"""The language of all texts: English, or that of a gettext catalogue."""

from __future__ import annotations

import gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh")
DOMAIN = "align"
FOLDER = Path(__file__).parent / "locale"
_CHOSEN: ContextVar[str] = ContextVar("language", default=ENGLISH)


def chosen() -> str:
    """The language in use: a tag such as documents name."""
    return _CHOSEN.get()


@contextmanager
def spoken(language: str) -> Iterator[None]:
    """Tell texts in a language until the end of the block."""
    before = _CHOSEN.set(language)
    try:
        yield
    finally:
        _CHOSEN.reset(before)


def choose(language: str) -> None:
    """Tell texts in a language from now on."""
    _CHOSEN.set(language)


def tr(text: str) -> str:
    """A text of the program in the language in use; what has no translation stays English."""
    return _catalogue(_CHOSEN.get()).gettext(text) if text else ""


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    if language == ENGLISH:
        return gettext.NullTranslations()
    return gettext.translation(DOMAIN, FOLDER, [language], fallback=True)
