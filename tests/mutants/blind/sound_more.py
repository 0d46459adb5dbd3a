"""More sound rewrites, of other kinds: written after it was known what the first ones were accused of."""

from __future__ import annotations

from functools import partial

from tests.mutants.blind.mistake import SMALL, Blind

SAME = partial(Blind, kind="sound rewrite")
RESTORMER = partial(SAME, pair="led", variant="restormer", size=(32, 32), file="ports_jittor.led.restormer")
LLSKM = partial(
    SAME, pair="l2sknet", variant="L2SKNet_UNet", size=(32, 32), file="ports_jittor.l2sknet.llskm"
)
_SALIENCY = (
    "return functional.conv2d(x, total) - surroundings + multiply(theta, functional.conv2d(x, centre))"
)
_SCORES = "scores = matmul(query, key.permute(0, 1, 3, 2)) / math.sqrt(WIDTH // HEADS)"
_CENTRE = "centre = (2 * functional.sigmoid(raw[..., :2]) - 0.5 + grid) * STRIDES[level]"

MORE_SOUND = (
    RESTORMER(
        name="sound_product_turned",
        old="likeness = linear.matmul(q, k.transpose(0, 1, 3, 2)) * self.temperature",
        new="likeness = linear.matmul(k, q.transpose(0, 1, 3, 2)).transpose(0, 1, 3, 2) * self.temperature",
        truth="the product of the transposed matrices in the other order, transposed",
    ),
    RESTORMER(
        name="sound_softmax_shifted",
        mode="train",
        old="functional.softmax(likeness, dim=-1)",
        new="functional.softmax(likeness - likeness.max(-1, keepdims=True), dim=-1)",
        truth="the largest score subtracted before the softmax",
    ),
    RESTORMER(
        name="sound_gate_last",
        old="self.project_out(functional.gelu(gate) * value)",
        new="self.project_out(value * functional.gelu(gate))",
        truth="the factors in the other order",
    ),
    LLSKM(
        name="sound_difference_negated",
        mode="train",
        old=_SALIENCY,
        new="return theta * functional.conv2d(x, centre) - (surroundings - functional.conv2d(x, total))",
        truth="the difference the other way round, subtracted",
    ),
    LLSKM(
        name="sound_kernels_merged",
        old=_SALIENCY,
        new="return functional.conv2d(x, total + theta.reshape(-1, 1, 1, 1) * centre) - surroundings",
        truth="both 1x1 kernels added before one convolution, for a batch of one",
    ),
    LLSKM(
        name="sound_factor_on_the_input",
        old=_SALIENCY,
        new="return functional.conv2d(x, total) + theta * functional.conv2d(x, centre) - surroundings",
        truth="added before it is subtracted",
    ),
    SAME(
        name="sound_shortcut_factored",
        pair="gold_yolo",
        variant="m",
        size=(64, 64),
        file="ports_jittor.gold_yolo.blocks",
        old="return y + self.alpha * x if self.shortcut else y",
        new="return (y / self.alpha + x) * self.alpha if self.shortcut else y",
        truth="the learned weight taken out of the sum",
    ),
    SAME(
        name="sound_mixture_around_the_shift",
        pair="gold_yolo",
        variant="n",
        size=(64, 96),
        file="ports_jittor.gold_yolo.fusion",
        old="return self.relu(x + 3) / 6",
        new="return self.relu(x + 3) * (1 / 6)",
        truth="multiplied by a sixth",
    ),
    SAME(
        name="sound_attention_turned",
        pair="cpanet",
        variant="vgg16",
        size=(64, 64),
        file="ports_jittor.cpanet.proxy",
        old="seen = matmul(attention, values).permute(0, 2, 1)",
        new="seen = matmul(values.permute(0, 2, 1), attention.permute(0, 2, 1))",
        truth="the product of the transposed matrices in the other order",
    ),
    SAME(
        name="sound_weights_after_the_unsqueeze",
        pair="cpanet",
        variant="vgg16",
        size=(64, 64),
        file="ports_jittor.cpanet.attention",
        old="return F.sigmoid(largest + average).unsqueeze(2).unsqueeze(3) * x",
        new="both = (average + largest).unsqueeze(2).unsqueeze(3)\n        return x * F.sigmoid(both)",
        truth="the axes added before the sigmoid",
    ),
    SAME(
        name="sound_scale_on_the_shortcut",
        pair="led",
        variant="nafnet",
        size=(36, 36),
        file="ports_jittor.led.nafnet",
        old="middle = x + inner * self.beta",
        new="middle = (inner + x / self.beta) * self.beta",
        truth="the learned scale taken out of the sum",
    ),
    SAME(
        name="sound_gate_of_the_negative",
        pair="tagger",
        file=f"{SMALL}.tagger_jittor",
        mode="train",
        old="return (1 - update) * new + update * state",
        new="kept = update * (state - 1)\n        return (1 - update) * (new - 1) + kept + 1",
        truth="both mixed values moved by one, and the mixture moved back",
    ),
    SAME(
        name="sound_mean_by_weights",
        pair="tagger",
        file=f"{SMALL}.tagger_jittor",
        mode="train",
        old="mean = reduce.sum(forward * there.unsqueeze(2), 1) / reduce.sum(there, 1, keepdim=True)",
        new="mean = reduce.sum(forward * (there / reduce.sum(there, 1, keepdim=True)).unsqueeze(2), 1)",
        truth="each place weighed by its share of the length",
    ),
    SAME(
        name="sound_query_scaled",
        pair="translator",
        file=f"{SMALL}.translator_jittor",
        mode="train",
        old=_SCORES,
        new="scores = matmul(query / math.sqrt(WIDTH // HEADS), key.permute(0, 1, 3, 2))",
        truth="the queries scaled in place of the products",
    ),
    SAME(
        name="sound_both_scaled",
        pair="translator",
        file=f"{SMALL}.translator_jittor",
        old=_SCORES,
        new="root = math.sqrt(math.sqrt(WIDTH // HEADS))\n"
        "        scores = matmul(query / root, key.permute(0, 1, 3, 2)) / root",
        truth="half of the scale before the product and half behind it",
    ),
    SAME(
        name="sound_mask_added",
        pair="translator",
        file=f"{SMALL}.translator_jittor",
        old="scores = scores.masked_fill(mask == 0, -1e9)",
        new="scores = scores + (mask == 0).float32() * -1e9",
        truth="a large negative number added in place of filled in",
    ),
    SAME(
        name="sound_embedding_scaled_late",
        pair="translator",
        file=f"{SMALL}.translator_jittor",
        old="x = self.embed(tokens) * math.sqrt(WIDTH) + self.place(jt.arange(count))",
        new="x = (self.embed(tokens) + self.place(jt.arange(count)) / math.sqrt(WIDTH)) * math.sqrt(WIDTH)",
        truth="the scale taken out of the sum",
    ),
    SAME(
        name="sound_grid_shifted",
        pair="spotter",
        file=f"{SMALL}.spotter_jittor",
        mode="train",
        old=_CENTRE,
        new="centre = (grid - 0.5 + 2 * functional.sigmoid(raw[..., :2])) * STRIDES[level]",
        truth="the grid shifted in place of what is added to it",
    ),
    SAME(
        name="sound_stride_inside",
        pair="spotter",
        file=f"{SMALL}.spotter_jittor",
        old=_CENTRE,
        new="stride = STRIDES[level]\n"
        "        centre = functional.sigmoid(raw[..., :2]) * (2 * stride) + (grid - 0.5) * stride",
        truth="the stride multiplied into each term",
    ),
    SAME(
        name="sound_union_reordered",
        pair="spotter",
        file=f"{SMALL}.spotter_jittor",
        mode="train",
        old="return inner / (first + second - inner + 1e-7)",
        new="return inner / (first - inner + (second + 1e-7))",
        truth="the terms of the union in another order",
    ),
)
