"""The Jittor port of Gold-YOLO against runs of the published code."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import jittor as jt
import numpy as np
import pytest

from harness.errors import BadInput
from harness.pairs.gold_yolo.config import CONFIGS
from harness.pairs.gold_yolo.grid import grid
from ports_jittor import gold_yolo
from ports_jittor.gold_yolo import (
    anchors,
    assigners,
    deploy,
    fusion,
    iou,
    loss,
    training,
)
from ports_jittor.gold_yolo.head import HEADS
from ports_jittor.torchlike import nn, optim, state
from tests import needs_shared
from tests.upstream import gold_yolo_truth as truth
from tests.upstream.recorded import Array, distance

pytestmark = needs_shared

OUTPUT = 4e-6  # upstream's own float32 is 0.7e-7 (boxes) to 1.3e-6 (features) from its float64
BOXES = {"n": 4e-7, "s": 4e-7, "m": 2e-6, "l": 4e-7}
LOSS = 4e-6
GRADIENT, GRADIENT_MEDIAN = 2e-4, 1e-5
TRAINED_LOSS = 2e-3  # batch statistics over few values: the seeded network is chaotic there
SIZES = ((12, 16), (6, 8), (3, 4))


def in_the_gate(names: list[str], *chosen: str) -> list[object]:
    """All cases; what a cold Jittor needs minutes for is slow."""
    return [pytest.param(name, marks=[] if name in chosen else pytest.mark.slow) for name in names]


def shapes(module: nn.Module) -> dict[str, tuple[int, ...]]:
    """Keys and shapes of a state."""
    return {key: shape for key, (shape, _) in state.torch_state_table(module).items()}


def entries(module: nn.Module) -> list[list[object]]:
    """Keys, shapes and types of a state."""
    return [[key, list(shape), dtype] for key, (shape, dtype) in state.torch_state_table(module).items()]


def network(variant: str) -> nn.Module:
    """A seeded network in evaluation."""
    model = gold_yolo.build(variant)
    model.load_state_dict(truth.weights(shapes(model)))
    return model.eval()


def seeing(*arrays: Array) -> list[jt.Var]:
    """Leaves that gradients are asked for."""
    return [jt.array(array).start_grad() for array in arrays]


@dataclass
class Run:
    """A repeated run in a training mode."""

    outputs: dict[str, Array]
    losses: dict[str, float]
    gradients: dict[str, Array]
    state: dict[str, Array]


@cache
def repeat(name: str) -> Run:
    """Run the port as upstream was run."""
    model = network(truth.variant_of(name))
    model.detect.is_train = True
    if "train" in name:
        model.train()
        for module in model.modules():
            if isinstance(module, nn.Dropout):
                module.eval()
    inputs = {key: jt.array(value) for key, value in truth.traced(name).inputs.items()}
    found, features = outputs = model(inputs["x"])
    losses = model.losses(outputs, inputs)
    learning = {key: value for key, value in state.named_parameters(model) if not value.is_stop_grad()}
    gradients = jt.grad(losses["total"], list(learning.values()))
    flat = {f"0.0.{place}": x for place, x in enumerate(found[0])} | {"0.1": found[1], "0.2": found[2]}
    flat |= {f"1.{place}": x for place, x in enumerate(features)}
    return Run(
        {key: value.numpy() for key, value in flat.items()},
        {key: float(value.item()) for key, value in losses.items()},
        {key: value.numpy() for key, value in zip(learning, gradients, strict=True)},
        state.torch_state_dict(model),
    )


@pytest.mark.parametrize("variant", in_the_gate(truth.PUBLISHED, "n", "s"))
def test_the_state_has_the_published_keys_shapes_types_and_order(variant: str) -> None:
    model, known = gold_yolo.build(variant), truth.table(variant)
    assert entries(model) == known["state"]
    parameters = [(value.numel(), value.is_stop_grad()) for _, value in state.named_parameters(model)]
    assert sum(size for size, _ in parameters) == known["parameters"]
    assert sum(size for size, stopped in parameters if not stopped) == known["trainable"]


@pytest.mark.parametrize("head", ["plain", "distill_ns", "fuse_ab"])
def test_the_heads_have_the_published_keys(head: str) -> None:
    detect = HEADS[head](replace(CONFIGS["n"], reg_max=16, head=head))  # type: ignore[arg-type]
    known = truth.table("n")["heads"][f"{head}_reg_max_16"]["state_detect"]
    assert [[f"detect.{key}", list(shape)] for key, shape in shapes(detect).items()] == [
        entry[:2] for entry in known
    ]


@pytest.mark.parametrize("name", in_the_gate(truth.EVALS, "n_eval"))
def test_outputs(name: str) -> None:
    model = network(truth.variant_of(name))
    with jt.no_grad():
        boxes, features = model(jt.array(truth.traced(name).inputs["x"]))
    found = {"0": boxes} | {f"1.{place}": x for place, x in enumerate(features)}
    apart = {key: sample.distance(found[key].numpy()) for key, sample in truth.outputs(name).items()}
    assert apart.pop("0") < BOXES[name[0]]
    assert all(value < OUTPUT for value in apart.values()), apart


@pytest.mark.parametrize("name", in_the_gate(truth.FROZEN))
def test_frozen_runs(name: str) -> None:
    run, known = repeat(name), truth.traced(name)
    assert run.losses == pytest.approx(known.losses, rel=LOSS)
    apart = {key: sample.distance(run.outputs[key]) for key, sample in truth.outputs(name).items()}
    assert all(value < OUTPUT for value in apart.values()), apart
    noise = truth.noise(name)
    far = {
        key: sample.distance(run.gradients[key]) for key, sample in known.gradients.items() if noise[key] > 0
    }
    assert {key: value for key, value in far.items() if value > GRADIENT} == {}
    assert np.median(list(far.values())) < GRADIENT_MEDIAN
    for key in (key for key, value in noise.items() if value < 0):
        assert np.abs(run.gradients[key]).max() < 1e-5, key


@pytest.mark.parametrize("name", in_the_gate(truth.TRAINED))
def test_runs_on_batch_statistics(name: str) -> None:
    run, known = repeat(name), truth.traced(name)
    assert run.losses == pytest.approx(known.losses, rel=TRAINED_LOSS)
    if name.endswith("tal"):
        apart = [sample.distance(run.state[key]) for key, sample in truth.buffers(name).items()]
        assert max(apart) < 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("case", truth.BLOCKS)
def test_single_blocks(case: str) -> None:
    module = truth.build_block(gold_yolo, case)
    module.load_state_dict(truth.block_weights(case, shapes(module)))
    module.eval()
    with jt.no_grad():
        found = module(*(jt.array(value) for value in truth.block_inputs(case)))
    (known,) = truth.data("ops", f"{case}/out/0")
    assert distance(found.numpy(), known) < 3e-6


@pytest.mark.slow
@pytest.mark.parametrize("case", truth.RESIZINGS)
def test_single_resizings(case: str) -> None:
    size, known = truth.data("ops", f"{case}/size", f"{case}/out/0")
    (given,) = truth.block_inputs(case)
    found = truth.resizing(gold_yolo, case)(jt.array(given), (int(size[0]), int(size[1])))
    assert distance(found.numpy(), known) < 1e-6


def test_the_hard_sigmoid() -> None:
    (given,), (known,) = truth.block_inputs("h_sigmoid"), truth.data("ops", "h_sigmoid/out/0")
    assert distance(fusion.HardSigmoid()(4 * jt.array(given)).numpy(), known) < 1e-6


@pytest.mark.parametrize("kind", truth.OVERLAPS)
def test_overlaps(kind: str) -> None:
    given, target = truth.data("loss", "iou/pred", "iou/target")
    known, slope = truth.data("loss", f"iou/{kind}", f"iou/{kind}_grad")
    (prediction,) = seeing(given)
    found = iou.iou_loss(prediction, jt.array(target), kind)
    usable = np.isfinite(known[:, 0])  # CIoU of two equal boxes is NaN in torch, and arbitrary in Jittor
    assert usable.sum() == (15 if kind == "ciou" else 16)
    np.testing.assert_allclose(found.numpy()[usable], known[usable, 0], rtol=2e-6, atol=2e-6)
    gradient = jt.grad(found.sum(), prediction).numpy()
    np.testing.assert_allclose(gradient[usable], slope[usable], rtol=2e-5, atol=2e-6)


def test_varifocal_loss() -> None:
    (scores,) = seeing(truth.drawn("vfl/pred", (2, 17, 5)).clip(1e-4, 1 - 1e-4))
    labels = truth.drawn("vfl/label", (2, 17, 5), "binary")
    wanted = truth.drawn("vfl/gt", (2, 17, 5)) * labels
    found = loss.varifocal(scores, jt.array(wanted), jt.array(labels))
    known, slope = truth.data("loss", "vfl/sum", "vfl/grad")
    assert float(found.item()) == pytest.approx(float(known), rel=1e-6)
    assert distance(jt.grad(found, scores).numpy(), slope) < 1e-6


def test_the_cross_entropy_of_certainty() -> None:
    scores, wanted = jt.array([0.0, 1.0]), jt.array([0.5, 0.5])
    found = loss.varifocal(scores, wanted, jt.ones(2))
    assert float(found.item()) == pytest.approx(2 * 0.5 * 50, rel=1e-6)  # the logarithm stops at -100


def test_distribution_focal_loss() -> None:
    (logits,) = seeing(truth.drawn("dfl/pred", (6, 4, 17), "normal"))
    target, known, slope = truth.data("loss", "dfl/target", "dfl/loss", "dfl/grad")
    found = loss.distribution_focal(logits, jt.array(target))
    assert distance(found.numpy(), known) < 1e-6
    assert distance(jt.grad(found.sum(), logits).numpy(), slope) < 1e-6


def test_boxes_from_distances_and_back() -> None:
    points = jt.array(10 * truth.drawn("h/ap", (9, 2)))
    distances = jt.array(20 * truth.drawn("h/d", (9, 4)))
    corners, centred, back = truth.data(
        "loss", "helpers/dist2bbox_xyxy", "helpers/dist2bbox_xywh", "helpers/bbox2dist"
    )
    found = anchors.dist2bbox(distances, points)
    assert distance(found.numpy(), corners) < 1e-6
    assert distance(anchors.dist2bbox(distances, points, "xywh").numpy(), centred) < 1e-6
    assert distance(anchors.bbox2dist(points, found, 16).numpy(), back) < 1e-6


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["tal", "atss"])
def test_assignments(kind: str) -> None:
    cells = grid(SIZES)
    scores = jt.array(truth.drawn("as/scores", (3, 252, 6)))
    distances = 4 * jt.array(truth.drawn("as/dist", (3, 252, 4))) + 0.25
    predicted = anchors.dist2bbox(distances, jt.array(cells.points)) * jt.array(cells.strides)
    rows = truth.data("loss", "assign/gt")[0]
    real = (rows[..., 1:].sum(axis=-1) > 0).astype(np.float32)
    wide = jt.array(rows[..., 1:].astype(np.float32))
    objects = assigners.Objects(jt.array(rows[..., 0].astype(np.int32)), wide, jt.array(real))
    if kind == "tal":
        found = assigners.TaskAligned(classes=6)(scores, predicted, jt.array(cells.pixels), objects)
    else:
        found = assigners.Adaptive(classes=6)(jt.array(cells.boxes), cells.counts, predicted, objects)
    names = ("fg", "labels", "boxes", "scores")
    positive, labels, wanted, quality = truth.data("loss", *(f"assign/{kind}/{name}" for name in names))
    np.testing.assert_array_equal(found.positive.numpy().astype(bool), positive)
    np.testing.assert_array_equal(found.labels.numpy()[positive], labels[positive])
    np.testing.assert_allclose(found.boxes.numpy()[positive], wanted[positive], rtol=1e-6)
    np.testing.assert_allclose(found.scores.numpy(), quality, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("name", truth.LOSSES)
def test_whole_losses(name: str) -> None:
    config, scores, raw, targets, epoch = truth.loss_case(name)
    given = seeing(scores, raw)
    features = [jt.zeros((3, 1, *size)) for size in SIZES]
    found = loss.DetectionLoss(config)([features, *given], jt.array(targets), (96, 128), epoch)
    gradients = jt.grad(found["total"], given)
    names = ("total", "items_iou_dfl_cls", "grad_scores", "grad_distri")
    total, items, *slopes = truth.data("loss", *(f"whole/{name}/{key}" for key in names))
    assert float(found["total"].item()) == pytest.approx(float(total), rel=2e-6)
    parts = [float(found[key].item()) for key in ("iou", "dfl", "cls")]
    assert parts == pytest.approx(list(items), rel=2e-6)
    for gradient, known in zip(gradients, slopes, strict=True):
        assert distance(gradient.numpy(), known) < 3e-6


@pytest.mark.slow
def test_the_loss_of_the_anchor_based_branch() -> None:
    """Three equal anchors a cell, three times as many candidates: shares of the recorded loss, added up."""
    config, scores, raw, targets, _ = truth.loss_case("nodfl_siou_epoch4")
    given = seeing(scores, raw)
    branch = loss.AnchorBased(config, topk=3 * 13)
    boxes = jt.concat(truth.as_centres(given[1]), dim=-1)
    objects = branch.objects(jt.array(targets), given[0], 128)
    thrice = [thrice_a_cell(x) for x in (given[0], boxes)]
    found = branch.of_branch(thrice[0], thrice[1], grid(SIZES).repeated(3), objects, 0)
    gradients = jt.grad(found["total"], given)
    names = ("total", "items_iou_dfl_cls", "grad_scores", "grad_distri")
    total, items, *slopes = truth.data("loss", *(f"whole/nodfl_siou_epoch4/{key}" for key in names))
    parts = [float(found[key].item()) for key in ("total", "iou", "dfl", "cls")]
    assert parts == pytest.approx([float(total), *items], rel=5e-6)
    for gradient, known in zip(gradients, slopes, strict=True):
        assert distance(gradient.numpy(), known) < 5e-6


def thrice_a_cell(x: jt.Var) -> jt.Var:
    """Each cell's row three times."""
    return jt.stack([x, x, x], dim=2).reshape(x.shape[0], -1, x.shape[-1])


