"""What all wrong tensors of one training pass have in common, from arrays whose cause is known."""

from __future__ import annotations

import numpy as np
import pytest

from harness.diagnose.factors import common_factor, one_factor
from harness.diagnose.passes import Wrong, cause_of_pass

RNG = np.random.default_rng(0)
BATCH = RNG.standard_normal((50, 4)) * 2 + 1
MEAN, VARIANCE = np.zeros(4), np.ones(4)


def norm(path: str, momentum: float, ddof: int = 1, stale: bool = False) -> dict[str, np.ndarray]:
    """The running statistics of a norm after the batch, as torch defines them."""
    share = 0.0 if stale else momentum
    return {
        f"state:{path}.running_mean": (1 - share) * MEAN + share * BATCH.mean(0),
        f"state:{path}.running_var": (1 - share) * VARIANCE + share * BATCH.var(0, ddof=ddof),
    }


def wrong(port: dict[str, np.ndarray], path: str = "bn") -> list[Wrong]:
    """What differs from a norm of momentum 0.1."""
    right = norm(path, 0.1)
    return [
        Wrong(name, right[name], found, MEAN if "mean" in name else VARIANCE)
        for name, found in port.items()
        if not np.allclose(found, right[name])
    ]


@pytest.mark.parametrize(
    ("port", "said"),
    [
        (norm("bn", 0.9), "the momentum of bn is 0.9, where the reference's is 0.1, the share that is kept"),
        (norm("bn", 0.03), "the momentum of bn is 0.03, where the reference's is 0.1."),
        (norm("bn", 0.1, stale=True), "the running statistics of bn are not updated."),
        (norm("bn", 0.1, ddof=0), "the running variance of bn takes the biased variance of the batch."),
        (norm("bn", 0.07, ddof=0), ""),
        ({"state:bn.running_mean": RNG.standard_normal(4)}, ""),
        ({"state:bn.running_var": norm("bn", 0.1)["state:bn.running_var"] * 1.01}, ""),
    ],
)
def test_what_is_wrong_with_running_statistics(port: dict[str, np.ndarray], said: str) -> None:
    found = cause_of_pass(wrong(port), {"bn": 0.1}, 8)
    assert found.startswith(said) if said else found == ""


def test_norms_of_several_momenta_that_all_keep_the_share_they_should_take() -> None:
    right = {**norm("a", 0.1), **norm("b", 0.03)}
    kept = {**norm("a", 0.9), **norm("b", 0.97)}
    momenta = {"a": 0.1, "b": 0.03}

    def cause(port: dict[str, np.ndarray]) -> str:
        before = {name: MEAN if "mean" in name else VARIANCE for name in right}
        found = [Wrong(name, right[name], port[name], before[name]) for name in right]
        return cause_of_pass(found, momenta, 8)

    told = "the momentum of a, b is the share that is kept, not the one that is taken"
    assert cause(kept) == f"{told}: 0.97 for 0.03, 0.9 for 0.1."
    assert cause({**kept, **norm("b", 0.5)}) == ""


def test_a_biased_variance_of_many_values_is_no_other_momentum() -> None:
    """With few per mille of bias, one factor nearly fits: how far the variance went."""
    start, batch = np.full(4, 50.0), np.array([1.0, 1.1, 0.9, 1.05])
    right, port = 0.9 * start + 0.1 * batch, 0.9 * start + 0.1 * batch * (255 / 256)
    told = cause_of_pass([Wrong("state:bn.running_var", right, port, start)], {"bn": 0.1}, 4)
    assert told == "the running variance of bn takes the biased variance of the batch."


def test_one_momentum_for_several_norms_and_one_of_unknown_momentum() -> None:
    several = [*wrong(norm("a", 0.9), "a"), *wrong(norm("b", 0.9), "b")]
    assert "the momentum of a, b is 0.9" in cause_of_pass(several, {"a": 0.1, "b": 0.1}, 8)
    assert "go 9 times as far" in cause_of_pass(several, {}, 8)


GRADIENTS = {f"grad:{name}": RNG.standard_normal((3, 2)) for name in "ab"}
LOSS = np.array(2.5)


