"""The texts of well-known formulas give what torch's own functions give."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from harness.diagnose import label_texts
from harness.diagnose.box_texts import OVERLAPS
from harness.diagnose.formula_texts import BESIDE, ELEMENTS, OF_ONE, REDUCED, along
from refs_torch.gold_yolo.iou import iou_loss, pairwise_iou

torch.manual_seed(0)
SHARES, WANTED = torch.rand(3, 2, 4, dtype=torch.float64), torch.rand(3, 2, 4, dtype=torch.float64)
HARD = (WANTED > 0.5).double()
SCORES, LABELS = torch.randn(5, 4, dtype=torch.float64), torch.tensor([1, 0, 3, 255, 2])
WEIGHTS = torch.tensor([1.0, 2.0, 0.5, 3.0], dtype=torch.float64)


def of_two(words: str, p: Tensor, t: Tensor, texts: Any = ELEMENTS) -> Tensor:
    """The formula whose words begin so."""
    text = next(text for text, own in texts if own.startswith(words))
    found = eval(text, {"p": p, "t": t})
    assert isinstance(found, Tensor)
    return found


def of_labels(words: str, **settings: str) -> Tensor:
    texts = label_texts.formulas(SCORES.shape, settings, False)
    text = next(text for text, own in texts if own.startswith(words))
    found = eval(text, {"s": SCORES, "y": LABELS, "w": WEIGHTS})
    assert isinstance(found, Tensor)
    return found


def test_distances_are_torchs() -> None:
    x = 3 * SHARES - 1
    assert torch.allclose(of_two("the square", x, WANTED), functional.mse_loss(x, WANTED, reduction="none"))
    for beta in (1.0, 0.5):
        smooth = functional.smooth_l1_loss(x, WANTED, beta=beta, reduction="none")
        assert torch.allclose(of_two(f"the smooth L1 distance, a square below {beta:g}", x, WANTED), smooth)
        huber = functional.huber_loss(x, WANTED, delta=beta, reduction="none")
        assert torch.allclose(of_two(f"the Huber distance, a square below {beta:g}", x, WANTED), huber)


def test_entropies_are_torchs() -> None:
    x = 6 * SHARES - 3
    logits = functional.binary_cross_entropy_with_logits(x, WANTED, reduction="none")
    assert torch.allclose(of_two("the binary cross entropy of logits", x, WANTED), logits)
    shares = functional.binary_cross_entropy(SHARES, WANTED, reduction="none")
    assert torch.allclose(of_two("the binary cross entropy of probabilities (", SHARES, WANTED), shares)
    divergence = functional.kl_div(SHARES.log(), WANTED, reduction="none")
    assert torch.allclose(
        of_two("the divergence of Kullback and Leibler (kl_div)", SHARES, WANTED), divergence
    )
    poisson = functional.poisson_nll_loss(x, WANTED, reduction="none")
    assert torch.allclose(of_two("the Poisson loss of logarithms", x, WANTED), poisson)
    share = torch.where(HARD == 1, x.sigmoid(), 1 - x.sigmoid())
    focal = 0.25 * HARD + 0.75 * (1 - HARD)
    focal = focal * (1 - share) ** 2 * -share.log()
    assert torch.allclose(of_two("the focal loss of logits (gamma 2, alpha 0.25)", x, HARD), focal)


def test_each_of_two_gives_a_number_for_each_element_and_a_reduced_one_a_single_number() -> None:
    for text, _ in ELEMENTS:
        assert eval(text, {"p": SHARES, "t": HARD}).shape == SHARES.shape
    for text, _ in (*REDUCED, *BESIDE):
        assert eval(text.replace("{}", "0"), {"p": SHARES, "t": HARD}).shape == ()
    for axis in range(3):
        for text, _ in along(axis):
            assert eval(text, {"p": SHARES, "t": WANTED}).ndim == 2
    assert len({text for text, _ in (*ELEMENTS, *REDUCED)}) == len(ELEMENTS) + len(REDUCED)


def test_reduced_ones_are_what_they_say() -> None:
    mse = (SHARES - WANTED).square().mean()
    decibels = of_two(
        "minus the logarithm of the mean of squares of differences (dec", SHARES, WANTED, REDUCED
    )
    assert torch.allclose(decibels, -10 * mse.log10())
    common, both = (SHARES * HARD).sum(), SHARES.sum() + HARD.sum()
    dice = of_two("1 minus Dice: twice the intersection over the sum, 1 beside both", SHARES, HARD, REDUCED)
    assert torch.allclose(dice, 1 - (2 * common + 1) / (both + 1))


@pytest.mark.parametrize(
    "name", ["softplus", "relu", "logsigmoid", "silu", "leaky_relu", "elu", "softsign", "tanh", "gelu"]
)
def test_functions_of_one_are_torchs(name: str) -> None:
    x = torch.linspace(-3, 3, 7, dtype=torch.float64)
    wanted = getattr(functional, name)(x)
    with_name = [text for text, words in OF_ONE if name in words]
    assert any(torch.allclose(eval(text, {"x": x}), wanted) for text in with_name)


def test_penalties_of_one_are_torchs() -> None:
    x = torch.linspace(-3, 3, 7, dtype=torch.float64)
    texts = {words: text for text, words in OF_ONE}
    nothing = torch.zeros_like(x)
    for words, wanted in (
        ("Huber's: half a square below 1", functional.huber_loss(x, nothing, reduction="none")),
        ("the logarithm of the hyperbolic cosine (log-cosh)", x.cosh().log()),
        ("the square of the hinge of 1 minus it (a rectifier, relu)", (1 - x).relu().square()),
    ):
        assert torch.allclose(eval(texts[words], {"x": x}), wanted)


def test_losses_of_labels_leave_out_what_is_ignored_and_weigh_classes() -> None:
    kept, rows = LABELS[LABELS != 255], SCORES[LABELS != 255]
    hot = functional.one_hot(kept, 4).double()
    brier = (rows.softmax(1) - hot).square().sum(1)
    found = of_labels("the squares of shares less ones", ignore_index="255", reduction="'none'")
    assert torch.allclose(found[LABELS != 255], brier)
    assert found[3] == 0
    found = of_labels("the squares of shares less ones", ignore_index="255", weight="w")
    assert torch.allclose(found, (brier * WEIGHTS[kept]).sum() / WEIGHTS[kept].sum())
    margin = functional.multi_margin_loss(rows, kept)
    assert torch.allclose(
        of_labels("the margin of the label's score to the others (hinge)", ignore_index="255"), margin
    )
    binary = functional.binary_cross_entropy_with_logits(rows, hot)
    found = of_labels(
        "a binary cross entropy of each class (sigmoids, no softmax), their", ignore_index="255"
    )
    assert torch.allclose(found, binary)
    entropy = functional.cross_entropy(rows, kept)
    found = of_labels("the cross entropy without smoothing", ignore_index="255", label_smoothing="0.1")
    assert torch.allclose(found, entropy)
    binary = functional.binary_cross_entropy_with_logits(rows, 0.9 * hot + 0.1 / 4, reduction="none").sum(1)
    found = of_labels(
        "a binary cross entropy of each class (sigmoids, no softmax), added up, of smoothed",
        ignore_index="255",
        label_smoothing="0.1",
    )
    assert torch.allclose(found, binary.mean())
    soft = 0.9 * hot + 0.1 * (1 - hot) / 3
    found = of_labels("what is smoothed goes to the other", ignore_index="255", label_smoothing="0.1")
    assert torch.allclose(found, functional.cross_entropy(rows, soft))


def test_overlaps_are_those_of_the_detector() -> None:
    low = 10 * torch.rand(2, 6, 2, dtype=torch.float64)
    p, t = (torch.cat((one, one + 3 + 4 * torch.rand_like(one)), -1) for one in (low, low + 1))
    for kind, words in (("giou", "GIoU"), ("diou", "DIoU"), ("ciou", "CIoU")):
        text = next(text for text, own in OVERLAPS if words in own and own.startswith("1 minus"))
        assert torch.allclose(eval(text, {"p": p, "t": t}), iou_loss(p, t, kind), rtol=1e-5)


def test_boxes_in_another_form_are_taken_for_corners() -> None:
    low = 10 * torch.rand(7, 2, dtype=torch.float64)
    sizes = 3 + 4 * torch.rand(7, 2, dtype=torch.float64)
    corners, other = torch.cat((low, low + sizes), -1), torch.cat((low + 1, low + 6), -1)
    wanted = pairwise_iou(corners, other).diagonal()
    for form, first in (("centre", low + sizes / 2), ("corner", low)):
        text = next(
            text for text, own in OVERLAPS if own.endswith(f"as {form} and size (xywh), and as corners")
        )
        assert torch.allclose(eval(text, {"p": torch.cat((first, sizes), -1), "t": other}), wanted)