def test_the_distilled_head_has_no_loss() -> None:
    with pytest.raises(BadInput, match=r"distill_ns has no loss here: .* a teacher.* Use mode eval"):
        loss.DetectionLoss(CONFIGS["s_distill_ns"])([], jt.zeros((1, 6)), (96, 128))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fold_convs", "output", "table"),
    [(False, "rep", "state_deploy_rep"), (True, "rep_and_conv", "state_deploy")],
)
def test_deployment(fold_convs: bool, output: str, table: str) -> None:
    model = deploy.deployed(network("s"), fold_convs)
    assert entries(model) == truth.table("s")[table]
    with jt.no_grad():
        found = model(jt.array(truth.image((2, 3, 64, 96))))[0].numpy()
    assert distance(found, truth.data("s_deploy", f"outputs/{output}")[0]) < 5e-7


@pytest.mark.parametrize("variant", in_the_gate(truth.PUBLISHED, "n"))
def test_parameter_groups(variant: str) -> None:
    known = truth.recorded_json("schedule")["groups"][variant]
    groups = training.parameter_groups(gold_yolo.build(variant))
    assert [len(group) for group in groups] == known["tensors"]
    assert [sum(value.numel() for value in group) for group in groups] == known["numel"]


@pytest.mark.slow
def test_three_steps_of_the_optimiser() -> None:
    model = network("n")
    model.detect.is_train = True
    before = {key: np.array(value) for key, value in state.torch_state_dict(model).items()}
    norms, weights, biases = training.parameter_groups(model)
    groups = [{"params": norms}, {"params": weights, "weight_decay": 0.5}, {"params": biases}]
    optimizer = optim.SGD(groups, lr=2e-4, momentum=0.937, nesterov=True)
    average = training.Average(model, gold_yolo.build("n"))
    inputs = {"x": jt.array(truth.image((2, 3, 96, 128)))}
    inputs["targets"] = jt.array(truth.data("n_sgd3", "targets")[0])
    found = []
    for _ in range(3):
        total = model.losses(model(inputs["x"]), inputs)["total"]
        found.append(float(total.item()))
        optimizer.step(total)
        average.update(model)
    assert found == pytest.approx(list(truth.data("n_sgd3", "loss")[0]), rel=4e-6)
    noise = truth.change_noise()
    for group, owner in (("params", model), ("ema", average.model)):
        now = state.torch_state_dict(owner)
        known = {key: sample for key, sample in truth.changes(group).items() if sample.l2 > 1e-4}
        apart = {key: sample.distance(now[key] - before[key]) for key, sample in known.items()}
        assert len(apart) > 30
        limits = {key: max(5 * noise[key], 1e-4) for key in known}
        assert {key: value for key, value in apart.items() if value > limits[key]} == {}
