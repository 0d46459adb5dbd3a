"""A seventh set of mistakes of whoever ports L2SKNet."""

from __future__ import annotations

from functools import partial

from tests.mutants.blind.mistake import Blind

UNET = partial(Blind, pair="l2sknet", variant="L2SKNet_UNet", size=(32, 32))
FPN = partial(UNET, variant="L2SKNet_FPN")
ROWS = partial(UNET, variant="L2SKNet_1D_UNet")
FORK = partial(UNET, variant="L2SKNet_1D_UNet_fork")
MORPHOLOGY = partial(UNET, variant="L2SKNet_UNet_morphology", size=(48, 48))
MORPHOLOGY_FPN = partial(MORPHOLOGY, variant="L2SKNet_FPN_morphology")
ROOM = "ports_jittor.l2sknet"
NET = "morphology_net_?"
TOP_HAT = f"{NET}.multi_tophat.?"
EDGES = f"{NET}.multi_log.?"
FADING = f"{NET}.threshold"
LOSS = ("(loss)", "(loss)/*", "loss:*")
ORDER = (
    r"\border\b",
    r"\b(before|after)\b",
    "exchang",
    "swap",
    r"\bmoved\b",
    "changed places|other way round",
)
ONLY_PORT = (
    r"\breference (has|does|runs|calls) (no|not)\b|\bnot in the reference\b",
    r"\bin the port (alone|only)\b|\bonly (in )?the port\b",
    r"\b(extra|additional|too many)\b",
)
MISSING = r"\b(missing|skip(s|ped|ping)?|without|does not run|not called|not run|never|left out|fewer)\b"
STATISTICS = ("running", "statistic", r"\beval", r"\bmode\b", "batch's", r"\bfrozen\b", r"\btrain")