@pytest.mark.parametrize(
    ("of_loss", "of_gradients", "said"),
    [
        (8.0, 8.0, "the loss is multiplied by 8, the number of samples in a batch."),
        (3.0, 3.0, "the loss is multiplied by 3."),
        (1.0, 8.0, "no loss is wrong"),
        (2.0, 8.0, ""),
        (1.0, 0.0, "no gradient reaches a, b in the port: frozen or detached."),
    ],
)
def test_what_is_wrong_with_losses(of_loss: float, of_gradients: float, said: str) -> None:
    found = [Wrong(name, array, array * of_gradients) for name, array in GRADIENTS.items()]
    if of_loss != 1:
        found.append(Wrong("loss:total", LOSS, LOSS * of_loss))
    told = cause_of_pass(found, {}, 8)
    assert told.endswith(said) or said in told
    assert bool(told) == bool(said)


def test_a_gradient_that_the_port_has_not_and_one_that_is_another() -> None:
    missing = [Wrong("grad:a", np.ones((2, 2)), None)]
    assert "no gradient reaches a in the port" in cause_of_pass(missing, {}, 1)
    other = [Wrong(name, array, RNG.standard_normal(array.shape)) for name, array in GRADIENTS.items()]
    assert cause_of_pass(other, {}, 1) == ""
    assert cause_of_pass([*missing, *other], {}, 1) == ""


def test_a_factor_that_fits_exactly_needs_no_small_noise() -> None:
    """A network may stray by 10 % of a gradient, and not here; a small tensor that differs counts."""
    found = [Wrong(name, array, 2 * array, noise=0.1 * 2.0) for name, array in GRADIENTS.items()]
    loss = Wrong("loss:total", LOSS, 2 * LOSS, noise=0.02)
    assert "the loss is multiplied by 2" in cause_of_pass([*found, loss], {}, 2)
    small = Wrong("grad:c", 1e-6 * np.ones(4), np.array([1e-6, 2e-6, 5e-6, 2e-6]), noise=1e-7)
    assert cause_of_pass([*found, small, loss], {}, 2) == ""


@pytest.mark.parametrize(("known", "named"), [(True, True), (False, False)])
def test_rounding_may_blur_a_factor_as_far_as_it_is_known_to(known: bool, named: bool) -> None:
    """One tensor is blurred by 1 %, one is nothing but rounding, and so is a part of the loss."""
    right = {name: RNG.standard_normal((30, 4)) for name in ("a", "b", "drowned")}
    blur = {"a": 1e-6, "b": 0.01, "drowned": 3.0}
    found = []
    for name, array in right.items():
        noise = blur[name] * float(np.linalg.norm(array))
        moved = RNG.standard_normal(array.shape)
        port = 4 * array + noise * moved / np.linalg.norm(moved)
        found.append(Wrong(f"grad:{name}", array, port, noise=noise if known else 0.0))
    found.append(Wrong("loss:total", np.float64(2.0), np.float64(8.04), noise=0.01 if known else 0.0))
    told = cause_of_pass(found, {}, 4)
    assert ("the loss is multiplied by 4, the number of samples" in told) == named
    other = [
        Wrong(one.address, one.reference, RNG.standard_normal((30, 4)), noise=one.noise) for one in found[:3]
    ]
    assert cause_of_pass(other, {}, 4) == ""


def test_one_value_proves_no_factor() -> None:
    assert one_factor([(np.array([2.0]), np.array([3.6]))]) is None
    assert one_factor([(np.array([2.0, 0.0]), np.array([3.6, 0.0]))]) is None
    assert one_factor([(np.array([2.0, 1.0]), np.array([3.6, 1.8]))]) == pytest.approx(1.8)
    assert one_factor([(np.array([2.0, 1.0]), np.array([2.0, 1.0]))]) is None
    assert one_factor([]) is None
    assert common_factor([(np.array([2.0, 1.0]), np.array([2.0, 1.0]))]) == (1.0, 0.0)
    assert common_factor([(np.array([2.0, 1.0]), np.array([1.0, 2.0]))]) is None
