"""Which settings are told, and what is said where those of the sides differ."""

from __future__ import annotations

import pytest

from harness.bench.settings import differences, require_equal
from harness.errors import BadInput

LISTED = ("threads", "dtype", "amp", "gradients", "tf32", "channels_last", "deterministic")
ALIKE = dict.fromkeys(LISTED, "usual")


@pytest.mark.parametrize("name", LISTED)
def test_each_listed_setting_that_differs_is_refused(name: str) -> None:
    found = differences(("torch", "jittor"), ALIKE, {**ALIKE, name: "other"})
    assert found == [f"{name} is usual for torch and other for jittor"]
    with pytest.raises(BadInput, match=f"equal settings: {name} is usual.*--allow-unequal"):
        require_equal(found, allow_unequal=False)
    require_equal(found, allow_unequal=True)


def test_equal_settings_and_those_of_one_side_alone_pass() -> None:
    assert not differences(("torch", "jittor"), {**ALIKE, "one more": "1"}, ALIKE)
    require_equal([], allow_unequal=False)
