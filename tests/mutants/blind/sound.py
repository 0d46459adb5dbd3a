"""Sound rewrites: a port that is written in another way and computes the same. None may be accused."""

from __future__ import annotations

from functools import partial

from tests.mutants.blind.mistake import SMALL, Blind

SAME = partial(Blind, kind="sound rewrite")

SOUND = (
    SAME(
        name="sound_terms_reordered",
        pair="l2sknet",
        variant="L2SKNet_UNet",
        size=(32, 32),
        file="ports_jittor.l2sknet.llskm",
        old="return functional.conv2d(x, total) - surroundings"
        " + multiply(theta, functional.conv2d(x, centre))",
        new="return functional.conv2d(x, centre) * theta + (functional.conv2d(x, total) - surroundings)",
        truth="the terms of the sum in another order",
    ),
    SAME(
        name="sound_loss_by_parts",
        pair="l2sknet",
        variant="L2SKNet_UNet",
        size=(32, 32),
        mode="train",
        file="ports_jittor.l2sknet.loss",
        old="return 1.0 - (intersection + SMOOTHING) / (union + SMOOTHING)",
        new="return (union - intersection) / (union + SMOOTHING)",
        truth="one minus a quotient, as one quotient",
    ),
    SAME(
        name="sound_softmax_written_out",
        pair="cpanet",
        variant="vgg16",
        size=(64, 64),
        file="ports_jittor.cpanet.proxy",
        old="attention = F.softmax(matmul(queries, keys), dim=-1)",
        new="scores = matmul(queries, keys)\n"
        "        scores = jt.exp(scores - scores.max(-1, keepdims=True))\n"
        "        attention = scores / sum(scores, -1, keepdim=True)",
        truth="the softmax written out",
    ),
    SAME(
        name="sound_branches_stacked",
        pair="gold_yolo",
        variant="n",
        size=(64, 96),
        file="ports_jittor.gold_yolo.blocks",
        old="        total = self.rbr_dense(x) + self.rbr_1x1(x)\n"
        "        if self.rbr_identity is not None:\n"
        "            total = total + self.rbr_identity(x)\n"
        "        return self.nonlinearity(self.se(total))",
        new="        parts = [self.rbr_dense(x), self.rbr_1x1(x)]\n"
        "        if self.rbr_identity is not None:\n"
        "            parts.insert(0, self.rbr_identity(x))\n"
        "        return self.nonlinearity(self.se(jt.stack(parts).sum(0)))",
        truth="the branches stacked and summed, the identity first",
    ),
    SAME(
        name="sound_heads_by_another_way",
        pair="gold_yolo",
        variant="n",
        size=(96, 64),
        batch=2,
        mode="train",
        file="ports_jittor.gold_yolo.transformer",
        old="q = self.to_q(x).reshape(batch, self.heads, self.key_dim, places).permute(0, 1, 3, 2)",
        new="q = self.to_q(x).flatten(2).transpose(1, 2).reshape(batch, places, self.heads, self.key_dim)"
        ".permute(0, 2, 1, 3)",
        truth="the heads made by another chain of reshapes",
    ),
    SAME(
        name="sound_gate_by_slices",
        pair="led",
        variant="nafnet",
        size=(36, 36),
        file="ports_jittor.led.nafnet",
        old="first, second = x.chunk(2, 1)\n        return first * second",
        new="half = x.shape[1] // 2\n        return x[:, half:] * x[:, :half]",
        truth="the halves by slices, multiplied in the other order",
    ),
    SAME(
        name="sound_temperature_first",
        pair="led",
        variant="restormer",
        size=(32, 32),
        file="ports_jittor.led.restormer",
        old="likeness = linear.matmul(q, k.transpose(0, 1, 3, 2)) * self.temperature",
        new="likeness = linear.matmul(q * self.temperature, k.transpose(0, 1, 3, 2))",
        truth="the temperature multiplied into the queries before the product",
    ),
    SAME(
        name="sound_cell_by_difference",
        pair="tagger",
        file=f"{SMALL}.tagger_jittor",
        mode="train",
        old="return (1 - update) * new + update * state",
        new="return new + update * (state - new)",
        truth="the mixture written with one product",
    ),
    SAME(
        name="sound_decoded_as_maps",
        pair="spotter",
        file=f"{SMALL}.spotter_jittor",
        old="boxes = jt.concat((centre - size / 2, centre + size / 2), -1)",
        new="half = 0.5 * size\n"
        "        boxes = jt.stack((centre, centre), -2) + jt.stack((-half, half), -2)\n"
        "        boxes = boxes.reshape(batch, height, width, 2, 4)",
        truth="both corners at once",
    ),
)
