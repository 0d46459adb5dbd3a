"""Sources are told from carriers by what layers do alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.address import EQUAL, is_inside, with_role
from harness.alignment import Alignment
from harness.alignment_rows import Row
from harness.comparing import add_isolated, carries, paired_addresses, rejudge
from harness.comparing._isolated import _Terms
from harness.sides.isolated_run import same_bits
from harness.trace import Trace, TraceWriter
from harness.verdict import FixedPolicy, NoisePolicy, Verdict
from tests.unit.toy_network import ADD, BATCH, WIDTH, Bench, Run, leaky, scaled

STEM, FC, HEAD = (f"layer:{path}#0:out" for path in ("stem", "block.fc", "head"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


Faults = dict[str, Callable[[Any], Any]]


def judged(bench: Bench, faults: Faults, alone: Faults | None = None) -> Alignment:
    """A port with faults, compared whole, and with its layers alone: there a fault stays where it is."""
    alignment = bench.compare(bench.port(faults))
    faults = faults if alone is None else alone
    kept = {
        address: faults.get(address, lambda same: same)(item)
        for address, item in bench.reference.tensors.items()
        if not isinstance(item, str)
    }
    forced = Run(kept).write(bench.folder / "alone.h5", "jittor")
    with Trace.open(bench.folder / "torch.h5") as reference:
        add_isolated(alignment, reference, forced, bench.truth, NoisePolicy())
    return alignment


def test_sound_port_has_no_source(bench: Bench) -> None:
    alignment = judged(bench, {})
    assert alignment.verdict == "aligned"
    assert alignment.sources == []
    assert alignment.isolated.ran is True
    assert "on the reference's own inputs as well" in alignment.sentence


def test_one_fault_is_one_source_and_the_rest_carry_it(bench: Bench) -> None:
    alignment = judged(bench, {STEM: scaled(1.01)})
    assert [source.address for source in alignment.sources] == [STEM]
    assert alignment.sources[0].layers == ["stem"]
    carriers = [row.address for row in alignment.rows if carries(row)]
    assert HEAD in carriers
    assert STEM not in carriers
    assert f"1 place makes the error: {STEM}" in alignment.sentence


WEIGHT = "grad:block.fc.weight"


@pytest.mark.parametrize(
    ("faults", "verdict"),
    [
        ({WEIGHT: scaled(1.01)}, "inconclusive"),  # a unit was turned over
        ({WEIGHT: scaled(1.2)}, "diverged"),
        ({WEIGHT: scaled(1.01), HEAD: scaled(1.01)}, "diverged"),
    ],
)
def test_gradients_alone_that_no_layer_makes_accuse_nobody(
    faults: Faults, verdict: str, bench: Bench
) -> None:
    alignment = judged(bench, faults, alone={})
    assert alignment.sources == []
    assert alignment.verdict == verdict
    if verdict == "inconclusive":
        assert "rounding may have turned over a unit" in alignment.row(WEIGHT).verdict.reason
        assert alignment.first is None
        assert "no layer makes the error" not in alignment.sentence
    assert rejudge(alignment, NoisePolicy()).verdict == verdict


def test_every_source_is_listed_though_one_hides_behind_the_other(bench: Bench) -> None:
    alignment = judged(bench, {STEM: scaled(1.5), "layer:act#0:out": leaky, HEAD: scaled(1.001)})
    assert [source.address for source in alignment.sources] == [STEM, "layer:act#0:out", HEAD]


def test_error_that_dies_before_the_output_is_found(bench: Bench) -> None:
    alignment = judged(bench, {"layer:block.fc#0:out": lambda x: np.where(x < -0.1, x * np.float32(1.01), x)})
    assert [source.address for source in alignment.sources] == [FC]
    assert alignment.row("output:0").verdict.status == "aligned"


def test_gradient_names_those_that_should_have_given_it_back(bench: Bench) -> None:
    alignment = judged(bench, {"layer:act#0:grad": scaled(0.5)})
    (source,) = alignment.sources
    assert (source.address, source.direction) == ("layer:act#0:grad", "backward")
    assert source.layers == ["block.fc"]  # this network does not record what its addition is given


def test_gradient_of_a_parameter_names_its_layer(bench: Bench) -> None:
    (source,) = judged(bench, {"grad:block.fc.weight": scaled(0.0)}).sources
    assert (source.direction, source.layers) == ("backward", ["block.fc"])


def test_what_ran_alone_is_known_by_how_much_it_sums_up(bench: Bench) -> None:
    terms = {row.address: row.isolated.measured.terms for row in judged(bench, {}).rows if row.isolated}
    assert terms["grad:block.fc.weight"] == BATCH
    assert terms[FC] == terms["layer:act#0:grad"] == WIDTH
    assert terms["grad_input:x"] == terms[with_role(FC, "grad")] == terms[ADD] == 1


@pytest.mark.parametrize(("units", "verdict"), [(12, "aligned"), (40, "diverged")])
def test_a_layer_alone_may_be_off_by_a_few_more_units(units: float, verdict: str, bench: Bench) -> None:
    alignment = judged(bench, {HEAD: scaled(1 + units * 2.0**-23)})
    assert alignment.row(HEAD).isolated.verdict.status == verdict
    assert rejudge(alignment, NoisePolicy()).row(HEAD).isolated.verdict.status == verdict


def test_gradients_of_a_source_are_no_sources_of_their_own(bench: Bench) -> None:
    alignment = judged(bench, {FC: scaled(1.1), "grad:block.fc.weight": scaled(1.1)})
    assert [source.address for source in alignment.sources] == [FC]


def test_layers_that_were_not_asked_for_did_not_run_alone(bench: Bench) -> None:
    some = bench.reference.without("layer:block.fc")
    some.header["layers"] = "stem,act,head"
    bench.reference = some
    faults = {"grad:block.fc.weight": scaled(1.1), "grad:head.weight": scaled(1.1)}
    alignment = judged(bench, faults)
    assert [source.address for source in alignment.sources] == ["grad:head.weight"]
    assert alignment.row("grad:block.fc.weight").isolated is None
    assert alignment.row("grad:block.fc.weight").verdict.status == "diverged"


def test_buffer_that_differs_is_a_source(bench: Bench) -> None:
    alignment = judged(bench, {"state:count": lambda count: count + 1})
    assert [source.direction for source in alignment.sources] == ["state"]


def test_error_that_shows_alone_only_makes_the_verdict(bench: Bench) -> None:
    alignment = bench.compare(bench.port())
    tensors = {address: item for address, item in bench.reference.tensors.items() if address == HEAD}
    forced = Run({HEAD: tensors[HEAD] * np.float32(1.01)}).write(bench.folder / "alone.h5", "jittor")  # type: ignore[operator]
    with Trace.open(bench.folder / "torch.h5") as reference:
        add_isolated(alignment, reference, forced, bench.truth, NoisePolicy())
    assert (alignment.verdict, alignment.first) == ("diverged", HEAD)


def test_stored_sources_are_judged_anew(bench: Bench) -> None:
    alignment = judged(bench, {STEM: scaled(1.001)})
    assert alignment.sources
    lenient = rejudge(alignment, FixedPolicy(rtol=0.1, atol=0.1))
    assert (lenient.verdict, lenient.sources) == ("aligned", [])
    back = Alignment.from_json(alignment.to_json())
    assert back.sources == alignment.sources
    assert rejudge(back, NoisePolicy()).sources == alignment.sources


def test_only_what_both_have_can_run_alone(bench: Bench) -> None:
    alignment = bench.compare(bench.port().without(ADD))
    assert ADD not in paired_addresses(alignment)
    assert HEAD in paired_addresses(alignment)


def test_what_is_equal_to_the_bit_need_not_be_written(bench: Bench) -> None:
    whole = judged(bench, {HEAD: scaled(1.01)})
    (bench.folder / "alone.h5").unlink()
    own = {name: item for name, item in bench.reference.tensors.items() if not isinstance(item, str)}
    forced = TraceWriter(bench.folder / "alone.h5", {"side": "jittor"})
    with forced:
        forced.add(HEAD, scaled(1.01)(own[HEAD]))
        forced.note(EQUAL, [name for name in own if name != HEAD])
    short = bench.compare(bench.port({HEAD: scaled(1.01)}))
    with Trace.open(bench.folder / "torch.h5") as reference, Trace.open(forced.path) as alone:
        add_isolated(short, reference, alone, bench.truth, NoisePolicy())
    assert [source.address for source in short.sources] == [HEAD]
    for one, other in zip(whole.rows, short.rows, strict=True):
        assert (one.isolated is None) == (other.isolated is None)
        if one.isolated is not None and other.isolated is not None:
            assert one.isolated.verdict == other.isolated.verdict
            assert one.isolated.measured == other.isolated.measured


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (np.array([1.0, np.nan, -0.0], np.float32), True),
        (np.array([1.0, np.nan, 0.0], np.float32), False),
        (np.array([[1.0], [np.nan], [-0.0]], np.float32), False),
        (np.array([1.0, np.nan, -0.0], np.float64), False),
        (np.array([1.0, np.nan], np.float32), False),
    ],
)
def test_same_bits(other: Any, same: bool) -> None:
    assert same_bits(np.array([1.0, np.nan, -0.0], np.float32), other) is same


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("layer:norm#0:out", True),
        ("layer:norm/add.1#0:out", True),
        ("layer:norm.inner/add.0#0:out", True),
        ("layer:normal/add.1#0:out", False),
        ("layer:(model)/add.1#0:out", False),
        ("layer:conv#0:out", False),
        ("input:image", False),
    ],
)
def test_what_runs_inside_a_layer(address: str, inside: bool) -> None:
    assert is_inside(address, "layer:norm#0:out") is inside
    assert is_inside(address, "layer:(model)#0:out") is address.startswith("layer:")


@pytest.mark.parametrize(
    ("address", "gradient"),
    [
        ("layer:output#0:out", "layer:output#0:grad"),
        ("layer:a:out#b/add.1#2:out.boxes.0", "layer:a:out#b/add.1#2:grad.boxes.0"),
        ("layer:(model)#0:out", "layer:(model)#0:grad"),
        ("grad:output.weight", "grad:output.weight"),
    ],
)
def test_roles_are_changed_whatever_a_layer_is_called(address: str, gradient: str) -> None:
    assert with_role(address, "grad") == gradient
    assert with_role(gradient, "out") == address


def test_what_is_reshaped_on_its_way_may_be_taken_by_any_operation_of_its_module() -> None:
    def row(address: str, shape: tuple[int, ...], inputs: tuple[str, ...] = ()) -> Row:
        return Row(
            address=address,
            type="",
            shape=shape,
            dtype="float32",
            order=0,
            measured=None,
            verdict=Verdict("aligned", "noise", ""),
            inputs=list(inputs),
        )

    scale, product = "layer:attention/sigmoid.0#0:out", "layer:attention/mul.0#0:out"
    rows = [row(scale, (2, 8)), row(product, (2, 8, 4, 4)), row("layer:rest/mul.0#0:out", (2, 8, 16, 16))]
    gradient = row(with_role(scale, "grad"), (2, 8))
    assert _Terms({found.address: found for found in rows}).of(gradient) == 16
    known = row("layer:attention/add.0#0:out", (2, 8, 2, 2), (scale,))
    assert _Terms({found.address: found for found in [*rows, known]}).of(gradient) == 4
