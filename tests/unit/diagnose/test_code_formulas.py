"""Another formula of the same operands is among the changes at any place, and said in words."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from harness.diagnose import code_formulas
from refs_torch.gold_yolo.iou import iou_loss, pairwise_iou
from tests.unit.diagnose.changed_code import results, words_for

torch.manual_seed(1)
P, T = 3 * torch.randn(2, 3, 8, dtype=torch.float64), torch.rand(2, 3, 8, dtype=torch.float64).round()
GIVEN: dict[str, Any] = {"p": P, "t": T}
SCORES, LABELS = torch.randn(6, 4, dtype=torch.float64), torch.tensor([0, 3, 1, 1, 2, 0])
LOW = 5 * torch.rand(2, 4, 2, dtype=torch.float64)
BOXES = torch.cat((LOW, LOW + 1 + 2 * torch.rand(2, 4, 2, dtype=torch.float64)), -1)


def said(body: str, wanted: Tensor, given: dict[str, Any] = GIVEN, **more: Any) -> str:
    """The words of all changes that give what is wanted."""
    return "; ".join(words_for(results(code_formulas.changes, body, given, **more), wanted))


def weighted(values: Tensor) -> Tensor:
    return 2 * values.mean()


KINDS: list[tuple[str, str, Tensor]] = [
    ("functional.binary_cross_entropy_with_logits(p, t)", "mse", functional.mse_loss(P.sigmoid(), T)),
    ("functional.binary_cross_entropy_with_logits(p, t)", "hinge", (1 - (2 * T - 1) * P).clamp(min=0).mean()),
    ("functional.mse_loss(p, t)", "absolute", functional.l1_loss(P, T)),
    ("functional.l1_loss(p, t, reduction='none').mean()", "norm", (P - T).norm(dim=1).mean()),
    ("(p - t).abs().mean()", "norm", (P - T).norm(dim=1).mean()),
    ("torch.abs(p - t).mean()", "cross entropy", functional.binary_cross_entropy_with_logits(P, T)),
    ("((p - t) ** 2).mean()", "Charbonnier", ((P - T).square() + 1e-6).sqrt().mean()),
    ("distance(p, t).mean()", "Charbonnier", ((P - T).square() + 1e-6).sqrt().mean()),
    ("functional.l1_loss(p, t)", "decibels", -10 * functional.mse_loss(P, T).log10()),
    ("functional.l1_loss(p, t)", "root", functional.mse_loss(P, T).sqrt()),
    ("functional.l1_loss(p, t)", "Dice", 1 - 2 * (P * T).sum() / (P.sum() + T.sum())),
    ("functional.softplus(p).mean()", "relu", P.relu().mean()),
    ("p.sigmoid().sum()", "softplus", functional.softplus(P).sum()),
    ("p.clamp(min=0).mean()", "softplus", functional.softplus(P).mean()),
    ("functional.relu(1 - p).mean()", "the square of a rectifier", (1 - P).relu().square().mean()),
    ("torch.mean(p ** 2)", "absolute", P.abs().mean()),
    ("(p ** 2).mean()", "log-cosh", P.cosh().log().mean()),
    ("p.square().mean()", "Huber", functional.huber_loss(P, torch.zeros_like(P))),
]


@pytest.mark.parametrize(("right", "words", "value"), KINDS)
def test_a_formula_in_place_of_another_one_is_found(right: str, words: str, value: Tensor) -> None:
    found = said(f"return 3 + {right}", 3 + value, distance=lambda one, other: (one - other).abs())
    assert words in found
    assert found.startswith("in loss (made.py, line 2), `")


def test_what_is_no_penalty_of_one_tensor_has_no_other_function() -> None:
    for body in (
        "return p.clamp(min=1).mean()",
        "return p.clamp(min=0, max=1).mean()",
        "return (2**p).mean()",
        "return torch.sum(t * p.clamp(min=0))",
        "return (p**2 + t**2).mean()",
    ):
        assert not any(
            "another function" in words for words, _ in results(code_formulas.changes, body, GIVEN)
        )


def test_the_parts_around_it_stay() -> None:
    value = 2 * (P - T).square().mean() + T.sum()
    assert "mse" in said("return weighted((p - t).abs()) + t.sum()", value, weighted=weighted)


def test_a_loss_more_beside_one_is_found() -> None:
    value = functional.l1_loss(P, T) + functional.mse_loss(P, T)
    assert "is added" in said("return functional.l1_loss(p, t)", value)


def test_a_function_behind_a_loss_is_found() -> None:
    given = {"s": SCORES, "y": LABELS}
    each = functional.cross_entropy(SCORES, LABELS, reduction="none", label_smoothing=0.1)
    body = "return functional.cross_entropy(s, y, reduction='none', label_smoothing=0.1).mean()"
    assert "focal" in said(body, ((1 - (-each).exp()) ** 2 * each).mean(), given)


@pytest.mark.parametrize("call", ["functional.cross_entropy(s, y)", "self.criterion(s, y)"])
def test_a_loss_of_scores_and_labels_is_found(call: str) -> None:
    given = {"s": SCORES, "y": LABELS, "self": functional_holder()}
    hot = functional.one_hot(LABELS, 4).double()
    assert "Brier" in said(f"return {call}", (SCORES.softmax(1) - hot).square().sum(1).mean(), given)
    share = SCORES.softmax(1).gather(1, LABELS[:, None])[:, 0]
    assert "focal" in said(f"return {call}", (-((1 - share) ** 2) * share.log()).mean(), given)


@pytest.mark.parametrize("quoted", ["'none'", '"none"'])
def test_a_loss_of_each_label_stays_one_of_each(quoted: str) -> None:
    body = f"return functional.cross_entropy(s, y, reduction={quoted})[1:].sum()"
    share = SCORES.softmax(1).gather(1, LABELS[:, None])[:, 0]
    assert "1 minus the share" in said(body, (1 - share)[1:].sum(), {"s": SCORES, "y": LABELS})


def functional_holder() -> Any:
    class Holder:
        criterion = torch.nn.CrossEntropyLoss()

    return Holder()


def test_another_measure_of_boxes_is_found_for_pairs_one_by_one_and_for_each_with_each() -> None:
    given = {"one": BOXES, "other": BOXES.flip(1)}
    body = "return 1 - overlap(one, other)"
    one_by_one = {"overlap": lambda one, other: 1 - iou_loss(one, other, "diou")}
    assert "GIoU" in said(body, iou_loss(BOXES, BOXES.flip(1), "giou"), given, **one_by_one)
    each = pairwise_iou(BOXES, BOXES.flip(1))
    assert "IoU" in said(
        "return pairs(one, other)", each, given, pairs=lambda one, other: 2 * pairwise_iou(one, other)
    )


def test_what_compares_nothing_has_no_other_formula() -> None:
    for body in ("return torch.maximum(p, t)", "return p + t", "return p.abs() + t.amax()"):
        assert not any("another formula" in words for words, _ in results(code_formulas.changes, body, GIVEN))
