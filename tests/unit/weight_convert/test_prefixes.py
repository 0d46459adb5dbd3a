"""Which prefixes come off, and which do not."""

from __future__ import annotations

import pytest

from harness.errors import BadInput
from weight_convert.prefixes import common_prefixes, strip


@pytest.mark.parametrize(
    ("keys", "asked", "stripped", "taken"),
    [
        (["a.b", "c"], (), ["a.b", "c"], ()),
        (["module.a", "module.b"], (), ["a", "b"], ("module.",)),
        (["module.module.a"], (), ["a"], ("module.", "module.")),
        (["_orig_mod.module.a"], (), ["a"], ("_orig_mod.", "module.")),
        (["repnr_module.a"], (), ["a"], ("repnr_module.",)),
        (["net._orig_mod.a", "net.b"], (), ["net.a", "net.b"], ("_orig_mod.",)),
        (["module.a", "b"], (), ["module.a", "b"], ()),
        (["model.a", "loss.b"], ("model.",), ["a", "loss.b"], ("model.",)),
        (["model.model.a"], ("model.",), ["model.a"], ("model.",)),
        (["module.model.a"], ("model.",), ["model.a"], ("module.",)),
        (["modulea", "module.b"], (), ["modulea", "module.b"], ()),
    ],
)
def test_stripping(
    keys: list[str], asked: tuple[str, ...], stripped: list[str], taken: tuple[str, ...]
) -> None:
    renamed, found = strip(keys, asked)
    assert list(renamed) == stripped
    assert list(renamed.values()) == keys
    assert found == taken


def test_keys_that_fit_already_are_left_alone() -> None:
    assert strip(["module.a"], (), ["module.a"]) == ({"module.a": "module.a"}, ())


def test_two_keys_that_would_become_one_are_an_error() -> None:
    with pytest.raises(BadInput, match=r"'a' and 'ema.a' the same key"):
        strip(["a", "ema.a"], ("ema.",))


def test_the_first_parts_of_keys_are_counted() -> None:
    assert common_prefixes(["a.b", "a.c", "d"]) == ["'a.' (2 keys)", "'d.' (1 keys)"]
