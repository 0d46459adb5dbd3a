"""Where Jittor's own parts would have changed the network: each trap, on small parts of the port.

What torch does there is written down as numbers, so that no torch is needed.
"""

from __future__ import annotations

import jittor as jt
import numpy as np
import pytest

from harness.pairs.gold_yolo import nms
from harness.pairs.gold_yolo.config import CONFIGS
from ports_jittor import gold_yolo
from ports_jittor.gold_yolo import (
    anchors,
    assigners,
    blocks,
    fusion,
    iou,
    loss,
    spp,
    training,
    transformer,
)
from ports_jittor.gold_yolo.head import Detect
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


def test_the_counts_of_the_norms_and_nothing_else_are_added(model: nn.Module) -> None:
    table = state.torch_state_table(model)
    norms = [path for path, module in model.named_modules() if isinstance(module, nn.BatchNorm2d)]
    counts = {key: entry for key, entry in table.items() if key.endswith("num_batches_tracked")}
    assert set(counts) == {f"{path}.num_batches_tracked" for path in norms}
    assert set(counts.values()) == {((), "int64")}
    assert [key for key in table if "stride" in key or "grid" in key or "anchor" in key] == []
    learning = sum(value.numel() for value in state.parameters(model) if not value.is_stop_grad())
    assert learning == 6_062_590 - 34  # as published, without the bins


def test_the_best_of_many_equal_values() -> None:
    values = np.zeros((1, 2, 20), np.float32)
    values[0, 0, 7], values[0, 1, :3] = 1, 0.5
    mask, places = assigners.best_places(jt.array(values), 5, jt.array(np.float32([[1, 0]])))
    chosen = mask.numpy()[0]
    assert [int(row.sum()) for row in chosen] == [5, 0]  # an object that is none chooses nothing
    assert chosen[0, 7] == 1
    assert len(set(places.numpy()[0, 0].tolist())) == 5
    assert {0, 1, 2} < set(places.numpy()[0, 1].tolist())


def test_an_object_that_only_one_prediction_overlaps() -> None:
    """Which of equal zeros the best are is each framework's own choice; it must not decide who answers."""
    points = np.float32([[x + 0.5, 0.5] for x in range(20)]) * 8
    boxes = np.zeros((1, 20, 4), np.float32)
    boxes[0, 3] = [24, 0, 32, 8]
    objects = assigners.Objects(
        jt.array(np.int32([[1]])), jt.array(np.float32([[[24, 0, 32, 8]]])), jt.array(np.float32([[1]]))
    )
    scores = jt.full((1, 20, 2), 0.5)
    found = assigners.TaskAligned(classes=2)(scores, jt.array(boxes), jt.array(points), objects)
    assert np.flatnonzero(found.positive.numpy()).tolist() == [3]
    np.testing.assert_allclose(found.scores.numpy()[0, 3], [0, 1], atol=1e-6)


def test_a_cell_that_two_objects_want() -> None:
    chosen, overlaps = jt.ones((1, 2, 3)), jt.array(np.float32([[[0.1, 0.9, 0.5], [0.2, 0.3, 0.5]]]))
    mask, place = assigners.one_object_each(chosen, overlaps)
    assert mask.numpy()[0].tolist() == [[0, 1, 1], [1, 0, 0]]
    assert place.numpy()[0].tolist() == [1, 0, 0]


def test_the_spread_of_candidates_is_unbiased() -> None:
    overlaps = jt.array(np.float32([[[1, 2, 4, 9]]]))
    places = jt.array(np.int32([[[0, 1, 2, 3]]]))
    found = assigners.Adaptive(topk=4).threshold(overlaps, jt.ones((1, 1, 4)), places)
    assert float(found.item()) == pytest.approx(4 + np.std([1, 2, 4, 9], ddof=1), rel=1e-6)


@pytest.mark.parametrize("kind", ["giou", "diou", "siou"])
def test_the_gradient_of_a_box_that_is_its_object(kind: str) -> None:
    """Every side is a tie: torch halves the gradient between both, and the halves cancel."""
    box = np.float32([[1, 1, 3, 5]])
    prediction = jt.array(box).start_grad()
    found = iou.iou_loss(prediction, jt.array(box), kind)
    assert float(found.item()) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(jt.grad(found.sum(), prediction).numpy(), np.zeros((1, 4)), atol=1e-6)


