"""A module's own code runs again with parts changed, and its modules return what they returned."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from harness.errors import BadInput
from harness.flows import inputs_and_weights
from harness.requests import Edit
from harness.sides.call_code import list_code, try_code
from harness.sides.torch_side import TorchSide
from harness.trace import Trace
from tests.unit.sides.test_float64_truth import recorded

SUM = "layer:(model)/add.0#0:in.0"


@pytest.fixture
def side(tmp_path: Path) -> tuple[TorchSide, str]:
    found, inputs = recorded(tmp_path)
    found.run(inputs, "eval", str(tmp_path / "eval.h5"))
    return found, inputs


def recorded_at(folder: Path, address: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    with Trace.open(folder / "eval.h5") as trace:
        record = trace.records[address]
        found = trace.array(record.alias or address)
        assert found is not None
        return np.array(found)


def tried(side: TorchSide, folder: Path, wanted: object, old: str = "", new: str = "") -> tuple[float, str]:
    """How far the changed code is from a wanted tensor, and why it is nowhere."""
    path = inputs_and_weights.write(folder / "wanted.h5", "input", {"wanted": np.asarray(wanted)})
    own = side.kept_call.code[0]
    start = own.text.index(old)
    edits = [Edit(own.key, "code", value=[[start, start + len(old), new]])] if old else []
    (result,) = try_code(side, [edits], str(path))
    return result.distance, result.error


def test_the_code_around_a_layer_is_told_and_gives_the_recorded_tensor(
    side: tuple[TorchSide, str], tmp_path: Path
) -> None:
    for address in ("layer:head#0:in.0", "layer:norm#0:in.0", SUM, "layer:(model)/relu.0#0:out"):
        found = list_code(*side, "eval", address)
        assert (found.around, [one.name for one in found.code]) == ("(model)#0", ["forward"])
        distance, error = tried(side[0], tmp_path, recorded_at(tmp_path, address))
        assert (error, distance) == ("", pytest.approx(0, abs=1e-6))


def test_a_slip_gives_a_layer_another_tensor_and_layers_return_what_they_returned(
    side: tuple[TorchSide, str], tmp_path: Path
) -> None:
    list_code(*side, "eval", "layer:drop#0:in.0")
    norm = recorded_at(tmp_path, "layer:norm#0:out")
    relu = "torch.relu(self.norm(self.conv(image)))"
    for new, wanted in (("self.norm(self.conv(image))", norm), ("self.norm(image * 9).abs()", abs(norm))):
        assert tried(side[0], tmp_path, wanted, relu, new) == (pytest.approx(0, abs=1e-5), "")
    assert tried(side[0], tmp_path, norm)[0] > 1  # the code is itself again


def test_operands_of_an_operation_are_looked_at_where_they_arrive(
    side: tuple[TorchSide, str], tmp_path: Path
) -> None:
    list_code(*side, "eval", SUM)
    x = recorded_at(tmp_path, "layer:head#0:in.0")
    assert tried(side[0], tmp_path, x, "self.head(x) + x", "x + self.head(x)") == (
        pytest.approx(0, abs=1e-5),
        "",
    )


def test_the_result_of_the_model_is_that_of_its_own_code(side: tuple[TorchSide, str], tmp_path: Path) -> None:
    list_code(*side, "eval", "layer:(model)#0:out")
    head = recorded_at(tmp_path, "layer:head#0:out")
    assert tried(side[0], tmp_path, head, "self.head(x) + x", "self.head(x)") == (
        pytest.approx(0, abs=1e-5),
        "",
    )


def test_code_that_fails_another_shape_and_a_tensor_that_never_comes_are_no_answers(
    side: tuple[TorchSide, str], tmp_path: Path
) -> None:
    list_code(*side, "eval", SUM)
    x = recorded_at(tmp_path, "layer:head#0:in.0")
    assert tried(side[0], tmp_path, x, "self.head(x)", "self.tail(x)")[1].startswith("AttributeError")
    assert tried(side[0], tmp_path, x, "self.head(x) + x", "self.head(x)[:1] + x")[1].startswith("shape")
    assert tried(side[0], tmp_path, x, "self.head(x) + x", "self.head(x)")[1] == "the tensor does not come up"
    with pytest.raises(BadInput, match="no module's code makes"):
        list_code(*side, "eval", "layer:nowhere#0:in.0")


def test_what_a_slip_changes_in_place_is_made_again(side: tuple[TorchSide, str], tmp_path: Path) -> None:
    list_code(*side, "eval", SUM)
    before = recorded_at(tmp_path, "layer:head#0:out")
    spoilt = tried(side[0], tmp_path, before, "self.head(x) + x", "self.head(x).mul_(2) + x")
    assert spoilt[0] > 1
    assert tried(side[0], tmp_path, before) == (pytest.approx(0, abs=1e-5), "")


def test_what_a_slip_changes_in_a_module_is_put_back(side: tuple[TorchSide, str], tmp_path: Path) -> None:
    """An attribute, and a buffer in place: the next trial begins where the call began."""
    list_code(*side, "eval", SUM)
    right = recorded_at(tmp_path, "layer:head#0:out")
    norm = side[0].model.norm
    before = norm.running_mean.clone()
    for spoils in ("self.norm.running_mean.add_(1)", "setattr(self, 'seen', 1)"):
        tried(side[0], tmp_path, right, "self.head(x) + x", f"[{spoils}, self.head(x) + x][1]")
        assert not hasattr(side[0].model, "seen")
        assert norm.running_mean.equal(before)
    for spoils in ("self.__dict__.update(seen=1)", ""):
        new = f"self.head(x) * (9 if hasattr(self, 'seen') else 1) + x + 0 * bool({spoils})"
        assert tried(side[0], tmp_path, right, "self.head(x) + x", new) == (pytest.approx(0, abs=1e-5), "")


def test_trials_that_would_end_too_late_get_no_answer(side: tuple[TorchSide, str], tmp_path: Path) -> None:
    list_code(*side, "eval", SUM)
    path = inputs_and_weights.write(tmp_path / "wanted.h5", "input", {"wanted": np.zeros(3)})
    assert len(try_code(side[0], [[]] * 3, str(path), 0.0)) == 1
    assert len(try_code(side[0], [[]] * 3, str(path))) == 3
