"""Both sides implement the same verbs with the same meanings: one suite for both."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness import pairs
from harness.breadcrumb import Breadcrumb
from harness.deviation import Deviation
from harness.errors import BadInput
from harness.flows import inputs_and_weights
from harness.requests import CallChange
from harness.sides import timing, verbs
from harness.trace import Trace
from harness.trace_header import TraceHeader

MODEL = "tests.unit.sides.small:PAIR"
KEYS = [
    "conv.weight",
    "conv.bias",
    "norm.weight",
    "norm.bias",
    "norm.running_mean",
    "norm.running_var",
    "norm.num_batches_tracked",
    "head.weight",
    "head.bias",
]
LAYERS = ["conv", "norm", "(model)/relu.0", "drop", "head", "(model)/add.0"]


@pytest.fixture(
    params=[
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("jittor", marks=pytest.mark.jittor),
    ]
)
def side(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """A side that holds the small model with seeded weights."""
    module = importlib.import_module(f"harness.sides.{request.param}_side")
    held = getattr(module, f"{request.param.capitalize()}Side")("cpu", Breadcrumb(tmp_path / "place"))
    held.build(MODEL, "small")
    pair = pairs.find(MODEL)
    state = inputs_and_weights.draw_state(pair, 1, held.state_table())
    inputs_and_weights.write(tmp_path / "state.h5", "state", state)
    held.load(str(tmp_path / "state.h5"))
    return held


@pytest.fixture
def inputs(tmp_path: Path) -> str:
    """A file with the inputs of the small model."""
    image = np.random.default_rng(0).random((4, 3, 8, 8), dtype=np.float32)
    return str(inputs_and_weights.write(tmp_path / "inputs.h5", "input", {"image": image}))


def record(side: Any, inputs: str, path: Path, mode: str = "eval", **more: Any) -> Trace:
    """Run once and open the trace."""
    side.run(inputs, mode, trace=str(path), header=TraceHeader(side=side.name), **more)
    if mode != "eval":
        side.backward()
    return Trace.open(path)


def test_describe_tells_versions_state_and_layers(side: Any) -> None:
    expected = side.describe()
    assert expected.identity.side == side.name
    assert side.name in expected.identity.versions
    assert [entry.key for entry in expected.state] == KEYS
    assert [entry.key for entry in expected.state if entry.learns] == [*KEYS[:4], *KEYS[7:]]
    assert expected.layers["norm"].attributes["eps"] == 1e-3
    assert expected.layers["conv"].attributes["padding"] == [1, 1]


def test_every_layer_and_operation_is_recorded(side: Any, inputs: str, tmp_path: Path) -> None:
    with record(side, inputs, tmp_path / "t.h5") as trace:
        outs = [a for a in trace.records if a.startswith("layer:") and ":out" in a]
        assert [a.removeprefix("layer:").partition("#")[0] for a in outs] == [*LAYERS, "(model)"]
        assert trace.records["layer:head#0:in.0"].alias == "layer:(model)/relu.0#0:out"
        assert trace.records["output:0"].alias == "layer:(model)/add.0#0:out"
        assert trace.complete


def test_bare_run_and_recorded_run_give_the_same(side: Any, inputs: str, tmp_path: Path) -> None:
    side.run(inputs, "eval", observe=False)
    answer = side.run(inputs, "eval", trace=str(tmp_path / "t.h5"))
    assert answer.observer.max_abs <= 1e-6 * answer.observer.scale


def test_observing_leaves_nothing_behind(side: Any, inputs: str, tmp_path: Path) -> None:
    before = type(side.model).__call__
    record(side, inputs, tmp_path / "t.h5").close()
    assert type(side.model).__call__ is before


def test_a_layer_with_a_hook_of_its_own_is_recorded(side: Any, inputs: str, tmp_path: Path) -> None:
    seen: list[Any] = []
    dict(side.modules())["norm"].register_forward_hook(lambda module, args, output: seen.append(output))
    with record(side, inputs, tmp_path / "t.h5") as trace:
        outs = [address for address in trace.records if address.startswith("layer:norm#")]
    assert outs == ["layer:norm#0:in.0", "layer:norm#0:out"]
    assert len(seen) == 1


def test_a_module_that_calls_itself_is_recorded_each_time(
    side: Any, inputs: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, entered = type(side.model), []
    forward = kind.forward

    def recursive(self: Any, image: Any) -> Any:
        if entered:
            return forward(self, image * 2)
        entered.append(image)
        try:
            return self(image) * 3
        finally:
            entered.clear()

    monkeypatch.setattr(kind, "forward", recursive)
    with record(side, inputs, tmp_path / "t.h5") as trace:
        inner, outer = (trace.array(f"layer:(model)#{call}:out") for call in (1, 0))
        np.testing.assert_array_equal(outer, inner * 3)
        assert {"layer:(model)/mul.0#0:out", "layer:(model)/mul.0#1:out"} <= set(trace.records)


def test_a_trace_is_written_where_a_run_failed_before(side: Any, inputs: str, tmp_path: Path) -> None:
    image = np.zeros((4, 5, 8, 8), np.float32)
    wrong = str(inputs_and_weights.write(tmp_path / "wrong.h5", "input", {"image": image}))
    for mode in ("eval", "train"):
        with pytest.raises(Exception, match="5"):
            record(side, wrong, tmp_path / "t.h5", mode)
        with record(side, inputs, tmp_path / "t.h5") as trace:
            assert trace.complete


@pytest.mark.parametrize(("layers", "kept"), [("leaf", {"conv", "norm", "drop", "head"}), ("n*", {"norm"})])
def test_layers_can_be_chosen(side: Any, inputs: str, tmp_path: Path, layers: str, kept: set[str]) -> None:
    with record(side, inputs, tmp_path / "t.h5", layers=layers) as trace:
        found = {a.removeprefix("layer:").partition("#")[0] for a in trace.records if a.startswith("layer:")}
    assert found == kept


def test_training_records_gradients_and_changed_buffers(side: Any, inputs: str, tmp_path: Path) -> None:
    with record(side, inputs, tmp_path / "t.h5", "train") as trace:
        gradients = {a for a in trace.records if a.startswith("grad:")}
        assert gradients == {f"grad:{key}" for key in (*KEYS[:4], *KEYS[7:])}
        assert trace.records["grad_input:image"].shape == (4, 3, 8, 8)
        assert "layer:norm#0:grad" in trace.records
        changed = np.asarray(trace.array("state:norm.running_mean"))
    assert not np.array_equal(changed, side.loaded_state["norm.running_mean"])


def test_each_run_starts_from_the_loaded_state(side: Any, inputs: str, tmp_path: Path) -> None:
    with record(side, inputs, tmp_path / "a.h5", "train") as first:
        one = np.array(first.array("state:norm.running_var"))
    with record(side, inputs, tmp_path / "b.h5", "train") as second:
        assert np.array_equal(one, np.asarray(second.array("state:norm.running_var")))


def test_a_run_in_double_precision_leaves_nothing_in_the_next(side: Any, inputs: str, tmp_path: Path) -> None:
    """Its batch norm moves the running statistics; the next run starts from the loaded ones again."""
    side.run(inputs, "train", dtype="float64")
    side.backward()
    side.prepare(inputs, "eval", "float32")
    held = side.read_state()
    assert {key: array.dtype for key, array in held.items()} == {
        key: array.dtype for key, array in side.loaded_state.items()
    }
    for key, array in side.loaded_state.items():
        np.testing.assert_array_equal(held[key], array, err_msg=key)


def test_frozen_mode_keeps_the_statistics(side: Any, inputs: str, tmp_path: Path) -> None:
    with record(side, inputs, tmp_path / "t.h5", "frozen") as trace:
        kept = np.asarray(trace.array("state:norm.running_mean"))
        assert "grad:conv.weight" in trace.records
    assert np.array_equal(kept, side.loaded_state["norm.running_mean"])


def test_dropout_is_off_in_training(side: Any, inputs: str, tmp_path: Path) -> None:
    with record(side, inputs, tmp_path / "t.h5", "train") as trace:
        given, result = trace.array("layer:drop#0:in.0"), trace.array("layer:drop#0:out")
        assert np.array_equal(np.asarray(given), np.asarray(result))


def test_step_moves_the_parameters_by_the_recipe(side: Any, inputs: str, tmp_path: Path) -> None:
    before = side.loaded_state["head.bias"].copy()
    with record(side, inputs, tmp_path / "t.h5", "train") as trace:
        gradient = np.asarray(trace.array("grad:head.bias"))
    side.step(0.5)
    assert side.loaded_state["head.bias"] == pytest.approx(before - 0.5 * gradient, rel=1e-5)


def test_calls_are_timed_by_part(side: Any, inputs: str) -> None:
    timing.start_timing(side, inputs, "train", [], "", "float32")
    block = timing.time_block(side, 0.0)
    assert block.seconds.keys() == {"forward", "backward", "step"}
    assert block.whole == [sum(parts) for parts in zip(*block.seconds.values(), strict=True)]
    assert min(block.whole) > 0
    timing.start_timing(side, inputs, "eval", [], "", "float32")
    assert timing.time_block(side, 0.0).seconds.keys() == {"forward"}
    assert timing.warm_up(side, 5.0).calls >= 6
    assert timing.measure_memory(side).peak > 0


def test_a_timed_model_gives_what_a_run_gives(side: Any, inputs: str, tmp_path: Path) -> None:
    timing.start_timing(side, inputs, "eval", [], str(tmp_path / "outputs.h5"), "float32")
    with record(side, inputs, tmp_path / "t.h5", "eval") as run, Trace.open(tmp_path / "outputs.h5") as timed:
        for address in timed.records:
            np.testing.assert_allclose(run.array(address), timed.array(address), rtol=1e-5, atol=1e-6)
        assert timed.records


def test_a_timed_training_goes_on_and_leaves_the_loaded_state(side: Any, inputs: str) -> None:
    def loss() -> float:
        side.run(inputs, "train", observe=False)
        return next(float(value) for address, value in side._bare.items() if address.startswith("loss:"))

    before = loss()
    timing.start_timing(side, inputs, "train", [], "", "float32")
    first = side.read_state()["head.weight"].copy()
    timing.time_block(side, 0.0)
    assert not np.array_equal(side.read_state()["head.weight"], first)
    assert loss() == before


def test_switches_are_switched_back(side: Any, inputs: str, tmp_path: Path) -> None:
    def outputs(name: str, switches: list[str]) -> Any:
        timing.start_timing(side, inputs, "eval", switches, str(tmp_path / name), "float32")
        with Trace.open(tmp_path / name) as trace:
            return {address: np.array(trace.array(address)) for address in trace.records}

    names = {"torch": ["bfloat16", "inference_mode", "channels_last"], "jittor": ["eager"]}[side.name]
    plain = outputs("plain.h5", [])
    for number, name in enumerate([*names, "with_graph"]):
        outputs(f"{number}.h5", [name])
    again = outputs("again.h5", [])
    assert all(np.array_equal(plain[address], again[address]) for address in plain)
    with pytest.raises(BadInput, match="has no switch 'nosuch'"):
        timing.start_timing(side, inputs, "eval", ["nosuch"], "", "float32")


@pytest.mark.torch
def test_torch_is_timed_without_deterministic_algorithms() -> None:
    import torch

    from harness.sides import torch_switches

    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        with torch_switches.not_deterministic():
            assert not torch.are_deterministic_algorithms_enabled()
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
    finally:
        torch.use_deterministic_algorithms(False)


def test_nothing_is_timed_before_it_is_ready(side: Any) -> None:
    with pytest.raises(BadInput, match="start_timing comes first"):
        timing.time_block(side, 0.1)


def test_backward_needs_a_run(side: Any, inputs: str) -> None:
    side.run(inputs, "eval", observe=False)
    with pytest.raises(BadInput, match="training mode first"):
        side.backward()


def test_missing_unexpected_and_misshapen_keys_are_all_listed(side: Any, tmp_path: Path) -> None:
    state = dict(side.loaded_state)
    state["head.wieght"] = state.pop("head.weight")
    state["conv.bias"] = np.zeros(7, np.float32)
    inputs_and_weights.write(tmp_path / "bad.h5", "state", state)
    with pytest.raises(BadInput) as refused:
        side.load(str(tmp_path / "bad.h5"))
    assert "1 missing (head.weight, perhaps head.wieght)" in str(refused.value)
    assert "1 unexpected (head.wieght)" in str(refused.value)
    assert "conv.bias: [7] in the file, [4] in the model" in str(refused.value)


def forced(side: Any, inputs: str, folder: Path, mode: str) -> tuple[Trace, Trace]:
    """A run of a side, and one in which each layer is given what that run recorded."""
    recorded = record(side, inputs, folder / "whole.h5", mode)
    verbs.run_isolated(
        side, inputs, mode, str(recorded.path), list(recorded.records), str(folder / "alone.h5")
    )
    return recorded, Trace.open(folder / "alone.h5")


@pytest.mark.parametrize("mode", ["eval", "train"])
def test_layers_alone_repeat_the_run_they_are_given(
    side: Any, inputs: str, tmp_path: Path, mode: str
) -> None:
    recorded, alone = forced(side, inputs, tmp_path, mode)
    own = {address for address, record in recorded.records.items() if record.alias is None}
    equal = set(alone.notes["equal"])
    assert not equal & set(alone.records)
    if mode == "eval":
        assert own <= set(alone.records) | equal  # a result that is handed on may be recorded twice
    else:
        expected = {"grad:conv.weight", "layer:conv#0:grad", "state:norm.running_var"}
        assert expected <= set(alone.records) <= own
    for address in alone.records:
        np.testing.assert_allclose(
            alone.array(address), recorded.array(address), rtol=2e-5, atol=2e-6, err_msg=address
        )


def test_error_of_one_layer_stays_there(side: Any, inputs: str, tmp_path: Path) -> None:
    recorded = record(side, inputs, tmp_path / "whole.h5")
    side.model.norm.eps = 1.0
    verbs.run_isolated(
        side, inputs, "eval", str(recorded.path), list(recorded.records), str(tmp_path / "alone.h5")
    )
    alone = Trace.open(tmp_path / "alone.h5")
    wrong = [
        address
        for address in alone.records
        if not np.allclose(alone.array(address), recorded.array(address), rtol=1e-4, atol=1e-5)  # type: ignore[arg-type]
    ]
    assert wrong == ["layer:norm#0:out"]


def test_held_call_is_tried_again_and_left_as_it_was(side: Any, inputs: str, tmp_path: Path) -> None:
    verbs.capture_call(side, inputs, "eval", "norm", 0, str(tmp_path / "held.h5"))
    with Trace.open(tmp_path / "held.h5") as held:
        assert {"input:0", "state:weight", "state:running_var"} <= set(held.records)
    answers = verbs.try_changes(
        side,
        [CallChange(), CallChange({"eps": 1.0}), CallChange({"nonsense": 1}), CallChange()],
        str(tmp_path),
    )
    assert "nonsense" in answers[2].error
    first, changed, again = (
        np.array(Trace.open(Path(answers[place].trace)).array("output:0")) for place in (0, 1, 3)
    )
    assert not np.allclose(first, changed)
    np.testing.assert_array_equal(first, again)


def test_held_call_is_repeated_on_other_tensors(side: Any, inputs: str, tmp_path: Path) -> None:
    """A sum of two, of which the second is another one; a norm in evaluation is linear."""
    for path, key in (("(model)/add.0", "1"), ("norm", "0")):
        verbs.capture_call(side, inputs, "eval", path, 0, str(tmp_path / "held.h5"))
        with Trace.open(tmp_path / "held.h5") as held:
            own = np.array(held.array(f"input:{key}"))
        moved = inputs_and_weights.write(tmp_path / "given.h5", "input", {key: own + 1})
        answers = verbs.try_changes(side, [CallChange(), CallChange(given=str(moved))], str(tmp_path))
        first, other = (np.array(Trace.open(Path(one.trace)).array("output:0")) for one in answers)
        gap = (other - first).mean((0, 2, 3))
        assert np.abs(gap).min() > 0.05
        np.testing.assert_allclose(other - first, np.broadcast_to(gap[:, None, None], own.shape), atol=1e-4)
        if path == "(model)/add.0":
            np.testing.assert_allclose(gap, 1.0, atol=1e-5)


def test_held_call_begins_at_the_statistics_that_it_began_at(side: Any, inputs: str, tmp_path: Path) -> None:
    """The run that holds a norm in training updates what the norm in evaluation divides by."""
    shape = (1, 4, 1, 1)
    before = {name: _array(side, f"norm.{name}").reshape(shape) for name in ("running_mean", "running_var")}
    weight, bias = (_array(side, f"norm.{name}").reshape(shape) for name in ("weight", "bias"))
    verbs.capture_call(side, inputs, "train", "norm", 0, str(tmp_path / "held.h5"))
    assert not np.allclose(_array(side, "norm.running_mean").reshape(shape), before["running_mean"])
    (answer,) = verbs.try_changes(side, [CallChange(training=False)], str(tmp_path))
    with Trace.open(tmp_path / "held.h5") as held, Trace.open(Path(answer.trace)) as tried:
        given = np.array(held.array("input:0"), np.float64)
        found = np.array(tried.array("output:0"))
        np.testing.assert_array_equal(
            np.array(held.array("state:running_mean")).reshape(shape), before["running_mean"]
        )
    wide = (given - before["running_mean"]) / np.sqrt(before["running_var"] + side.model.norm.eps)
    np.testing.assert_allclose(found, wide * weight + bias, rtol=1e-4, atol=1e-5)


def _array(side: Any, name: str) -> Any:
    return side.tensors.to_array(side.model.state_dict()[name]).copy()


def test_held_operation_takes_other_arguments(side: Any, inputs: str, tmp_path: Path) -> None:
    verbs.capture_call(side, inputs, "eval", "(model)/add.0", 0, str(tmp_path / "held.h5"))
    (answer,) = verbs.try_changes(side, [CallChange()], str(tmp_path))
    assert Path(answer.trace).is_file()
    with pytest.raises(BadInput, match="never makes call 3 of norm"):
        verbs.capture_call(side, inputs, "eval", "norm", 3, str(tmp_path / "held.h5"))


def test_gradients_are_pulled_through_a_held_call(side: Any, inputs: str, tmp_path: Path) -> None:
    verbs.capture_call(side, inputs, "train", "(model)/add.0", 0, str(tmp_path / "held.h5"))
    given = np.random.default_rng(2).standard_normal((4, 4, 8, 8)).astype(np.float32)
    handed = str(inputs_and_weights.write(tmp_path / "handed.h5", "grad", {"0": given}))
    (answer,) = verbs.backward_through_call(side, handed, [CallChange()], str(tmp_path))
    with Trace.open(answer.trace) as pulled:
        for name in ("input:0", "input:1"):
            np.testing.assert_array_equal(np.asarray(pulled.array(name)), given)
    verbs.capture_call(side, inputs, "train", "head", 0, str(tmp_path / "held.h5"))
    sound, bare = verbs.backward_through_call(
        side,
        handed,
        [CallChange(), CallChange(state=_state_file(tmp_path, "weight", (4, 4, 1, 1)))],
        str(tmp_path),
    )
    with Trace.open(sound.trace) as pulled:
        np.testing.assert_allclose(
            np.asarray(pulled.array("grad:head.bias")), given.sum((0, 2, 3)), rtol=1e-4, atol=1e-5
        )
    with Trace.open(bare.trace) as pulled:
        assert not np.asarray(pulled.array("input:0")).any()


def _state_file(folder: Path, name: str, shape: tuple[int, ...]) -> str:
    return str(inputs_and_weights.write(folder / "other.h5", "state", {name: np.zeros(shape, np.float32)}))


@pytest.mark.parametrize(
    ("deviation", "factors"),
    [
        ({}, (1.0, -0.5 * 0.1)),
        ({"lag": 1}, (1.0, -0.5)),
        ({"rate": 10.0}, (10.0, -0.5)),
        ({"skipped": 1}, (0.0, -0.5 * 0.1)),
        ({"accumulate": True}, (1.0, 0.5 * 0.1)),
    ],
)
def test_steps_on_given_gradients(
    side: Any, tmp_path: Path, deviation: dict[str, Any], factors: tuple[float, float]
) -> None:
    gradient = np.array([1.0, -2.0, 0.5, 3.0], np.float32)
    given = inputs_and_weights.write(
        tmp_path / "g.h5", "grad", {"head.bias": gradient, "norm.bias": 0 * gradient}
    )
    verbs.take_steps(
        side, str(given), [0.5, 0.05], str(tmp_path / "stepped.h5"), deviation=Deviation(**deviation)
    )
    with Trace.open(tmp_path / "stepped.h5") as stepped:
        moved = {name: np.array(stepped.array(f"state:{name}")) for name in ("head.bias", "norm.bias")}
    wanted = side.loaded_state["head.bias"] - 0.5 * sum(factors) * gradient
    np.testing.assert_allclose(moved["head.bias"], wanted, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(moved["norm.bias"], side.loaded_state["norm.bias"])


def test_a_parameter_left_out_is_not_stepped(side: Any, tmp_path: Path) -> None:
    gradient = {name: np.ones(4, np.float32) for name in ("head.bias", "norm.bias")}
    given = str(inputs_and_weights.write(tmp_path / "g.h5", "grad", gradient))
    verbs.take_steps(side, given, [0.5], str(tmp_path / "s.h5"), deviation=Deviation(left_out="head.bias"))
    with Trace.open(tmp_path / "s.h5") as stepped:
        np.testing.assert_array_equal(
            np.asarray(stepped.array("state:head.bias")), side.loaded_state["head.bias"]
        )
        moved = np.asarray(stepped.array("state:norm.bias")) - side.loaded_state["norm.bias"]
    np.testing.assert_allclose(moved, -0.5, rtol=1e-5)
