"""Traces recorded from the upstream code open like our own."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from harness import address as addresses
from harness import seeded
from harness.errors import BadInput
from harness.numerics import statistics
from harness.trace import Trace
from tests import needs_shared, shared_folder
from tests.selection import others_slow

FOLDER = (shared_folder() or Path("/nonexistent")) / "upstream"
FILES = sorted(FOLDER.glob("*/*.h5"))
NO_RUN = {
    "gold_yolo/loss.h5",
    "gold_yolo/nms.h5",
    "gold_yolo/ops.h5",
    "gold_yolo/n_sgd3.h5",
    "led/functions.h5",
}

pytestmark = needs_shared


def named(path: Path) -> str:
    """A file's name below the folder of traces."""
    return path.relative_to(FOLDER).as_posix()


@pytest.mark.parametrize("path", others_slow(FILES, *FILES[::3]), ids=named)
def test_every_file_is_a_trace_of_a_run_or_is_refused(path: Path) -> None:
    if named(path) in NO_RUN:
        with pytest.raises(BadInput, match="not a trace of a run"):
            Trace.open(path)
        return
    with Trace.open(path) as trace, h5py.File(path) as file:
        assert trace.upstream
        assert trace.complete
        assert trace.mode in ("eval", "train", "frozen")
        assert trace.header["model"] == path.parent.name
        assert (trace.header["seed"], len(trace.header["commit"])) == (1, 40)
        assert set(trace.inputs()) == set(file.get("inputs", ()))
        expected = sum(len(file.get(name, ())) for name in ("inputs", "outputs", "loss", "grads"))
        expected += sum(len(module) for module in file.get("modules", {}).values())
        expected -= sum(name.startswith("after.") for name in file.get("outputs", ()))  # they are states
        expected += len(json.loads(file["grads_table"][()])) if "grads_table" in file else 0
        assert sum(not address.startswith("state:") for address in trace.records) == expected
        for address in trace.records:
            check_record(trace, address)


def check_record(trace: Trace, address: str) -> None:
    """Hold a record's parts against each other."""
    addresses.kind(address)
    record, array = trace.records[address], trace.array(address)
    index, values = trace.sample(address)
    stats = trace.stats(address)
    assert index.shape == values.shape
    assert values.dtype == np.dtype(record.dtype)
    assert np.abs(values).max(initial=0) <= stats.absmax * (1 + 1e-6)
    if array is not None:
        assert array.shape == record.shape
        np.testing.assert_array_equal(values, array.reshape(-1)[index])
    elif index.size:
        np.testing.assert_array_equal(index, np.unique(index))
        assert index.size in (record.size, 16, 32, 64)
        if index.size == record.size:
            found = statistics(values)
            np.testing.assert_allclose([stats.mean, stats.std], [found.mean, found.std], 1e-4, 1e-9)
            np.testing.assert_allclose([stats.absmax, stats.l2], [found.absmax, found.l2], 1e-5)
    truth = trace.truth_array(address)
    if truth is not None and array is not None:
        assert truth.shape == array.shape
        assert np.linalg.norm(truth - array) <= 1e-3 * np.linalg.norm(truth) + 1e-6


def test_the_stored_statistics_mean_what_ours_mean() -> None:
    with Trace.open(FOLDER / "l2sknet/L2SKNet_FPN.eval.h5") as trace:
        whole, module = trace.array("output:0"), trace.records["layer:head#0:out"]
        assert whole is not None
        assert module.type
        logits = trace.stats("layer:head#0:out")
        index, values = trace.sample("layer:head#0:out")
        np.testing.assert_allclose(1 / (1 + np.exp(-values)), whole.reshape(-1)[index], rtol=1e-5)
        assert logits.absmax >= np.abs(values).max()


def test_samples_lie_where_they_were_drawn() -> None:
    with Trace.open(FOLDER / "led/unet__eval.h5") as trace, h5py.File(FOLDER / "led/unet__eval.h5") as file:
        stored = file["modules/conv10_1/0"]
        index, values = trace.sample("layer:conv10_1#0:out")
        np.testing.assert_array_equal(index, stored["index"])
        np.testing.assert_array_equal(values, stored["value"])
        assert trace.records["layer:conv10_1#0:out"].shape == tuple(stored.attrs["shape"])


