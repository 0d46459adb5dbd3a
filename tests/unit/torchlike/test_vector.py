from __future__ import annotations

import jittor as jt
import pytest
from torch.nn import functional

from ports_jittor.torchlike import functional as ours
from tests.unit.torchlike.compare import agree, drawn


@pytest.mark.parametrize("scale", [1, 1e-14])
def test_normalisation_is_torchs_down_to_the_floor(scale: float) -> None:
    agree(functional.normalize, ours.normalize, drawn("x", 2, 5, 3) * scale)
    agree(
        lambda t: functional.normalize(t, dim=-1),
        lambda v: ours.normalize(v, dim=-1),
        drawn("x", 2, 5) * scale,
    )


def test_cosine_similarity_is_torchs() -> None:
    agree(functional.cosine_similarity, ours.cosine_similarity, drawn("a", 2, 5, 3), drawn("b", 2, 5, 3))


def test_another_norm_is_refused() -> None:
    with pytest.raises(ValueError, match="p=1; only 2 is here"):
        ours.normalize(jt.ones((2, 2)), p=1)
