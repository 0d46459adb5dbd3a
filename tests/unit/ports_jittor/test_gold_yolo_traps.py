"""Where Jittor's own parts would have changed the network: each trap, on small parts of the port."""

from __future__ import annotations

import jittor as jt
import numpy as np
import pytest

from harness.pairs.gold_yolo.config import CONFIGS
from ports_jittor import gold_yolo
from ports_jittor.gold_yolo import anchors, blocks, fusion, spp, training, transformer
from ports_jittor.torchlike import nn, state


@pytest.fixture(scope="module")
def model() -> nn.Module:
    """The smallest network as its constructor leaves it."""
    return gold_yolo.build("n")


def test_two_kinds_of_norms(model: nn.Module) -> None:
    found = {
        path: (module.eps, module.momentum)
        for path, module in model.named_modules()
        if isinstance(module, nn.BatchNorm2d)
    }
    fused = [path for path in found if "high_IFM" in path or "Inject_" in path]
    assert (len(fused), len(found)) == (24, 157)
    assert {found[path] for path in fused} == {(1e-5, 0.1)}
    assert {value for path, value in found.items() if path not in fused} == {(1e-3, 0.03)}


def test_how_a_new_network_starts(model: nn.Module) -> None:
    arrays = state.torch_state_dict(model)
    for level in range(3):
        assert not arrays[f"detect.cls_preds.{level}.weight"].any()
        assert arrays[f"detect.cls_preds.{level}.bias"] == pytest.approx(-4.59512, abs=1e-5)
        assert (arrays[f"detect.reg_preds.{level}.bias"] == 1).all()
    assert not arrays["neck.high_IFM.transformer_blocks.0.attn.proj.1.bn.weight"].any()
    assert (arrays["neck.high_IFM.transformer_blocks.0.mlp.fc2.bn.weight"] == 1).all()
    spread = arrays["neck.Inject_n5.local_embedding.conv.weight"].std()
    assert spread == pytest.approx(np.sqrt(2 / 128), rel=0.05)


def test_the_bins_never_learn_and_no_statistic_is_trained(model: nn.Module) -> None:
    learning = {id(value) for value in state.parameters(model)}
    assert id(model.detect.proj) not in learning
    assert id(model.detect.proj_conv.weight) not in learning
    groups = [value for group in training.parameter_groups(model) for value in group]
    owners = dict(model.named_modules())
    statistics = [module.running_var for module in owners.values() if isinstance(module, nn.BatchNorm2d)]
    assert not {id(value) for value in statistics} & {id(value) for value in groups}


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 5)])
def test_pyramids_of_maps_smaller_than_their_window(size: tuple[int, int]) -> None:
    given = np.random.default_rng(0).standard_normal((1, 2, *size)).astype(np.float32)
    padded = np.pad(given, ((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (5, 5), axis=(2, 3))
    found = spp.pyramid(nn.MaxPool2d(5, 1, 2), jt.array(given)).numpy()
    np.testing.assert_array_equal(found[:, :2], given)
    np.testing.assert_array_equal(found[:, 2:4], windows.max(axis=(-1, -2)))


def test_uneven_windows_of_the_mean() -> None:
    given = np.arange(5, dtype=np.float32).reshape(1, 1, 1, 5)
    assert fusion.pool(jt.array(given), (1, 3)).numpy().ravel().tolist() == [0.5, 2.0, 3.5]
    assert fusion.pool_with_one_window(jt.array(given), (1, 3)).numpy().ravel().tolist() == [1.0, 2.0, 3.0]


def test_the_running_variance_is_unbiased() -> None:
    conv = blocks.FusedConv(1, 1).train()
    given = np.array([0.0, 1.0, 2.0, 5.0], np.float32).reshape(1, 1, 2, 2)
    conv.c.weight.assign(jt.ones((1, 1, 1, 1)))
    conv(jt.array(given)).sync()
    assert float(conv.bn.running_var.item()) == pytest.approx(0.9 + 0.1 * given.var(ddof=1), rel=1e-6)


def test_the_learned_weight_of_a_shortcut_counts() -> None:
    block = blocks.BottleRep(4, 4, blocks.RepVGGBlock).eval()
    given = jt.array(np.random.default_rng(1).standard_normal((1, 4, 3, 3)).astype(np.float32))
    before = block(given).numpy()
    block.alpha.assign(jt.array([3.0]))
    np.testing.assert_allclose(block(given).numpy() - before, 2 * given.numpy(), rtol=1e-5, atol=1e-5)


def test_whole_samples_are_dropped() -> None:
    dropout = transformer.PathDropout(0.5).train()
    kept = dropout(jt.ones((400, 2, 1, 1))).numpy()
    assert set(np.unique(kept)) == {0.0, 2.0}
    assert (kept[:, 0] == kept[:, 1]).all()
    assert 0.4 < (kept[:, 0] > 0).mean() < 0.6
    assert (dropout.eval()(jt.ones((4, 2, 1, 1))).numpy() == 1).all()


def test_double_precision_stays() -> None:
    wide = jt.array64(np.ones((2, 2)))
    assert str(anchors.tensor_like(np.arange(3), wide).dtype) == "float64"
    assert str(anchors.tensor_like(np.arange(3.0), jt.ones(2)).dtype) == "float32"


def test_the_published_rates_of_dropping() -> None:
    found = transformer.Transformer(CONFIGS["n"]).transformer_blocks
    assert isinstance(found[0].drop_path, nn.Identity)
    assert found[1].drop_path.p == 0.1
