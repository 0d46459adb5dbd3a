"""Files that Jittor wrote, and ours as Jittor reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jittor as jt
import numpy as np
import pytest
from jittor import nn

from tests.unit.weight_convert.samples import network
from weight_convert import State, read_state, write_state


class Stem(nn.Module):
    """A convolution and a norm."""

    def __init__(self) -> None:
        self.conv = nn.Conv(3, 4, 3, bias=False)
        self.bn = nn.BatchNorm(4)


class Net(nn.Module):
    """The network of `samples.network`, in Jittor."""

    def __init__(self) -> None:
        self.stem = Stem()
        self.scale = jt.ones((1,))
        self.head = nn.Linear(4, 2)


def values(model: Any) -> dict[str, Any]:
    """A model's state as arrays."""
    return {key: value.numpy() for key, value in model.state_dict().items()}


@pytest.mark.parametrize("save", ["module", "state_dict", "arrays", "nested"])
def test_jittors_own_files_are_read(save: str, tmp_path: Path) -> None:
    model, path = Net(), str(tmp_path / "a.pkl")
    wanted = values(model)
    if save == "module":
        model.save(path)
    else:
        jt.save(
            {"state_dict": model.state_dict(), "arrays": wanted, "nested": {"epoch": 3, "model": wanted}}[
                save
            ],
            path,
        )
    state = read_state(path)
    assert [key for key in state if not key.endswith("num_batches_tracked")] == list(wanted)
    for key, array in wanted.items():
        np.testing.assert_array_equal(state[key], array)


def test_counters_are_made_for_files_of_jittor(tmp_path: Path) -> None:
    Net().save(str(tmp_path / "a.pkl"))
    state = read_state(tmp_path / "a.pkl")
    assert [item.key for item in state.made] == ["stem.bn.num_batches_tracked"]
    assert state["stem.bn.num_batches_tracked"].dtype == np.int64
    assert list(state).index("stem.bn.num_batches_tracked") == list(state).index("stem.bn.running_var") + 1


def test_jittor_loads_what_we_write(tmp_path: Path) -> None:
    write_state(State.of(network()), tmp_path / "a.pkl")
    found = jt.load(str(tmp_path / "a.pkl"))
    assert list(found) == list(network())
    model = Net()
    model.load(str(tmp_path / "a.pkl"))
    loaded = values(model)
    assert set(found) - set(loaded) == {"stem.bn.num_batches_tracked"}
    for key, array in network().items():
        if key in loaded:
            np.testing.assert_array_equal(loaded[key].reshape(array.shape), array)


def test_half_precision_is_widened_when_asked(tmp_path: Path) -> None:
    arrays = {"a": np.arange(5, dtype=np.float16), "b": np.arange(3)}
    write_state(State.of(arrays), tmp_path / "a.pkl", float32=True)
    found = jt.load(str(tmp_path / "a.pkl"))
    assert found["a"].dtype == np.float32
    back = read_state(tmp_path / "a.pkl")
    assert back["a"].dtype == np.float16
    np.testing.assert_array_equal(back["a"], arrays["a"])


def test_counters_that_jittor_saved_again_become_scalars(tmp_path: Path) -> None:
    write_state(State.of(network()), tmp_path / "a.pkl")
    jt.save(jt.load(str(tmp_path / "a.pkl")), str(tmp_path / "b.pkl"))
    state = read_state(tmp_path / "b.pkl")
    assert state.manifest is None
    assert state["stem.bn.num_batches_tracked"].shape == ()
    assert state["stem.bn.num_batches_tracked"] == 7
