"""Synthetic scenes: the same everywhere, and hard and plain enough to train on."""

from __future__ import annotations

import numpy as np
import pytest

from harness.pairs.l2sknet.regions import regions
from harness.pairs.l2sknet.scenes import MOST_TARGETS, SyntheticScenes


def test_a_scene_depends_on_seed_split_and_number_alone() -> None:
    one, other = SyntheticScenes(5, seed=2, size=(32, 40)), SyntheticScenes(9, seed=2, size=(32, 40))
    np.testing.assert_array_equal(one[4].image, other[4].image)
    for different in (
        other[3],
        SyntheticScenes(9, 3, (32, 40))[4],
        SyntheticScenes(9, 2, (32, 40), "test")[4],
    ):
        assert not np.array_equal(one[4].image, different.image)


def test_scenes_are_images_with_small_hot_targets() -> None:
    scenes = SyntheticScenes(20, size=(128, 96))
    for number in range(20):
        scene = scenes[number]
        assert scene.image.shape == scene.mask.shape == (1, 128, 96)
        assert scene.image.dtype == scene.mask.dtype == np.float32
        assert scene.image.min() >= 0
        assert scene.image.max() <= 1
        assert set(np.unique(scene.mask)) == {0.0, 1.0}
        found = regions(scene.mask[0] > 0)
        assert 1 <= len(found) <= MOST_TARGETS
        assert max(region.area for region in found) <= 60
        inside, outside = scene.image[scene.mask > 0], scene.image[scene.mask == 0]
        assert inside.mean() > outside.mean() + 0.1


def test_a_number_outside_is_refused() -> None:
    scenes = SyntheticScenes(2)
    assert len(scenes) == 2
    for number in (2, -1):
        with pytest.raises(IndexError):
            _ = scenes[number]