@pytest.mark.parametrize(
    ("kind", "known"),
    [
        ("giou", [0.00617284, 0.11111111, -0.22222222, -0.11111111]),
        ("siou", [0.02881473, 0.14282814, -0.28565627, -0.09027484]),
    ],
)
def test_the_gradient_of_a_box_that_shares_a_side(kind: str, known: list[float]) -> None:
    prediction = jt.array(np.float32([[1, 1, 3, 5]])).start_grad()
    found = iou.iou_loss(prediction, jt.array(np.float32([[1, 0, 4, 6]])), kind)
    gradient = jt.grad(found.sum(), prediction).numpy()[0]
    np.testing.assert_allclose(gradient, known, atol=1e-6)


def test_the_cross_entropy_of_certainty() -> None:
    found = loss.varifocal(jt.array([0.0, 1.0]), jt.array([0.5, 0.5]), jt.ones(2))
    assert float(found.item()) == pytest.approx(2 * 0.5 * 50, rel=1e-6)  # the logarithm stops at -100


def test_the_positive_cells_are_picked_in_their_order() -> None:
    config = CONFIGS["n"]
    branch = loss.DetectionLoss(config)
    raw = jt.array(np.random.default_rng(2).uniform(0.5, 2, (2, 13, 4)).astype(np.float32))
    points, strides = jt.array(np.full((13, 2), 4.0, np.float32)), jt.ones((13, 1))
    boxes = branch.boxes(raw, points)
    positive, wanted = np.zeros((2, 13), bool), np.zeros((2, 13, config.classes), np.float32)
    positive[0, 4], positive[1, 2], wanted[0, 4, 1], wanted[1, 2, 5] = True, True, 0.5, 0.25
    labels = jt.zeros((2, 13), "int32")
    assigned = assigners.Assigned(labels, jt.ones((2, 13, 4)) * 3, jt.array(wanted), jt.array(positive))
    overlap, bins = branch.of_boxes(raw, boxes, points, assigned, strides, jt.ones(1))
    single = iou.iou_loss(boxes, jt.ones((2, 13, 4)) * 3, config.iou_type).numpy()
    expected = 0.5 * single[0, 4] + 0.25 * single[1, 2]
    assert float(overlap.item()) == pytest.approx(expected, rel=1e-5)
    assert float(bins.item()) == 0


def test_boxes_have_no_pixel_more_than_their_sides() -> None:
    rows = np.zeros((1, 3, 6), np.float32)
    rows[0, :, :4] = [[2, 2, 4, 4], [4, 2, 4, 4], [2, 2, 4, 4]]  # the first two overlap by a third
    rows[0, :, 4], rows[0, :, 5] = 1, [0.9, 0.8, 0.7]
    for threshold, scores in ((0.35, [0.9, 0.8]), (0.3, [0.9])):  # with a pixel more: 0.4
        (found,) = nms.non_max_suppression(rows, nms.Suppression(iou_thres=threshold))
        assert found[:, 4].tolist() == pytest.approx(scores)


def test_what_a_layer_returned_stays_as_it_was() -> None:
    """The published head overwrites the list it is given, and activations work in place: here neither."""
    config = CONFIGS["n"]
    head = Detect(config).eval()
    widths = (config.channels[6], config.channels[8], config.channels[10])
    given = [
        jt.array(np.random.default_rng(place).standard_normal((1, width, side, side)).astype(np.float32))
        for place, (width, side) in enumerate(zip(widths, (4, 2, 1), strict=True))
    ]
    seen: list[jt.Var] = []
    head.stems[0].bn.register_forward_hook(lambda module, inputs, output: seen.append(output))
    kept, before = list(given), [x.numpy().copy() for x in given]
    head(given).sync()
    assert all(mine is other for mine, other in zip(given, kept, strict=True))
    for x, array in zip(given, before, strict=True):
        np.testing.assert_array_equal(x.numpy(), array)
    assert len(seen) == 1
    convolved = head.stems[0].bn(head.stems[0].conv(given[0])).numpy()
    np.testing.assert_allclose(seen[0].numpy(), convolved, rtol=1e-6, atol=1e-6)


def test_the_keys_shift_counts_for_nothing() -> None:
    """Softmax forgets what all keys have in common: the gradient is zero but for rounding."""
    attention = transformer.Attention(12, 8, 4).eval()
    drawn = np.random.default_rng(5)
    for value in state.parameters(attention):
        value.assign(jt.array(0.3 * drawn.standard_normal(value.shape).astype(np.float32)))
    given = jt.array(drawn.standard_normal((2, 12, 3, 5)).astype(np.float32))
    weights = jt.array(drawn.standard_normal((2, 12, 3, 5)).astype(np.float32))
    shift, scale = attention.to_k.bn.bias, attention.to_k.bn.weight
    gradients = jt.grad((attention(given) * weights).sum(), [shift, scale])
    zero, real = (np.abs(x.numpy()).max() for x in gradients)
    assert zero < 1e-5 * real