def test_layers_come_in_the_order_of_their_names_with_numbers_as_numbers() -> None:
    with Trace.open(FOLDER / "led/unet__eval.h5") as trace:
        layers = [addresses.parse_layer(a).path for a in trace.records if a.startswith("layer:")]
        assert layers.index("conv2_1") < layers.index("conv10_1")


def test_gradients_of_a_table_have_statistics_alone() -> None:
    with Trace.open(FOLDER / "led/repnr_nafnet__pretrain_train.h5") as trace:
        gradients = [address for address in trace.records if address.startswith("grad:")]
        assert len(gradients) == 522
        record = trace.records["grad:repnr_module.decoders.0.0.beta"]
        assert record.shape == (1, 256, 1, 1)
        assert trace.stats(record.address).l2 == 0.7177039044873756
        assert trace.array(record.address) is None
        assert [part.size for part in trace.sample(record.address)] == [0, 0]


def test_float64_runs_are_at_hand() -> None:
    with Trace.open(FOLDER / "cpanet/vgg16_train_1shot.h5") as trace:
        logits, truth = trace.array("output:logits"), trace.truth_array("output:logits")
        assert logits is not None
        assert truth is not None
        assert truth.dtype == np.float64
        assert 0 < np.abs(truth - logits).max() < 1e-4
        assert trace.truth_array("loss:total") is not None
        assert trace.truth_array("output:none") is None
        assert trace.truth_array("layer:DP#0:out") is None


def test_what_lies_beside_the_tensors_is_noted() -> None:
    with Trace.open(FOLDER / "cpanet/vgg16_eval_1shot.h5") as trace:
        assert trace.notes["state"][0] == ["layer0.0.weight", [64, 3, 3, 3], "float32"]
    with Trace.open(FOLDER / "gold_yolo/n_frozen_tal.h5") as trace:
        noise = trace.notes["noise_rel_l2"]
        assert len(noise) == sum(address.startswith("grad:") for address in trace.records)
        assert min(noise.values()) == -1
    with Trace.open(FOLDER / "gold_yolo/n_train_tal.h5") as trace:
        assert "state:backbone.ERBlock_2.0.rbr_1x1.bn.running_var" in trace.records
    with Trace.open(FOLDER / "cpanet/resnet50_train_1shot.h5") as trace:
        assert trace.records["state:layer3.0.bn1.running_var"].shape == (256,)
        assert not any(address.startswith("output:after") for address in trace.records)


def test_inputs_are_what_the_seed_draws() -> None:
    with Trace.open(FOLDER / "l2sknet/L2SKNet_FPN.train.h5") as trace:
        image = trace.inputs()["image"]
        drawn = seeded.tensor(1, "l2sknet/golden-train-0/image", image.shape)
        np.testing.assert_array_equal(image, drawn)


def test_upstream_samples_cannot_become_ours(tmp_path: Path) -> None:
    with Trace.open(FOLDER / "led/unet__eval.h5") as trace, pytest.raises(BadInput, match="made compact"):
        trace.compacted(tmp_path / "a.h5")
    with Trace.open(FOLDER / "led/unet__eval_odd.h5") as trace:
        trace.compacted(tmp_path / "b.h5")
    with Trace.open(tmp_path / "b.h5") as compact:
        assert compact.compact


def test_a_prefix_is_taken_off_layers_and_gradients_alone() -> None:
    with Trace.open(FOLDER / "led" / "repnr_unet__pretrain_train.h5") as trace:
        before = {address: trace.sample(address)[1] for address in trace.records}
        trace.drop_prefix("repnr_module.")
        after = {address: trace.sample(address)[1] for address in trace.records}
        assert list(after) == [address.replace("grad:repnr_module.", "grad:") for address in before]
        assert "grad:conv1_1.main_weight" in after
        assert all(trace.records[address].address == address for address in after)
        for one, other in zip(before.values(), after.values(), strict=True):
            np.testing.assert_array_equal(one, other)
