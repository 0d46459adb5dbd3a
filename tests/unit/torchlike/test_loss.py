from __future__ import annotations

import jittor as jt
import numpy as np
import pytest
import torch
from torch.nn import functional

from ports_jittor.torchlike import functional as ours
from ports_jittor.torchlike import nn
from tests.unit.torchlike.compare import FLOAT64, agree, distance, drawn, in_torch

REDUCTIONS = ["mean", "sum", "none"]


def labels(*shape: int, classes: int = 4) -> np.ndarray:
    """Drawn class numbers; the first row is to be ignored."""
    drawn_labels = (drawn("labels", *shape, law="uniform") * classes).astype(np.int32)
    drawn_labels[:, 0] = 255
    return drawn_labels


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_cross_entropy_is_torchs(reduction: str, weighted: bool, smoothing: float) -> None:
    target, weight = labels(2, 5, 6), np.abs(drawn("weight", 4))
    options = {"ignore_index": 255, "reduction": reduction, "label_smoothing": smoothing}
    agree(
        lambda t: functional.cross_entropy(
            t, torch.tensor(target).long(), torch.tensor(weight).double() if weighted else None, **options
        ),
        lambda v: ours.cross_entropy(v, jt.array(target), jt.array(weight) if weighted else None, **options),
        5 * drawn("x", 2, 4, 5, 6),
    )


def test_cross_entropy_of_rows_in_float64() -> None:
    target = labels(7, 1)[:, 0] % 4
    agree(
        lambda t: functional.cross_entropy(t, torch.tensor(target).long()),
        lambda v: ours.cross_entropy(v, jt.array(target)),
        drawn("x", 7, 4),
        tolerance=FLOAT64,
        dtype="float64",
    )


def test_cross_entropy_of_a_large_map_does_not_drift() -> None:
    target = labels(2, 200, 300, classes=2)
    agree(
        lambda t: functional.cross_entropy(t, torch.tensor(target).long(), ignore_index=255),
        lambda v: ours.cross_entropy(v, jt.array(target), ignore_index=255),
        drawn("x", 2, 2, 200, 300),
    )


def test_nothing_but_ignored_labels_gives_no_gradient() -> None:
    x, target = jt.array(drawn("x", 2, 4, 5)), jt.array(np.full((2, 5), 255, np.int32))
    loss = ours.cross_entropy(x, target, ignore_index=255)
    assert bool(jt.isnan(loss).item())
    assert np.abs(jt.grad(loss, x).numpy()).max() == 0


def test_a_label_that_is_no_class_is_refused() -> None:
    with pytest.raises(IndexError, match="label 255 among 4 classes: allowed are 0 to 3 and ignore_index"):
        ours.cross_entropy(jt.ones((2, 4, 5)), jt.array(np.full((2, 5), 255, np.int32)))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_binary_cross_entropy_stops_the_logarithm_where_torch_does(reduction: str) -> None:
    probability = np.array([0, 0, 1, 1, 1e-20, 1e-30, 0.5, 0.2, 0.9], np.float32)
    target = np.array([0, 1, 0, 1, 1, 0.5, 0, 1, 0.3], np.float32)
    agree(
        lambda t: functional.binary_cross_entropy(t, torch.tensor(target).double(), reduction=reduction),
        lambda v: ours.binary_cross_entropy(v, jt.array(target), reduction=reduction),
        probability,
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_binary_cross_entropy_with_logits_is_torchs(reduction: str) -> None:
    weight, positive = np.abs(drawn("weight", 7)), np.abs(drawn("positive", 7))
    agree(
        lambda x, t: functional.binary_cross_entropy_with_logits(
            x, t, torch.tensor(weight), reduction=reduction, pos_weight=torch.tensor(positive)
        ),
        lambda x, t: ours.binary_cross_entropy_with_logits(
            x, t, jt.array(weight), reduction=reduction, pos_weight=jt.array(positive)
        ),
        30 * drawn("x", 3, 7),
        drawn("target", 3, 7, law="uniform"),
    )


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize(
    ("name", "options"),
    [("l1_loss", {}), ("mse_loss", {}), ("smooth_l1_loss", {"beta": 0.5}), ("smooth_l1_loss", {"beta": 0})],
)
def test_distances_are_torchs_where_both_agree_too(
    name: str, options: dict[str, float], reduction: str
) -> None:
    a, b = (np.round(4 * drawn(one, 3, 7)) / 4 for one in "ab")
    agree(
        lambda x, y: getattr(functional, name)(x, y, reduction=reduction, **options),
        lambda x, y: getattr(ours, name)(x, y, reduction=reduction, **options),
        a,
        b,
    )


@pytest.mark.parametrize("reduction", [*REDUCTIONS, "batchmean"])
@pytest.mark.parametrize("log_target", [False, True])
@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides the total loss:UserWarning")
def test_divergence_is_torchs(reduction: str, log_target: bool) -> None:
    target = (
        drawn("target", 3, 7) if log_target else np.maximum(drawn("target", 3, 7, law="uniform") - 0.3, 0)
    )
    options = {"reduction": reduction, "log_target": log_target}
    agree(
        lambda x: functional.kl_div(x, torch.tensor(target).double(), **options),
        lambda x: ours.kl_div(x, jt.array(target), **options),
        drawn("x", 3, 7),
    )


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("CrossEntropyLoss", {"ignore_index": 255}), ("L1Loss", {"reduction": "sum"}), ("MSELoss", {}),
        ("SmoothL1Loss", {"beta": 0.5}), ("BCELoss", {}), ("BCEWithLogitsLoss", {}),
        ("KLDivLoss", {"reduction": "batchmean", "log_target": True}),
    ],
)  # fmt: skip
def test_layers_are_torchs(kind: str, options: dict[str, object]) -> None:
    reference, port = (getattr(room, kind)(**options) for room in (torch.nn, nn))
    x = drawn("x", 2, 4, 5, 6, law="uniform")
    if kind == "CrossEntropyLoss":
        target = labels(2, 5, 6)
        value, _ = in_torch(lambda t: reference(t, torch.tensor(target).long()), [x])
    else:
        target = drawn("target", 2, 4, 5, 6, law="uniform")
        value, _ = in_torch(lambda t: reference(t, torch.tensor(target).double()), [x])
    assert distance(port(jt.array(x), jt.array(target)).numpy(), value) < 1e-6


def test_an_unknown_reduction_is_refused() -> None:
    with pytest.raises(ValueError, match="reduction='average'; it may be 'mean', 'sum' or 'none'"):
        ours.l1_loss(jt.ones(2), jt.ones(2), "average")
