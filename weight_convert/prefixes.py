"""Taking off the prefixes that wrappers leave on keys."""

from __future__ import annotations

from collections.abc import Iterable

from harness.errors import BadInput

WRAPPERS = ("module.", "_orig_mod.", "repnr_module.")
"""Left by DataParallel, by torch.compile and by LED's RepNR wrapper."""

_ANYWHERE = "._orig_mod."


def strip(
    keys: Iterable[str], asked: Iterable[str] = (), expected: Iterable[str] = ()
) -> tuple[dict[str, str], tuple[str, ...]]:
    """New key -> old key, and the prefixes taken off.

    A wrapper's prefix goes where every key has it, those in `asked` wherever they stand, as long as no two
    keys become one. Nothing is taken off keys that are already the `expected` ones.
    """
    now = {key: key for key in keys}
    taken: list[str] = []
    wanted = set(expected)
    if wanted and wanted <= set(now):
        return now, ()
    if any(_ANYWHERE in key for key in now):
        now = _renamed({key.replace(_ANYWHERE, "."): old for key, old in now.items()}, now, "_orig_mod.")
        taken.append("_orig_mod.")
    for prefix in asked:
        if any(key.startswith(prefix) for key in now):
            now, taken = _without(now, prefix), [*taken, prefix]
    while now and (common := next((p for p in WRAPPERS if all(key.startswith(p) for key in now)), None)):
        now, taken = _without(now, common), [*taken, common]
    return now, tuple(taken)


def _without(keys: dict[str, str], prefix: str) -> dict[str, str]:
    return _renamed({key.removeprefix(prefix): old for key, old in keys.items()}, keys, prefix)


def _renamed(new: dict[str, str], old: dict[str, str], prefix: str) -> dict[str, str]:
    if len(new) != len(old):
        met: dict[str, str] = {}
        for key in old:
            short = key.replace(_ANYWHERE, ".").removeprefix(prefix)
            if short in met:
                raise BadInput(
                    f"taking {prefix!r} off makes {met[short]!r} and {key!r} the same key; "
                    "choose the part that is meant with --select"
                )
            met[short] = key
    return new


def common_prefixes(keys: Iterable[str]) -> list[str]:
    """The first parts of the keys with how many keys begin so, for messages."""
    counts: dict[str, int] = {}
    for key in keys:
        first = key.partition(".")[0] + "."
        counts[first] = counts.get(first, 0) + 1
    return [
        f"{prefix!r} ({count} keys)"
        for prefix, count in sorted(counts.items(), key=lambda item: -item[1])[:8]
    ]
