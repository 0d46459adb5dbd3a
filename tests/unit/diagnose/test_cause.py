"""Causes found from tensors alone; the reference's layer is a function of numpy here."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from harness.diagnose import (
    Cause,
    DifferingLayer,
    Producer,
    ReferenceTensor,
    Trial,
    explain_at_last,
    explain_forward,
    explain_given,
    explain_gradient,
    explain_parameter_of_one_side,
    signature,
)
from harness.diagnose import _cause as searching

Array = NDArray[Any]
GIVEN = np.random.default_rng(3).standard_normal((2, 4, 8, 8)).astype(np.float32)
BRANCH = np.random.default_rng(11).standard_normal(GIVEN.shape)
BIAS = np.random.default_rng(4).standard_normal(4).astype(np.float32)


def norm(x: Array, eps: float = 1e-5, bias: Array = BIAS, training: bool = False) -> Array:
    """A norm with statistics of its own, or of the batch."""
    axes = (0, 2, 3)
    mean, variance = (x.mean(axes), x.var(axes)) if training else (np.zeros(4), np.full(4, 0.01))
    shape = (1, 4, 1, 1)
    wide = (x - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + eps) + bias.reshape(shape)
    return np.asarray(wide, np.float32)


def replay(trials: Sequence[Trial]) -> list[Array | None]:
    """What the norm makes of each trial; other attributes are none of its."""
    results: list[Array | None] = []
    for trial in trials:
        if set(trial.changes) - {"eps"} or set(trial.state) - {"bias"}:
            results.append(None)
            continue
        eps, bias = trial.changes.get("eps", 1e-5), trial.state.get("bias", BIAS)
        results.append(norm(GIVEN, eps, bias, bool(trial.training)))
    return results


def cause(port: Array, **more: Any) -> Cause:
    expected = {
        "type": "BatchNorm2d",
        "reference": norm(GIVEN),
        "inputs": (GIVEN,),
        "attributes": {"eps": 1e-5},
        "state": {"bias": BIAS, "running_mean": np.zeros(4, np.float32)},
        "floor": 1e-3,
    }
    return explain_forward(DifferingLayer(port=port, **{**expected, **more}), replay)


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (norm(GIVEN, 1e-3), "computed with eps=0.001"),
        (norm(GIVEN, bias=0 * BIAS), "no bias"),
        (norm(GIVEN, bias=2 * BIAS), "bias added twice"),
        (norm(GIVEN, training=True), "training mode"),
        (norm(GIVEN).swapaxes(2, 3), "transposed"),
        (norm(GIVEN)[:, ::-1], "channels in the opposite order"),
        (norm(GIVEN)[:, [2, 0, 3, 1]], "channels in the order 2, 0, 3, 1"),
        (np.maximum(norm(GIVEN), 0), "ReLU of the reference's output"),
        (norm(GIVEN) * np.float32(1.25), "times 1.25"),
        (norm(GIVEN) + np.float32(0.5), "plus 0.5"),
        (GIVEN, "its input, unchanged"),
        (norm(GIVEN).astype(np.float16).astype(np.float32), "rounded to float16"),
    ],
)
def test_hypothesis_that_reproduces_the_port_is_the_cause(port: Array, words: str) -> None:
    found = cause(port, floor=3e-4)
    assert found.found, found.sentence
    assert words in found.sentence


def test_a_norm_that_is_frozen_while_its_model_trains_may_run_in_training_mode() -> None:
    found = cause(norm(GIVEN, training=True), training=True)
    assert "computed in training mode, on the batch" in found.sentence


def test_values_of_the_port_itself_come_first() -> None:
    found = cause(norm(GIVEN, 3e-4), differing={"eps": (1e-5, 3e-4)})
    assert (found.found, found.attribute) == (True, "eps")
    assert found.tried <= 8
    assert found.entries == ()  # another value explains it; the frameworks need not differ


def test_neighbours_of_a_geometry_are_tried() -> None:
    asked: list[Trial] = []

    def note(trials: Sequence[Trial]) -> list[Array | None]:
        asked.extend(trials)
        return [None for _ in trials]

    expected = {"padding": [1, 2], "stride": 2, "mode": "bilinear"}
    explain_forward(
        DifferingLayer("Conv2d", GIVEN, GIVEN + BIAS.reshape(1, 4, 1, 1), attributes=expected), note
    )
    changes = [dict(trial.changes) for trial in asked]
    assert {"padding": [0, 1]} in changes
    assert {"padding": [2, 1]} in changes
    assert {"stride": 3} in changes
    assert {"mode": "nearest", "align_corners": None} in changes


def test_no_cause_is_invented() -> None:
    noise = np.random.default_rng(8).standard_normal(GIVEN.shape).astype(np.float32)
    found = cause(norm(GIVEN) + noise * np.float32(0.1))
    assert not found.found
    assert "none of" in found.sentence
    assert found.entries == ()  # no entry on this layer tells of an error that looks like this


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (np.maximum(GIVEN, 0), "ReLU"),
        (np.where(GIVEN > 0, GIVEN, 0.1 * GIVEN), "LeakyReLU with slope 0.1"),
        (GIVEN, "activation is missing"),
        (GIVEN / (1 + np.exp(-GIVEN)), "SiLU"),
    ],
)
def test_activations_are_distinguished(given: Array, words: str) -> None:
    evidence = DifferingLayer("GELU", np.tanh(GIVEN), given.astype(np.float32), inputs=(GIVEN,), floor=1e-4)
    assert words in explain_forward(evidence, lambda trials: [None for _ in trials]).sentence


def test_order_of_a_concatenation() -> None:
    one, two = GIVEN[:, :1], GIVEN[:, 1:]
    evidence = DifferingLayer(
        "cat", np.concatenate([one, two], 1), np.concatenate([two, one], 1), inputs=(one, two), floor=1e-6
    )
    assert "joined in the order [1, 0]" in explain_forward(evidence, lambda t: [None for _ in t]).sentence


@pytest.mark.parametrize(
    ("kind", "port", "words"),
    [
        ("add", 1.001 * GIVEN + BRANCH, "input number 0 times 1.001"),
        ("sub", GIVEN - 3 * BRANCH, "input number 1 times 3"),
        ("cat", np.concatenate([GIVEN, 0.5 * BRANCH], 1), "input number 1 times 0.5"),
        ("cat", np.concatenate([0 * GIVEN, BRANCH], 1), "input number 0 times 0"),
    ],
)
def test_scaled_part(kind: str, port: Array, words: str) -> None:
    sound = {"add": GIVEN + BRANCH, "sub": GIVEN - BRANCH, "cat": np.concatenate([GIVEN, BRANCH], 1)}[kind]
    ours, its = (tensor.astype(np.float32) for tensor in (sound, port))
    parts = (GIVEN, BRANCH.astype(np.float32))
    evidence = DifferingLayer(kind, ours, its, inputs=parts, operation=True, floor=1e-4)
    assert words in explain_forward(evidence, lambda t: [None for _ in t]).sentence


@pytest.mark.parametrize(
    ("shape", "factors"),
    [((), 1.5), ((1, 4, 1, 1), np.array([1.5, 2.0, -1.0, 3.0]).reshape(1, 4, 1, 1)), ((2, 2), 1.5371)],
)
def test_a_fit_with_no_more_evidence_than_numbers_is_no_cause(shape: tuple[int, ...], factors: Any) -> None:
    right = np.random.default_rng(5).standard_normal(shape).astype(np.float32)
    port = (right * factors).astype(np.float32)
    found = explain_forward(
        DifferingLayer("loss", right, port, floor=1e-6), lambda trials: [None for _ in trials]
    )
    assert not found.found, found.sentence


@pytest.mark.parametrize(
    ("factor", "words"),
    [(1.5, "times 1.5 ("), (0.125, "times 0.125 (divided by 8) ("), (1 / 3, "(divided by 3) (")],
)
def test_a_plain_factor_of_few_elements_is_a_cause(factor: float, words: str) -> None:
    right = np.array([[5.0, 9.0], [8.0, 6.0]], np.float32)
    port = (right * factor).astype(np.float32)
    found = explain_at_last(DifferingLayer("mul", right, port, floor=1e-4))
    assert words in found.sentence
    assert found.fitted == 1
    bent = port * np.array([[1, 1], [1, 1.001]], np.float32)
    assert not explain_at_last(DifferingLayer("mul", right, bent, floor=1e-4)).found
    three = DifferingLayer("mul", right.reshape(4)[:3], port.reshape(4)[:3], floor=1e-4)
    assert not explain_at_last(three).found


def test_what_is_fitted_is_said_to_be_fitted() -> None:
    found = cause(norm(GIVEN) * np.float32(1.25), floor=3e-4)
    assert found.fitted == 1
    assert "one number fitted to 512 elements" in found.sentence


def test_hypotheses_that_give_the_same_tensor_are_all_told() -> None:
    two_rows = GIVEN[:, :, :2]
    evidence = DifferingLayer("add", two_rows, two_rows[:, :, ::-1], floor=1e-6)
    found = explain_forward(evidence, lambda trials: [None for _ in trials])
    assert "flipped upside down" in found.sentence
    assert "(the same tensor: the reference's output shifted by one row)" in found.sentence
    assert found.also == ("the reference's output shifted by one row",)


def test_another_recorded_tensor_is_named() -> None:
    other = ReferenceTensor("layer:skip#0:out", GIVEN.shape, lambda: BRANCH.astype(np.float32))
    told = DifferingLayer("add", GIVEN, BRANCH.astype(np.float32), floor=1e-6, recorded=(other,))
    found = explain_given(told, {})
    assert (found.found, found.taken) == (True, "layer:skip#0:out")


def test_a_tensor_whose_axes_are_not_turned_is_told_with_what_the_reference_does() -> None:
    """Heads that are split and not turned, or a batch in the place of the time."""
    for right in (
        GIVEN.transpose(1, 0, 2, 3),
        GIVEN.reshape(2, 2, 2, 8, 8).transpose(1, 0, 2, 3, 4),
    ):
        port = GIVEN.reshape(right.shape)
        other = ReferenceTensor("layer:embed#0:out", GIVEN.shape, lambda: GIVEN)
        told = DifferingLayer("LSTM", np.ascontiguousarray(right), port, floor=1e-6, recorded=(other,))
        found = explain_given(told, {})
        assert "layer:embed#0:out, reshaped, where the reference gives it transposed (" in found.sentence


def test_a_producer_that_is_skipped_is_named() -> None:
    producer = Producer("act", {"layer:act#0:in.0": GIVEN})
    told = DifferingLayer("conv2d", np.maximum(GIVEN, 0), GIVEN, floor=1e-6, producer=producer)
    assert "act is skipped" in explain_given(told, {}).sentence


def test_a_mask_that_is_not_multiplied_by_another_one_is_told_by_its_pattern_and_ones_are_not() -> None:
    """A causal mask for all sentences, where the reference hides what is padded as well."""
    causal, there = np.tril(np.ones((6, 6), np.float32)), np.ones((3, 1, 1, 6), np.float32)
    there[0, ..., 4:] = there[1, ..., 2:] = 0
    producer = Producer("(model)/mul.0", {"in.0": causal, "in.1": there})
    for mask, skipped in ((causal, True), (np.ones_like(causal), False)):
        told = DifferingLayer("layer", mask * there, mask[None, None], floor=1e-6, producer=producer)
        found = explain_given(told, {}).sentence
        assert ("in.0, reshaped, which (model)/mul.0 is given: (model)/mul.0 is skipped" in found) == skipped
        assert ("(a product is left out)" in found) == skipped


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (
            GIVEN.reshape(2, 2, 2, 8, 8).swapaxes(1, 2).reshape(GIVEN.shape),
            "channels in the order 0, 2, 1, 3",
        ),
        (GIVEN.transpose(0, 2, 1, 3).reshape(GIVEN.shape), "its axes in the order 0, 2, 1, 3"),
        (np.roll(GIVEN, 4, 2), "cut into 2 blocks, in the order 1, 0"),
    ],
)
def test_layouts(port: Array, words: str) -> None:
    assert words in explain_given(DifferingLayer("conv2d", GIVEN, port, floor=1e-6), {}).sentence


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (GIVEN.max(1), "the largest (max) over axes 1"),
        (GIVEN.sum(1), "the sum over axes 1"),
        (np.abs(GIVEN).max(1), "the largest (max) over axes 1 of the absolute value"),
        (GIVEN[:, 2], "number 2 of 4 along axis 1"),
    ],
)
def test_other_reductions(port: Array, words: str) -> None:
    other = ReferenceTensor("layer:x#0:out", GIVEN.shape, lambda: GIVEN)
    producer = Producer("mean.0", {"layer:x#0:out": GIVEN})
    told = DifferingLayer("conv2d", GIVEN.mean(1), port, floor=1e-4, producer=producer, recorded=(other,))
    assert words in explain_given(told, {}).sentence


def test_gates_in_another_order() -> None:
    weight = np.arange(16.0, dtype=np.float32).reshape(8, 2)
    told = DifferingLayer("LSTM", GIVEN, GIVEN[::-1] + 1, state={"weight_ih_l0": weight}, floor=1e-4)

    def replay(trials: Sequence[Trial]) -> list[Array | None]:
        moved = np.concatenate([weight[:4], weight[6:], weight[4:6]])
        fits = [np.array_equal(trial.state.get("weight_ih_l0", weight), moved) for trial in trials]
        return [told.port if fit else None for fit in fits]

    assert "gates in the order input, forget, output, cell" in explain_forward(told, replay).sentence


@pytest.mark.parametrize(
    ("error", "sign"),
    [
        (np.broadcast_to(BIAS.reshape(1, 4, 1, 1), GIVEN.shape), "constant per channel"),
        (np.where(GIVEN < 0, 0.1 * GIVEN, 0), "negative values"),
        (np.pad(np.zeros((2, 4, 6, 6)), ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=1.0), "borders"),
        (0.1 * GIVEN, "scaled"),
    ],
)
def test_signatures(error: Array, sign: str) -> None:
    assert sign in signature(GIVEN, (GIVEN + error).astype(np.float32))


def test_inputs_in_another_order() -> None:
    other = BRANCH.astype(np.float32)
    found = explain_given(DifferingLayer("sub", GIVEN, other, operation=True), {"layer:sub#0:in.1": other})
    assert found.found
    assert found.sentence == (
        "what the port's layer is given is the reference's input 1: its inputs come in another order, "
        "or one twice."
    )
    assert found.taken == "layer:sub#0:in.1"


def test_an_input_that_is_another_tensors_multiple() -> None:
    evidence = DifferingLayer("sub", GIVEN, GIVEN * np.float32(1.5), operation=True, floor=1e-4)
    assert not explain_given(evidence, {"layer:sub#0:in.1": BRANCH.astype(np.float32)}).found
    found = explain_at_last(evidence)
    assert found.sentence == (
        "what the port's layer is given is the reference's input times 1.5 "
        "(one number fitted to 512 elements)."
    )


@pytest.mark.parametrize("other", [BRANCH.astype(np.float32), GIVEN[:1], GIVEN])
def test_an_input_that_is_neither(other: Array) -> None:
    port = np.random.default_rng(12).standard_normal(GIVEN.shape).astype(np.float32)
    assert not explain_given(
        DifferingLayer("sub", GIVEN, port, operation=True), {"layer:sub#0:in.1": other}
    ).found


def test_a_pooling_of_another_kind_is_told_by_its_blocks() -> None:
    blocks = GIVEN.reshape(2, 4, 4, 2, 4, 2)
    largest, mean = blocks.max((3, 5)), blocks.mean((3, 5))
    found = explain_forward(
        DifferingLayer("Own", largest, mean, inputs=(GIVEN,), floor=1e-4),
        lambda trials: [None for _ in trials],
    )
    assert "the mean over blocks of 1x1x2x2 of its input number 0" in found.sentence


def test_a_parameter_that_learns_in_the_port_alone_is_called_so() -> None:
    found = explain_parameter_of_one_side("head.bias")
    assert found.found
    assert found.sentence.startswith("head.bias learns in the port alone: in the reference it is frozen")


def test_an_exchanged_input_is_told_with_every_other_name_of_the_same_tensor() -> None:
    last = np.random.default_rng(13).standard_normal((3, 8)).astype(np.float32)
    recorded = (ReferenceTensor("layer:lstm#0:out.1.0", (1, 3, 8), lambda: last[None]),)
    evidence = DifferingLayer("Cell", np.zeros_like(last), last, floor=1e-6, recorded=recorded)
    sentence = explain_given(evidence, {"layer:cell#0:in.0": last}).sentence
    assert "the same tensor: the reference's layer:lstm#0:out.1.0, reshaped" in sentence
    assert sentence.endswith("where the reference gives zeros everywhere.")


def test_a_search_ends_with_its_time_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """One slow hypothesis after another: what comes after the end is not tried."""
    seen = []

    def slow(evidence: DifferingLayer) -> Iterator[Trial]:
        for number in range(100):
            time.sleep(0.02)
            seen.append(number)
            yield Trial("nothing", predicted=GIVEN)

    monkeypatch.setattr(searching, "OF_LAYERS", (slow,))
    told = DifferingLayer("Linear", GIVEN, GIVEN[::-1] + 1, floor=1e-4, until=time.monotonic() + 0.1)
    found = explain_forward(told, lambda trials: [None for _ in trials])
    assert not found.found
    assert found.sentence.endswith("; the time was up before all were tried.")
    assert 0 < len(seen) < 20
    late = dataclasses.replace(told, until=0.0)
    assert explain_gradient(late).sentence.startswith("none of 0 hypotheses")
