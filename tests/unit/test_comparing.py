"""Planted errors are found where they are, clean ports are not suspected, and the words say it."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.alignment import Alignment
from harness.alignment_rows import SideReport, ended_for
from harness.comparing import compare, in_order_of_computation, rejudge
from harness.coverage import Gap
from harness.errors import BadInput
from harness.pairs.base import Override
from harness.trace import Trace, TraceWriter
from harness.verdict import FixedPolicy, MetricPolicy, NoisePolicy
from tests.unit.toy_network import ADD, Bench, Run, leaky, noise_runs, scaled

PARAMETERS = ("stem", "block.fc", "head")


def before(address: str, more: dict[str, Any], tensors: dict[str, Any]) -> dict[str, Any]:
    """The tensors with more of them in front of one."""
    found: dict[str, Any] = {}
    for name, tensor in tensors.items():
        found |= more if name == address else {}
        found[name] = tensor
    return found


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


class TestACorrectPort:
    def test_agrees_and_says_how_closely(self, bench: Bench) -> None:
        alignment = bench.compare(bench.port())
        assert (alignment.verdict, alignment.exit_code, alignment.first) == ("aligned", 0, None)
        assert alignment.worst is not None
        assert alignment.sentence.startswith("jittor agrees with torch in all of 27 tensors")
        assert alignment.worst in alignment.sentence
        assert "times the reference's own noise" in alignment.sentence
        assert "would pass" in alignment.sentence
        assert alignment.coverage.compared == alignment.coverage.recorded
        assert alignment.coverage.not_compared == alignment.coverage.fallback == []

    @pytest.mark.parametrize("compact", ["", "torch", "jittor", "torch jittor"])
    def test_raises_no_alarm_over_many_seeds(self, tmp_path: Path, compact: str) -> None:
        alarms = []
        for seed in range(12):
            alignment = (bench := Bench(tmp_path, seed)).compare(bench.port(), compact=compact)
            alarms += [(seed, alignment.sentence)] if alignment.verdict != "aligned" else []
        assert alarms == []

    def test_identical_traces_have_no_error(self, bench: Bench) -> None:
        alignment = bench.compare(bench.reference, policy=FixedPolicy(0, 0))
        assert alignment.verdict == "aligned"
        assert {row.verdict.ratio for row in alignment.rows} == {0.0}


class TestAPlantedFault:
    @pytest.mark.parametrize("compact", ["", "torch", "jittor", "torch jittor"])
    @pytest.mark.parametrize(
        ("place", "fault"),
        [
            ("layer:stem#0:out", scaled(1.0001)),
            ("layer:act#0:out", leaky),
            ("layer:block.fc#0:out", scaled(1.001)),
            ("layer:block.relu#0:out", leaky),
            (ADD, scaled(1.001)),
            ("layer:head#0:out", lambda x: x + np.float32(1e-4)),
        ],
    )
    def test_is_located(self, bench: Bench, compact: str, place: str, fault: Any) -> None:
        alignment = bench.compare(bench.port({place: fault}), compact=compact)
        assert (alignment.verdict, alignment.exit_code, alignment.first) == ("diverged", 1, place)
        assert f"First at {place}" in alignment.sentence
        assert "would pass" in alignment.sentence
        rows = in_order_of_computation(alignment.rows)
        before = rows[: [row.address for row in rows].index(place)]
        assert {row.verdict.status for row in before} == {"aligned"}

    def test_in_one_element_is_seen_in_whole_tensors(self, bench: Bench) -> None:
        def corner(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            x = x.copy()
            x[3, 5] += 1e-4
            return x

        alignment = bench.compare(bench.port({"layer:stem#0:out": corner}))
        assert alignment.first == "layer:stem#0:out"
        assert "at [3, 5]:" in alignment.sentence

    def test_between_layers_is_named_by_the_input_it_spoils(self, bench: Bench) -> None:
        fault = {"layer:head#0:in.0": scaled(1.01)}
        alignment = bench.compare(bench.port(fault))
        assert alignment.first == "layer:head#0:in.0"
        assert f"First at layer:head#0:in.0 (Linear), which is {ADD}:" in alignment.sentence

    def test_between_layers_without_a_recorded_operation(self, bench: Bench) -> None:
        port = bench.port({ADD: scaled(1.01)}).without("layer:(model)/add.0")
        alignment = bench.compare(port, reference=bench.reference.without("layer:(model)/add.0"))
        assert alignment.first == "layer:head#0:in.0"
        assert (
            "First at layer:head#0:in.0 (Linear), an operation after layer:block#0:out:" in alignment.sentence
        )

    def test_in_the_input_comes_before_everything(self, bench: Bench) -> None:
        bench.toy.x[0, 0] += 0.01
        assert bench.compare(bench.port()).first == "input:x"

    def test_of_the_backward_pass_is_located_nearest_to_the_loss(self, bench: Bench) -> None:
        alignment = bench.compare(bench.port({"detach": lambda x: x}))
        assert alignment.first == "layer:act#0:grad"
        diverged = {row.address for row in alignment.rows if row.verdict.status == "diverged"}
        assert diverged == {"layer:act#0:grad", "layer:stem#0:grad", "grad:stem.weight", "grad_input:x"}

    def test_of_one_parameter_gradient(self, bench: Bench) -> None:
        fault = {"grad:stem.weight": scaled(1.01), "grad:head.weight": scaled(1.01)}
        assert bench.compare(bench.port(fault)).first == "grad:head.weight"

    def test_of_the_loss_alone(self, bench: Bench) -> None:
        alignment = bench.compare(bench.port({"loss:total": scaled(1.0001)}))
        assert alignment.first == alignment.worst == "loss:total"
        assert "Worst" not in alignment.sentence

    def test_of_a_buffer(self, bench: Bench) -> None:
        alignment = bench.compare(bench.port({"state:count": lambda x: x + 1}))
        assert alignment.first == "state:count"
        assert "102 instead of 101" in alignment.sentence

    def test_the_worst_place_is_named_too(self, bench: Bench) -> None:
        fault = {"layer:stem#0:out": scaled(1.0001), "layer:head#0:grad": scaled(2.0)}
        alignment = bench.compare(bench.port(fault))
        assert alignment.first == "layer:stem#0:out"
        assert alignment.worst != alignment.first
        assert f"Worst at {alignment.worst}" in alignment.sentence
        ratios = [row.verdict.ratio or 0 for row in alignment.rows]
        assert alignment.row(str(alignment.worst)).verdict.ratio == max(ratios)

    def test_nan_on_one_side_is_the_worst_there_is(self, bench: Bench) -> None:
        def spoil(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
            x = x.copy()
            x[0, 0] = np.nan
            return x

        alignment = bench.compare(bench.port({"layer:block.fc#0:out": spoil}))
        assert alignment.first == alignment.worst == "layer:block.fc#0:out"
        assert "not finite" in alignment.sentence

    def test_where_the_reference_itself_breaks_down_nobody_is_accused(self, bench: Bench) -> None:
        """Its float64 run is finite: what the port should give there in float32 is not known."""
        address = "grad:stem.weight"
        bench.reference.tensors[address][0, 0] = np.nan
        alignment = bench.compare(bench.port())
        row = alignment.row(address)
        assert (row.verdict.status, alignment.verdict) == ("inconclusive", "inconclusive")
        assert "the reference itself is not finite where its float64 run is" in row.verdict.reason


class TestAttributes:
    def test_of_the_first_place_are_in_the_sentence(self, bench: Bench) -> None:
        port = bench.port({"layer:act#0:out": leaky})
        port.layers["act"] = {"type": "LeakyReLU", "attributes": {"bias": True}}
        port.layers["head"] = {"type": "Linear", "attributes": {"bias": True}}
        alignment = bench.compare(port)
        assert "Its type is LeakyReLU in jittor and ReLU in torch, its bias is True" in alignment.sentence
        assert {item.layer for item in alignment.attributes} == {"act", "head"}

    def test_of_operations_that_could_not_be_paired_are_left_out(self, bench: Bench) -> None:
        port = bench.port()
        port.tensors["layer:(model)/add.1#0:out"] = port.array(ADD)
        port.layers["(model)/add.0"] = {"type": "add", "attributes": {"bias": True}}
        assert bench.compare(port).attributes == []
        del port.tensors["layer:(model)/add.1#0:out"]
        assert [item.layer for item in bench.compare(port).attributes] == ["(model)/add.0"]


class TestCoverage:
    def test_a_layer_that_the_port_lacks_is_said_to_be_uncompared(self, bench: Bench) -> None:
        alignment = bench.compare(bench.port().without("layer:block.relu#", "layer:block#"))
        assert alignment.verdict == "aligned"
        assert "Not compared: 2 layers of torch, block.relu, block" in alignment.sentence
        assert "has no such layer" in alignment.sentence
        assert alignment.coverage.unpaired["torch"] == ["block", "block.relu"]
        why = {item.address: item.why for item in alignment.coverage.not_compared}
        assert "layer:block.relu#0:out" in why

    def test_another_number_of_calls_is_reported(self, bench: Bench) -> None:
        bench.reference.tensors["layer:act#1:out"] = "layer:act#0:out"
        alignment = bench.compare(bench.port())
        why = {item.address: item.why for item in alignment.coverage.not_compared}
        assert why["layer:act#1:out"] == "torch calls the layer 2 times, jittor once"

    def test_operations_of_another_number_are_never_diverged(self, bench: Bench) -> None:
        port = bench.port({ADD: scaled(1.5)})
        port.tensors["layer:(model)/add.1#0:out"] = port.array(ADD)
        alignment = bench.compare(port)
        assert alignment.row(ADD).verdict.status == "not compared"
        assert "torch runs once add in (model), jittor 2 times" in alignment.row(ADD).verdict.reason
        assert alignment.first == "layer:head#0:in.0"
        assert "1 operation could not be paired" in alignment.sentence

    def test_an_operation_of_another_shape_is_no_divergence_where_all_that_leaves_the_model_agrees(
        self, bench: Bench
    ) -> None:
        port = bench.port()
        port.tensors[ADD] = port.array(ADD)[:3]
        port.tensors["layer:head#0:in.0"] = bench.port().array(ADD)
        alignment = bench.compare(port)
        assert alignment.verdict == "aligned"
        assert alignment.row(ADD).verdict.status == "inner"

    def test_an_operation_of_another_shape_has_diverged_where_more_differs(self, bench: Bench) -> None:
        port = bench.port({"loss:total": scaled(1.01)})
        port.tensors[ADD] = port.array(ADD)[:3]
        port.tensors["layer:head#0:in.0"] = bench.port().array(ADD)
        alignment = bench.compare(port)
        assert alignment.first == ADD
        assert "shape 24x64 in torch, 3x64 in jittor" in alignment.row(ADD).verdict.reason

    def test_an_operation_on_the_same_elements_in_another_form_is_another_way(self, bench: Bench) -> None:
        port = bench.port({"loss:total": scaled(1.01)})
        port.tensors[ADD] = port.array(ADD).T.copy()
        port.tensors["layer:head#0:in.0"] = bench.port().array(ADD)
        alignment = bench.compare(port)
        assert alignment.first == "loss:total"
        assert "other shapes" in alignment.row(ADD).verdict.reason

    def test_another_element_type_has_diverged_but_the_width_of_an_integer_is_a_note(
        self, bench: Bench
    ) -> None:
        port = bench.port()
        address = next(name for name in port.tensors if name.startswith("output:"))
        port.tensors[address] = port.array(address).astype("float64")
        alignment = bench.compare(port)
        assert alignment.verdict == "diverged"
        assert "element type float32 in torch, float64 in jittor" in alignment.row(address).verdict.reason
        whole = np.arange(4)
        reference = bench.reference.tensors[address]
        bench.reference.tensors[address] = whole.astype("int64")
        port.tensors[address] = whole.astype("int32")
        alignment = bench.compare(port)
        assert alignment.row(address).verdict.status == "aligned"
        assert alignment.row(address).note == "int64 in torch, int32 in jittor"
        bench.reference.tensors[address] = reference

    def test_float64_that_jittor_makes_of_integers_of_64_bits_is_a_note(self, bench: Bench) -> None:
        """Made of one by an operation, and so in all that comes after; not cast by hand where one is."""
        port = bench.port()
        for address in (ADD, "layer:head#0:out"):
            port.tensors[address] = port.array(address).astype("float64")
        assert bench.compare(port).verdict == "diverged"
        whole = {ADD.replace(":out", ":in.1"): np.arange(4)}
        bench.reference.tensors = before(ADD, whole, bench.reference.tensors)
        alignment = bench.compare(Run(before(ADD, whole, port.tensors)))
        assert alignment.verdict == "aligned"
        assert alignment.row(ADD).note == "float32 in torch, float64 in jittor"
        cast = {ADD.replace(":out", ":in.0"): port.array("layer:act#0:out").astype("float64")}
        by_hand = bench.compare(Run(before(ADD, {**cast, **whole}, port.tensors)))
        assert by_hand.first == ADD
        assert by_hand.verdict == "diverged"
        port.tensors["layer:head#0:out"] = port.array("layer:head#0:out").astype("float16")
        assert bench.compare(Run(before(ADD, whole, port.tensors))).verdict == "diverged"

    def test_a_layer_of_another_shape_has_diverged_where_more_differs(self, bench: Bench) -> None:
        port = bench.port({"loss:total": scaled(1.01)})
        port.tensors["layer:act#0:out"] = port.array("layer:act#0:out").T.copy()
        alignment = bench.compare(port)
        assert alignment.first == "layer:act#0:out"
        assert "shape 24x64 in torch, 64x24 in jittor" in alignment.sentence

    def test_a_scalar_may_have_one_dimension(self, bench: Bench) -> None:
        port = bench.port()
        port.tensors["loss:total"] = port.array("loss:total").reshape(1)
        row = bench.compare(port).row("loss:total")
        assert row.verdict.status == "aligned"
        assert row.note == "shape [] in torch, [1] in jittor"

    @pytest.mark.parametrize("address", ["output:0", "loss:total", "grad:head.weight"])
    def test_what_the_port_owes_and_lacks_has_diverged(self, bench: Bench, address: str) -> None:
        alignment = bench.compare(bench.port().without(address))
        assert (alignment.verdict, alignment.first) == ("diverged", address)
        assert address in alignment.sentence

    def test_a_buffer_that_the_port_lacks_is_not_compared(self, bench: Bench) -> None:
        alignment = bench.compare(bench.port().without("state:count"))
        assert alignment.verdict == "aligned"
        assert alignment.coverage.unpaired["torch"] == ["state:count"]

    @pytest.mark.parametrize(("value", "status"), [(0.0, "aligned"), (1e-9, "diverged")])
    @pytest.mark.parametrize("owner", ["torch", "jittor"])
    def test_no_gradient_is_the_same_as_a_zero_one(
        self, bench: Bench, owner: str, value: float, status: str
    ) -> None:
        reference, port = bench.reference, bench.port()
        (reference if owner == "torch" else port).tensors["grad:unused"] = np.full(5, value, np.float32)
        alignment = bench.compare(port)
        row = alignment.row("grad:unused")
        assert (row.verdict.status, alignment.verdict) == (status, status)
        assert "has no gradient here" in row.verdict.reason

    @pytest.mark.parametrize(
        ("address", "error", "status"),
        [
            ("grad:unused", 1e-9, "aligned"),
            ("grad:unused", 1e-3, "diverged"),
            ("state:unused", 1e-9, "diverged"),
        ],
    )
    def test_a_gradient_that_is_zero_in_theory_may_be_zero_but_for_rounding(
        self, bench: Bench, address: str, error: float, status: str
    ) -> None:
        exact, runs, port = bench.toy.run(exact=True), noise_runs(bench.toy), bench.port()
        for run in (exact, bench.reference, *runs):
            run.tensors[address] = np.zeros(5, np.float64 if run is exact else np.float32)
        port.tensors[address] = np.full(5, error, np.float32)
        bench.truth = exact.write_truth(bench.folder / "zero.h5", runs)
        row = bench.compare(port).row(address)
        assert row.verdict.status == status
        sizes = [np.sqrt(np.mean(np.square(exact.array(f"grad:{name}.weight")))) for name in PARAMETERS]
        assert row.measured is not None
        expected = np.median(sizes) if address.startswith("grad") else 0.0
        assert row.measured.typical == pytest.approx(float(expected), rel=1e-6)

    @pytest.mark.parametrize(
        ("kept", "verdict"), [("*", "diverged"), ("unused*", "diverged"), ("head.*", "aligned")]
    )
    def test_a_gradient_that_was_not_kept_is_not_the_same_as_none(
        self, bench: Bench, kept: str, verdict: str
    ) -> None:
        port = bench.port()
        port.tensors["grad:unused.weight"] = np.ones(5, np.float32)
        reference = bench.reference.write(bench.folder / "torch.h5", "torch")
        reference.keeps_gradients(kept)
        alignment = compare(reference, port.write(bench.folder / "jittor.h5", "jittor"), bench.truth)
        row = alignment.row("grad:unused.weight")
        stated = "torch keeps no gradient of 1 parameter." in alignment.sentence
        assert (alignment.verdict, stated) == (verdict, verdict == "aligned")
        if verdict == "aligned":
            assert (row.verdict.status, row.measured) == ("not compared", None)
            assert row.verdict.reason == "torch keeps no gradient of this parameter"

    def test_a_kept_gradient_that_the_port_lacks_has_diverged(self, bench: Bench) -> None:
        reference = bench.reference.write(bench.folder / "torch.h5", "torch")
        reference.keeps_gradients("head.*")
        port = bench.port().without("grad:head.weight").write(bench.folder / "jittor.h5", "jittor")
        assert compare(reference, port, bench.truth).first == "grad:head.weight"

    def test_gradients_of_the_port_alone_are_not_judged_after_a_forward_reference(self, bench: Bench) -> None:
        forward = bench.reference.without("grad", "loss")
        alignment = bench.compare(bench.port(), reference=forward)
        assert alignment.verdict == "aligned"
        assert "grad:head.weight" in alignment.coverage.unpaired["jittor"]

    def test_without_a_truth_fixed_tolerances_decide_and_are_counted(self, bench: Bench) -> None:
        alignment = bench.compare(bench.port(), truth=False)
        assert alignment.verdict == "aligned"
        assert len(alignment.coverage.fallback) == len(alignment.rows) - 1  # all but the integer
        assert "no float64 truth" in alignment.sentence
        assert "Fixed tolerances decided in 26 tensors" in alignment.sentence

    def test_what_an_override_skips_is_listed(self, bench: Bench) -> None:
        rule = Override("grad:head.*", "skip", "known to differ")
        alignment = bench.compare(bench.port({"grad:head.weight": scaled(2)}), overrides=(rule,))
        assert alignment.verdict == "aligned"
        assert alignment.coverage.skipped == [Gap("grad:head.weight", "known to differ")]
        assert "Left out by the pair: 1 tensor." in alignment.sentence

    def test_dtypes_may_differ_and_are_noted(self, bench: Bench) -> None:
        port = bench.port({"state:count": lambda x: x.astype(np.int32)})
        assert bench.compare(port).row("state:count").note == "int64 in torch, int32 in jittor"
        exact = bench.toy.run(exact=True)
        exact.header = {"dtype": "float64"}
        bench.reference.header = {"dtype": "float32"}
        alignment = bench.compare(exact)
        assert alignment.verdict == "aligned"
        assert alignment.row("output:0").note == "float32 in torch, float64 in jittor"

    def test_inputs_name_what_feeds_a_row(self, bench: Bench) -> None:
        alignment = bench.compare(bench.port())
        assert alignment.row("layer:block.fc#0:out").inputs == ["layer:act#0:out"]
        assert alignment.row("layer:head#0:out").inputs == [ADD]
        assert alignment.row("output:0").inputs == ["layer:head#0:out"]

    def test_different_cases_are_pointed_out(self, bench: Bench) -> None:
        left = bench.reference.write(bench.folder / "a.h5", "torch", dtype="float32")
        right = bench.port().write(bench.folder / "b.h5", "jittor", dtype="float64", mode="eval")
        alignment = compare(left, right, bench.truth)
        assert "of different cases: mode train and eval." in alignment.sentence


class TestJudgingAnew:
    def test_needs_no_tensor_and_changes_everything_that_follows(self, bench: Bench) -> None:
        stored = bench.compare(bench.port({"layer:act#0:out": leaky})).to_json()
        for path in bench.folder.iterdir():
            path.unlink()
        alignment = Alignment.from_json(stored)
        loose = rejudge(alignment, FixedPolicy(1, 1))
        assert (loose.verdict, loose.exit_code, loose.first) == ("aligned", 0, None)
        assert loose.policy["name"] == "fixed"
        assert "agrees" in loose.sentence
        assert rejudge(loose, NoisePolicy()) == alignment

    def test_is_repeatable(self, bench: Bench) -> None:
        alignment = bench.compare(bench.port(), policy=FixedPolicy(1e-6, 1e-7))
        assert rejudge(alignment, FixedPolicy(1e-6, 1e-7)) == alignment

    def test_obstacles_and_overrides_stay(self, bench: Bench) -> None:
        rule = Override("grad:head.*", "skip", "known to differ")
        alignment = bench.compare(bench.port().without("loss:total", "layer:act#"), overrides=(rule,))
        judged = rejudge(alignment, FixedPolicy(1, 1))
        assert judged.first == "loss:total"
        assert judged.row("layer:act#0:out").verdict.status == "not compared"
        assert judged.row("grad:head.weight").verdict.status == "skipped"

    def test_metrics_can_be_judged_alone(self, bench: Bench) -> None:
        bench.reference.tensors["metric:iou"] = np.asarray(0.5)
        port = bench.port({"layer:act#0:out": leaky})
        port.tensors["metric:iou"] = np.asarray(0.502)
        alignment = bench.compare(port, policy=MetricPolicy())
        assert alignment.verdict == "aligned"
        assert {row.verdict.status for row in alignment.rows if row.address != "metric:iou"} == {"skipped"}
        assert rejudge(alignment, MetricPolicy(0.003)).first == "metric:iou"
        del bench.reference.tensors["metric:iou"]
        with pytest.raises(BadInput, match="there is none here"):
            rejudge(bench.compare(bench.port()), MetricPolicy())


class TestASideThatStopped:
    def test_leaves_what_was_compared(self, bench: Bench) -> None:
        left = bench.reference.write(bench.folder / "torch.h5", "torch")
        path = bench.folder / "jittor.h5"
        writer = TraceWriter(path, {"side": "jittor"})
        port = bench.port({"layer:stem#0:out": scaled(1.01)})
        for address in ("input:x", "layer:stem#0:out"):
            writer.add(address, port.array(address), "Linear")
        writer.abort()
        right = Trace.open(path.with_name("jittor.h5.partial"), allow_incomplete=True)
        lost = SideReport("failed", "the worker ended", "SIGSEGV", "act", "last words")
        alignment = compare(left, right, bench.truth, sides={"torch": SideReport(), "jittor": lost})
        assert (alignment.verdict, alignment.exit_code) == ("failed", 4)
        assert alignment.first == "layer:stem#0:out"
        assert "jittor stopped short (SIGSEGV) at act: the worker ended." in alignment.sentence
        assert "Of 2 tensors compared before that, 1 diverged; 25 not compared." in alignment.sentence
        why = {item.address: item.why for item in alignment.coverage.not_compared}
        assert why["loss:total"] == "jittor stopped before it"
        assert why["layer:head#0:out"] == "jittor stopped before it"
        assert Alignment.from_json(alignment.to_json()) == alignment
        assert rejudge(alignment, FixedPolicy(1, 1)).exit_code == 4

    def test_an_incomplete_trace_tells_it_itself(self, bench: Bench) -> None:
        left = bench.reference.write(bench.folder / "torch.h5", "torch")
        writer = TraceWriter(bench.folder / "jittor.h5", {"side": "jittor"})
        writer.add("input:x", bench.toy.x)
        writer.abort()
        right = Trace.open(bench.folder / "jittor.h5.partial", allow_incomplete=True)
        alignment = compare(left, right)
        assert alignment.exit_code == 4
        assert alignment.sides["jittor"].last_layer == "input:x"

    def test_the_side_that_failed_is_named_first(self, bench: Bench) -> None:
        sides = {"torch": SideReport("failed", ended_for("jittor")), "jittor": SideReport("failed", "no GPU")}
        alignment = compare(None, None, sides=sides)
        assert alignment.sentence.startswith(
            "jittor stopped short: no GPU. torch stopped short: it was ended"
        )

    def test_that_left_no_trace(self, bench: Bench) -> None:
        left = bench.reference.write(bench.folder / "torch.h5", "torch")
        alignment = compare(
            left, None, sides={"torch": SideReport(), "jittor": SideReport("failed", "no GPU")}
        )
        assert (alignment.exit_code, alignment.rows) == (4, [])
        assert alignment.sentence == "jittor stopped short: no GPU. Nothing could be compared."
        assert alignment.case["pair"] == "toy"


class TestNothingToCompare:
    def test_traces_without_a_common_address_are_refused(self, bench: Bench, tmp_path: Path) -> None:
        with TraceWriter(tmp_path / "other.h5", {"side": "jittor"}) as writer:
            writer.add("layer:elsewhere#0:out", np.ones(3, np.float32))
        left = bench.reference.without("output", "loss", "grad").write(tmp_path / "torch.h5", "torch")
        with pytest.raises(BadInput, match=r"no tensor that can be compared.*of the same model"):
            compare(left, Trace.open(tmp_path / "other.h5"))

    def test_sides_of_one_name_are_distinguished(self, bench: Bench) -> None:
        left = bench.reference.write(bench.folder / "a.h5", "torch")
        right = bench.port().write(bench.folder / "b.h5", "torch")
        assert compare(left, right).names == ("reference", "candidate")
        assert compare(left, right, names=("a.h5", "b.h5")).names == ("a.h5", "b.h5")


def test_the_alignment_of_a_comparison_comes_back_exactly(bench: Bench) -> None:
    alignment = bench.compare(bench.port({"layer:act#0:out": leaky}))
    alignment.costs.ratio = math.inf
    assert Alignment.from_json(alignment.to_json()) == alignment