SEVENTH_L2SKNET = (
    UNET(
        name="b7_l2_magnitude",
        kind="absolute value too much",
        file=f"{ROOM}.llskm",
        old="    return functional.conv2d(x, total) - surroundings"
        " + multiply(theta, functional.conv2d(x, centre))",
        new="    contrast = kinks.abs(functional.conv2d(x, total) - surroundings)\n"
        "    return contrast + multiply(theta, functional.conv2d(x, centre))",
        more=(("import functional, nn, reduce", "import functional, kinks, nn, reduce"),),
        truth="the size of the difference to the surroundings is taken, without its sign: an absolute value",
        places=("contrast*.0/abs.?", "contrast*.0/sub.?", "contrast*.0/add.?", "contrast*.0"),
        why="an operation too much between difference and sum: any of these, or the module",
        says=(
            r"\bmax\w*\b.*-|\blarger\b",
            *ONLY_PORT,
            r"\babs(\.\d)?\b",
            "absolute",
            "magnitude",
            r"\bsigns?\b",
            "negati[v]",
            "rectif",
        ),
    ),
    FPN(
        name="b7_l2_branches_multiplied",
        kind="product for a sum",
        file=f"{ROOM}.contrast",
        old="total = total + branch(features)",
        new="total = total * branch(features)",
        truth="the branches of a level are multiplied, as other contrast measures do, not added",
        places=(
            "(model)/add.?",
            "(model)/mul.?",
            "(model)",
            "contrConV_?",
            "contrConV_?.0",
        ),
        why="products stand in the place of sums: either, the layers that take their result, or the model",
        says=(
            r"\bmul(\.\d)?\b",
            r"\bproducts?\b",
            r"multipl(y|ied|ies|ication)(?! by -?[\d.])",
            r"\btimes\b(?! -?[\d.])",
            r" \* (?!-?[\d.])",
            r"\badd(\.\d)?\b.*\b(missing|never|not called|does not run|skipped)\b",
            r"\b(missing|place of|instead of)\b.{0,40}\b(add|sum|addition)\b",
        ),
    ),
    FPN(
        name="b7_l2_sum_rectified",
        kind="rectifier behind a sum",
        file=f"{ROOM}.blocks",
        old="        return self.feature_high(high) + low\n",
        new="        conv, norm, relu = self.feature_high\n        return relu(norm(conv(high)) + low)\n",
        truth="the rectifier of a fusion runs on the sum with the shallow map, not on the deep map alone",
        places=(
            "fuse??.feature_high.1",
            "fuse??.feature_high.2",
            "fuse??.feature_high",
            "fuse??/add.0",
            "fuse??",
        ),
        why="rectifier and sum have changed places: either, what holds the layers, or the module",
        says=(*ORDER, r"\brelu", "rectif", r"\badd(\.\d)?\b", r"\bsum\b", r"\bfeature_high\.2\b"),
    ),
    UNET(
        name="b7_l2_average_pool",
        kind="pool of another kind",
        file=f"{ROOM}.unet",
        old="self.Maxpool3 = nn.MaxPool2d(2, 2)",
        new="self.Maxpool3 = nn.AvgPool2d(2, 2)",
        truth="the third pool takes the mean of each window, not its maximum",
        places=("Maxpool3", "Conv4", "Conv4.conv", "Conv4.conv.0", "(model)"),
        why="the pool, the layers that take its result, or the model",
        says=(r"\bavg", r"\baverag", r"\bmeans?\b", r"\bAvgPool"),
    ),
    MORPHOLOGY(
        name="b7_l2_only_eroded",
        kind="second half forgotten",
        file=f"{ROOM}.morphology",
        old="opened = max_pool(min_pool(x, self.window), self.window)",
        new="opened = min_pool(x, self.window)",
        truth="the map is eroded, but not dilated again: the maximum over the minima is not taken",
        places=(
            f"{TOP_HAT}/max_pool2d.?",
            f"{TOP_HAT}/pad.?",
            f"{TOP_HAT}/neg.?",
            f"{TOP_HAT}/sub.?",
            TOP_HAT,
        ),
        why="a padding and a pool are missing: their places, what takes their input, or the module",
        says=(
            r"\bonce\b|\b(1|one) (call|time|run)\b",
            MISSING,
            r"\bdilat(ed|ion)\b",
            r"\berod|\berosion\b",
            r"\bmax_pool2d",
            r"\bmaxim",
            r"\bopen(s|ed|ing)?\b",
        ),
    ),
    MORPHOLOGY_FPN(
        name="b7_l2_sharpness_of_one",
        kind="constant left at one",
        file=f"{ROOM}.morphology",
        old="SHARPNESS = 10.0",
        new="SHARPNESS = 1.0",
        truth="the smooth maximum has a sharpness of 1, not of 10: it is far above the maximum",
        places=(
            f"{FADING}/mul.?",
            f"{FADING}/rmul.?",
            f"{FADING}/logsumexp.0",
            f"{FADING}/div.?",
            FADING,
        ),
        why="the product and the division with the constant, what is between them, or the module",
        says=(
            r"\bnot (multiplied|divided)\b",
            "sharp",
            r"(?<![\w.])10(\.0+)?(?!\.?\d)",
            r"(?<![\d.])0?\.10*\b",
            r"\bten\b|\btenth\b",
            r"\bconstants?\b",
        ),
    ),
    MORPHOLOGY(
        name="b7_l2_edges_of_top_hats",
        kind="branches in a row",
        file=f"{ROOM}.morphology",
        old="        views = [x, *(tophat(x) for tophat in self.multi_tophat), "
        "*(log(x) for log in self.multi_log)]\n",
        new="        hats = [tophat(x) for tophat in self.multi_tophat]\n"
        "        views = [x, *hats, *(log(hat) for log, hat in zip(self.multi_log, hats))]\n",
        truth="the Laplacians are given what the top-hats return, not the map itself",
        places=(EDGES, f"{EDGES}/*", f"{EDGES}.gaussian", f"{EDGES}.laplacian", NET, f"{NET}/cat.0"),
        why="the modules that are given another input, what is in them first, or the network that calls them",
        says=(
            r"\btop.?hats?\b",
            r"\bmulti_tophat\b",
            r"\bin a row\b",
            r"\b(another|other|wrong) input\b",
            r"\brelu\.0\b",
            r"\border\b",
        ),
    ),
    FORK(
        name="b7_l2_total_for_centre",
        kind="arguments exchanged",
        file=f"{ROOM}.llskm",
        old="return saliency(x, column(row(x)), total, centre, attn(x))",
        new="return saliency(x, column(row(x)), centre, total, attn(x))",
        truth="total and centre are exchanged in the call: the attention weighs the kernel's total",
        places=(
            "contrast*.0/conv2d.?",
            "contrast*.0/mul.?",
            "contrast*.0/sub.?",
            "contrast*.0/add.?",
            "contrast*.0/sum.?",
            "contrast*.0/getitem.?",
            "contrast*.0",
        ),
        why="both calls take the other one's weight: either, what makes or takes these, or the module",
        says=(
            r"\bsum\.[01]\b|\bgetitem\.[01]\b",
            *ORDER,
            r"\bconv2d\.[01]\b.*\bconv2d\.[01]\b",
            r"\bmul\.[01]\b.*\bmul\.[01]\b",
            r"\bcent(re|er)\b",
            r"\btotal\b",
            r"\bweights?\b.*\b(other|another)\b|\b(other|another)\b.*\bweights?\b",
            r"\bin\.1\b",
        ),
    ),
    ROWS(
        name="b7_l2_attention_doubled",
        kind="gate around one",
        file=f"{ROOM}.llskm",
        old="return self.avg_channel(x)",
        new="return 2.0 * self.avg_channel(x)",
        truth="the attention is doubled, so that it lies around one: from 0 to 2, not from 0 to 1",
        places=(
            "contrast*.0.attn",
            "contrast*.0.attn/*",
            "contrast*.0.attn.avg_channel",
            "contrast*.0.attn.avg_channel.6",
            "contrast*.0/mul.?",
            "contrast*.0",
        ),
        why="a product too much behind the sigmoid: it, its neighbours, the product with it, or the module",
        says=(
            *ONLY_PORT,
            r"\btwo times\b",
            r"\btwice\b",
            r"\bdoubl",
            r"\b(times|by|factor( of)?) ?2(\.0+)?(?!\.?\d)",
            r"\* ?2(\.0+)?(?!\.?\d)",
            r"(?<![\w.])2(\.0+)? ?(times|\*)",
        ),
    ),
    FPN(
        name="b7_l2_refined_after_fusion",
        kind="refined behind the fusion",
        file=f"{ROOM}.fpn",
        old="skip0, skip1, skip2 = self.refine(0, level0), self.refine(1, level1), self.refine(2, level2)",
        new="skip0, skip1 = self.refine(0, level0), self.refine(1, level1)",
        more=(
            (
                "decoded = self.fuse32(resize_like(decoded, skip2), skip2)",
                "decoded = self.refine(2, self.fuse32(resize_like(decoded, level2), level2))",
            ),
        ),
        truth="level 2 is fused with the deepest level first and then refined, not refined before",
        places=(
            "fuse32",
            "fuse32/*",
            "fuse32.*",
            "contrast2_?",
            "contrast2_?.*",
            "contrConV_2",
            "contrConV_2.0",
            "(model)/add.?",
            "(model)/interpolate.?",
            "fuse21",
            "(model)",
        ),
        why="fusion and branches have changed places: either, what takes their results, or the model",
        says=(
            r"\blevel ?2\b",
            *ORDER,
            r"\bfuse32\b",
            r"\bcontrConV_2\b",
            r"\bcontrast2",
            r"\blayer2\b",
        ),
    ),
    ROWS(
        name="b7_l2_one_level_too_early",
        kind="off by one",
        file=f"{ROOM}.contrast",
        old="return total if level == DEEPEST else",
        new="return total if level >= DEEPEST - 1 else",
        truth="contrConV_2 is not called: level 2 is taken for the deepest, whose sum is returned as it is",
        places=("contrConV_2", "contrConV_2.?", "(model)/cat.?", "(model)/add.?", "Up_conv4*", "(model)"),
        why="layers do not run: they, the cat that takes what is before them, its block, or the model",
        says=(MISSING, r"\bcontrConV_2\b", r"\badd\.\d\b", r"\boff by one\b"),
    ),
    FPN(
        name="b7_l2_mode_not_passed_on",
        kind="mode lost in an override",
        file=f"{ROOM}.contrast",
        old="    def add_branches(self, kind: Kind) -> None:\n",
        new="    def train(self, mode: bool = True) -> nn.Module:\n"
        '        """Switch the whole network."""\n'
        "        return super().train()\n"
        "\n"
        "    def add_branches(self, kind: Kind) -> None:\n",
        truth="evaluation does not switch the network: its norms go on with the batch's statistics",
        places=("layer?", "layer?.*", "contr*", "fuse*", "head*", "(model)"),
        why="every norm and the dropout run as in training: any of them, what holds them, or the model",
        says=("random", *STATISTICS, r"\bbatch statistic", r"\bdropout|\bdropped\b"),
        batch=2,
    ),
    UNET(
        name="b7_l2_attention_norms_fixed",
        kind="norms of small maps in evaluation",
        file=f"{ROOM}.llskm",
        old="        return self.avg_channel(x)\n",
        new="        self.avg_channel.eval()\n        return self.avg_channel(x)\n",
        truth="the attention's norms use their running statistics in training, not the batch's",
        places=("contrast*.0.attn", "contrast*.0.attn.*"),
        why="two norms in each attention, and what holds them or takes their result",
        says=STATISTICS,
        mode="train",
        batch=2,
    ),
    MORPHOLOGY_FPN(
        name="b7_l2_peak_detached",
        kind="detached",
        file=f"{ROOM}.morphology",
        old="functional.sigmoid(self.threshold) * peak)",
        new="functional.sigmoid(self.threshold) * peak.detach())",
        truth="no gradient goes through the smooth maximum of the map, which is taken as a constant",
        places=(
            FADING,
            f"{FADING}/*",
            f"{NET}.stage2_fusion",
            f"{NET}.stage2_fusion.*",
            f"grad:{NET}.stage2_fusion*",
            f"grad:{NET}.*",
            NET,
        ),
        why="the gradient of the module's input lacks a part: in it, or in what makes this input",
        says=(
            r"\b(part|share) of (the|its) gradient",
            "detach",
            r"\bstop",
            r"\bno.?grad",
            r"\bconstant\b",
            r"\bgradients?\b.*\b(through|lacks?|lost|missing|stops?|cut)\b",
            r"\bcut (off|out)\b",
            r"\bwithout (the|a|its|this|that) (gradient|part|share)",
            r"\b(lacks|misses|missing) (the|a|its|this|that) (gradient|part|share)",
        ),
        mode="train",
        batch=2,
    ),
    UNET(
        name="b7_l2_cross_entropy_added",
        kind="term too many",
        file=f"{ROOM}.loss",
        old="    return 1.0 - (intersection + SMOOTHING) / (union + SMOOTHING)\n",
        new="    overlap = 1.0 - (intersection + SMOOTHING) / (union + SMOOTHING)\n"
        "    return overlap + functional.binary_cross_entropy(probability, mask)\n",
        more=(("torchlike import reduce", "torchlike import functional, reduce"),),
        truth="the binary cross entropy is added to the loss, as segmentation often has it",
        places=LOSS,
        says=(
            r"\bentropy\b",
            *ONLY_PORT,
            "cross.?entropy",
            r"\bbce\b",
            r"\blog\b|logarithm",
            r"\b(term|loss|part) (too much|too many)",
        ),
        mode="train",
        batch=2,
    ),
    FPN(
        name="b7_l2_misses_weigh_more",
        kind="loss of the same family",
        file=f"{ROOM}.loss",
        old="    union = reduce.sum(probability) + reduce.sum(mask) - intersection\n",
        new="    false_alarms = reduce.sum(probability) - intersection\n"
        "    misses = reduce.sum(mask) - intersection\n"
        "    union = intersection + 0.3 * false_alarms + 0.7 * misses\n",
        truth="the Tversky loss: false alarms weigh 0.3 and misses 0.7, not one each",
        places=LOSS,
        says=(
            "tversky",
            r"(?<![\w.])0?\.[37]0*(?!\d)",
            r"\bfalse (alarms|positives|negatives)\b|\bmiss(es|ed)\b",
            r"\bweigh(s|ed|t|ts|ted)?\b",
            r"\bunion\b|\bdenominator\b|\bdivisor\b",
        ),
        mode="train",
        batch=2,
    ),
)
