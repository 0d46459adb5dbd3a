from __future__ import annotations

import jittor as jt
import numpy as np
import pytest

from ports_jittor.torchlike import functional as ours
from ports_jittor.torchlike import nn


def test_dropout_drops_before_train_is_called_and_not_in_eval() -> None:
    layer, x = nn.Dropout(0.25, inplace=True), jt.ones((100, 100))
    kept = layer(x).numpy()
    assert set(np.unique(kept)) == {np.float32(0), np.float32(4 / 3)}
    assert abs((kept == 0).mean() - 0.25) < 0.02
    assert (layer.eval()(x).numpy() == 1).all()
    assert (layer.p, layer.inplace) == (0.25, True)


def test_whole_channels_drop_together() -> None:
    kept = nn.Dropout2d(0.5)(jt.ones((20, 30, 3, 3))).numpy()
    assert (kept == kept[:, :, :1, :1]).all()
    assert 0.4 < (kept[:, :, 0, 0] == 0).mean() < 0.6


def test_the_gradient_has_the_same_holes() -> None:
    x = jt.ones((50, 50))
    y = ours.dropout(x, 0.5)
    assert (jt.grad(y, x).numpy() == y.numpy()).all()


def test_the_ends_of_the_range_are_exact_and_beyond_is_refused() -> None:
    x = jt.ones((4, 4))
    assert (ours.dropout(x, 0.0).numpy() == 1).all()
    assert (ours.dropout(x, 1.0).numpy() == 0).all()
    assert (ours.dropout(x, 1.0, training=False).numpy() == 1).all()
    with pytest.raises(ValueError, match=r"p=1.5; it must lie between 0 and 1"):
        ours.dropout(x, 1.5)
