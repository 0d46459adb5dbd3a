"""What each switch of CPANet changes, on the PyTorch reference, at the smallest size."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from harness.pairs.base import InputRequest
from harness.pairs.cpanet.data import draw_inputs
from harness.pairs.cpanet.pair import PAIR, configured
from refs_torch import cpanet
from tests.selection import others_slow

SIDE = (36, 36)


@cache
def weight(key: str, shape: tuple[int, ...]) -> Tensor:
    """A seeded weight."""
    return torch.from_numpy(np.array(PAIR.weight_rule(0, key, shape)))


def network(mode: str, **options: Any) -> nn.Module:
    """A network with seeded weights in double precision, without dropout."""
    model = cpanet.build("any", "vgg16", **options)
    model.load_state_dict({key: weight(key, tuple(value.shape)) for key, value in model.state_dict().items()})
    model.train(mode == "train")
    for module in model.modules():
        if isinstance(module, nn.Dropout2d):
            module.eval()
    return model.double()


def inputs(batch: int = 2, shots: int = 1, size: tuple[int, int] = SIDE, **options: Any) -> dict[str, Tensor]:
    """Seeded inputs."""
    drawn = draw_inputs(InputRequest(configured("any", shots=shots, **options), "eval", 0, batch, size))
    found = {name: torch.from_numpy(value) for name, value in drawn.items()}
    return {name: value.double() if value.is_floating_point() else value for name, value in found.items()}


def run(mode: str, given: dict[str, Tensor], **options: Any) -> dict[str, Any]:
    """The outputs of a network."""
    with torch.set_grad_enabled(mode == "train"):
        found: dict[str, Any] = network(mode, **options)(**given)
    return found


def first(given: dict[str, Tensor]) -> dict[str, Tensor]:
    """The first sample alone."""
    return {name: value[:1] for name, value in given.items()}


def test_q1_swaps_height_and_width() -> None:
    given = inputs(1, size=(24, 36))
    assert run("eval", given)["logits"].shape == (1, 2, 36, 24)
    assert run("eval", given, swap_sides=False)["logits"].shape == (1, 2, 24, 36)
    square = inputs(1)
    assert torch.equal(run("eval", square)["logits"], run("eval", square, swap_sides=False)["logits"])


@pytest.mark.parametrize(("published", "same"), [(True, False), (False, True)])
def test_q2_lets_the_batch_change_the_result(published: bool, same: bool) -> None:
    given = inputs(2)
    together = run("eval", given, divide_by_batch=published)["logits"][:1]
    alone = run("eval", first(given), divide_by_batch=published)["logits"]
    assert torch.allclose(together, alone, rtol=1e-9, atol=1e-9) == same


def test_q2_alike_shots_do_not_count_twice_without_it() -> None:
    given = inputs(1)
    twice = {**given, "s_x": given["s_x"].repeat(1, 2, 1, 1, 1), "s_y": given["s_y"].repeat(1, 2, 1, 1)}
    one, two = (run("eval", found, divide_by_batch=False)["logits"] for found in (given, twice))
    assert torch.allclose(one, two, rtol=1e-9, atol=1e-9)
    assert not torch.allclose(one, run("eval", twice)["logits"], rtol=1e-3)


def test_q3_counts_the_last_shot_alone() -> None:
    given = inputs(2, shots=2)
    published, mean = (run("train", given, last_shot_loss=switch) for switch in (True, False))
    supp = published["supp"]
    assert torch.allclose(published["aux"], supp[1] / 2)
    assert torch.allclose(mean["aux"], (supp[0] + supp[1]) / 2)


@pytest.mark.parametrize("k", others_slow([0.8, 0.4, 0.0], 0.4))
def test_q4_weighs_the_auxiliary_loss(k: float) -> None:
    found = run("train", inputs(), k=k)
    assert torch.allclose(found["total"], found["main"] + k * found["aux"])


def test_q5_counts_ignored_pixels_as_background() -> None:
    given = inputs()
    plain = {**given, "s_y": torch.where(given["s_y"] == 255, 0, given["s_y"])}
    published, without = (run("train", given, ignored_is_background=s)["aux"] for s in (True, False))
    assert torch.equal(published, run("train", plain)["aux"])
    assert not torch.allclose(published, without)
    assert torch.equal(run("train", plain, ignored_is_background=False)["aux"], run("train", plain)["aux"])


@pytest.mark.parametrize("trains", [True, False])
def test_q6_updates_the_norms_of_the_frozen_backbone(trains: bool) -> None:
    model, given = network("train", backbone_norms_train=trains), inputs(shots=2)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model(**given)["total"].backward()
    changed = {key for key, value in model.state_dict().items() if not torch.equal(value, before[key])}
    assert any(key.startswith("REF.W.1.running") for key in changed)
    called = {"layer0", "layer1", "layer2", "layer3"} if trains else set()
    assert {key.partition(".")[0] for key in changed} == {"REF"} | called
    counted = model.state_dict()["layer0.1.num_batches_tracked"] - before["layer0.1.num_batches_tracked"]
    assert counted == (3 if trains else 0)
    assert all(value.grad is None for name, value in model.named_parameters() if name.startswith("layer"))


def test_q7_gives_a_mask_for_the_first_sample_alone() -> None:
    given = inputs(2)
    published, without = (run("eval", given, first_mask_only=switch)["mask"] for switch in (True, False))
    assert (published.shape, without.shape) == (SIDE, (2, *SIDE))
    assert torch.equal(published, without[0])
    assert set(published.unique().tolist()) <= {0, 255}


def test_a_tie_goes_to_the_background() -> None:
    model = network("eval")
    for value in (model.DP.cls[0].weight, model.DP.cls[0].bias):
        nn.init.zeros_(value)
    with torch.no_grad():
        assert not model(**inputs(1))["mask"].any()


def test_without_cpp_the_prototype_is_the_mean_under_the_mask() -> None:
    model, given = network("eval", cpp=False), inputs(1)
    assert not any(key.startswith("REF") for key in model.state_dict())
    with torch.no_grad():
        features = model.down_supp(model._features(given["s_x"][:, 0]))
        prototype = model._prototype(features, torch.ones(1, 1, *SIDE, dtype=torch.float64))
        empty = model._prototype(features, torch.zeros(1, 1, *SIDE, dtype=torch.float64))
    assert torch.allclose(prototype, features.mean((2, 3), keepdim=True))
    assert not empty.any()


def gradients(**options: Any) -> dict[str, Tensor | None]:
    """The gradients of a training pass."""
    model = network("train", **options)
    model(**inputs())["total"].backward()
    return {name: value.grad for name, value in model.named_parameters() if value.requires_grad}


def test_without_sa_the_others_learn_as_with_a_weight_of_zero() -> None:
    none, zero = gradients(sa=False), gradients(k=0.0)
    assert none.keys() == zero.keys()
    for name, value in none.items():
        if name.startswith(("conv_3T1.", "cls.")):
            assert value is None
            assert zero[name] is not None
            assert not zero[name].any()
        else:
            assert torch.allclose(value, zero[name], rtol=1e-9, atol=1e-12)


def test_without_ssa_the_decoder_is_one_convolution() -> None:
    model = network("eval", ssa=False)
    shapes = {key: tuple(value.shape) for key, value in model.DP.state_dict().items()}
    assert shapes == {"0.weight": (2, 256, 1, 1), "0.bias": (2,)}
    with torch.no_grad():
        assert model(**inputs(1, size=(38, 38), ssa=False))["logits"].shape == (1, 2, 38, 38)


def test_training_needs_labels() -> None:
    given = inputs()
    del given["y"]
    with pytest.raises(ValueError, match="needs the query's labels y in training"):
        run("train", given)


def test_a_new_network_starts_as_published() -> None:
    model = cpanet.build("any", "vgg16").eval()
    assert not model.REF.W[1].weight.any()
    assert not model.REF.W[1].bias.any()
    z = torch.rand(2, 256, 5, 6)
    with torch.no_grad():
        assert torch.equal(model.REF(z)[:, :, 0, 0], z.amax((2, 3)))
    stds = {
        "DP.cls.0": 1.0,
        "DP.Done1.0": (2 / (4 * 256)) ** 0.5,
        "DP.Cbam.spacial_attention.conv": (2 / 49) ** 0.5,
    }
    for path, std in stds.items():
        found = float(model.get_submodule(path).weight.detach().std())
        assert found == pytest.approx(std, rel=0.35 if "conv" in path else 0.1)
    assert float(model.layer2[3].weight.detach().std()) == pytest.approx((2 / (9 * 256)) ** 0.5, rel=0.02)
    assert not model.layer2[3].bias.any()
