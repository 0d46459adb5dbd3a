"""The knowledge base is held against the installed Jittor: facts are measured again where that is cheap."""

from __future__ import annotations

from collections.abc import Callable

import jittor as jt
import numpy as np
import pytest
from jittor import nn

from harness import knowledge

pytestmark = pytest.mark.slow  # each fact compiles an operator or two

PROBES: dict[str, Callable[[], bool]] = {}


def probe(name: str) -> Callable[[Callable[[], bool]], Callable[[], bool]]:
    """Register what must still hold for the entry called `name`."""

    def register(holds: Callable[[], bool]) -> Callable[[], bool]:
        PROBES[name] = holds
        return holds

    return register


def number(value: jt.Var) -> float:
    return float(np.asarray(value.numpy()).reshape(-1)[0])


@probe("mean-drift")
def _() -> bool:
    return abs(number(jt.ones((1, 3, 321, 481)).mean()) - 1) > 1e-3


@probe("norm-one-pass")
def _() -> bool:
    x = (1000 + np.random.default_rng(0).standard_normal((4, 3, 16, 16))).astype(np.float32)
    exact = x.astype(np.float64)
    exact = (exact - exact.mean((0, 2, 3), keepdims=True)) / exact.std((0, 2, 3), keepdims=True)
    return bool(np.abs(nn.BatchNorm(3)(jt.array(x)).numpy() - exact).max() > 1e-3)


@probe("running-var-biased")
def _() -> bool:
    x = np.random.default_rng(0).standard_normal((1, 1, 5, 5)).astype(np.float32)
    norm = nn.BatchNorm(1, momentum=0.1)
    norm(jt.array(x)).sync()
    return abs(number(norm.running_var) - (0.9 + 0.1 * float(x.var()))) < 1e-5


@probe("load-silent")
def _() -> bool:
    nn.Linear(2, 3).load_state_dict({"nothing": np.zeros(4)})
    return True


@probe("adaptive-pool")
def _() -> bool:
    x = np.arange(13, dtype=np.float32).reshape(1, 1, 13, 1).repeat(13, 3)
    found = nn.AdaptiveAvgPool2d((5, 13))(jt.array(x)).numpy()[0, 0, :, 0]
    return not np.allclose(found, [1, 3.5, 6, 8.5, 11])


@probe("nan-lost")
def _() -> bool:
    return number(nn.relu(jt.array(np.array([np.nan], np.float32)))) == 0


@probe("max-ties")
def _() -> bool:
    x = jt.array(np.ones((1, 4), np.float32))
    return float(jt.grad(x.max(1).sum(), x).numpy().sum()) == 4


@probe("max-returns")
def _() -> bool:
    return isinstance(jt.array(np.ones((2, 3), np.float32)).max(1), jt.Var)


@probe("eval-stops-gradients")
def _() -> bool:
    layer = nn.Linear(2, 2)
    layer.eval()
    return all(value.is_stop_grad() for value in layer.parameters())


@probe("variance-biased")
def _() -> bool:
    return abs(number(jt.array(np.array([0.0, 2.0], np.float32)).var()) - 1.0) < 1e-6


@probe("array-narrows")
def _() -> bool:
    return number(jt.array(np.array([2**40]))) == 0


@probe("integer-division")
def _() -> bool:
    return number(jt.array(np.array([-7], np.int32)) // 2) == -3


@probe("sigmoid-floor")
def _() -> bool:
    return number(jt.sigmoid(jt.array(np.array([-40.0], np.float32)))) > 1e-14


@probe("kinks")
def _() -> bool:
    x = jt.array(np.zeros(1, np.float32))
    return number(jt.grad(x.abs().sum(), x)) != 0


@probe("cross-entropy-ignores")
def _() -> bool:
    labels = jt.array(np.array([1, 255]))
    return bool(np.isfinite(number(nn.cross_entropy_loss(jt.zeros((2, 3)), labels))))


@probe("bce-clamp")
def _() -> bool:
    found = number(nn.BCELoss()(jt.array(np.zeros(1, np.float32)), jt.array(np.ones(1, np.float32))))
    return 46 < found < 46.1


@probe("inner-layers")
def _() -> bool:
    return nn.ModuleList is nn.Sequential or issubclass(nn.ModuleList, nn.Sequential)


@probe("logsumexp-overflow")
def _() -> bool:
    return not np.isfinite(number(nn.logsumexp(jt.array(np.full((1, 2), 89.0, np.float32)), 1)))


def test_probes_belong_to_entries() -> None:
    assert set(PROBES) <= set(knowledge.entries())
    assert len(PROBES) >= 15


@pytest.mark.parametrize("name", PROBES)
def test_entry_is_still_true(name: str) -> None:
    entry = knowledge.entry(name)
    assert PROBES[name](), f"{entry.title}: Jittor {jt.__version__} does so no longer; correct the entry"
