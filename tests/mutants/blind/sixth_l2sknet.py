"""A sixth set of mistakes of whoever ports L2SKNet."""

from __future__ import annotations

from functools import partial

from tests.mutants.blind.mistake import Blind

UNET = partial(Blind, pair="l2sknet", variant="L2SKNet_UNet", size=(32, 32))
FPN = partial(UNET, variant="L2SKNet_FPN")
ROWS = partial(UNET, variant="L2SKNet_1D_UNet")
FORK_FPN = partial(UNET, variant="L2SKNet_1D_FPN_fork")
MORPHOLOGY = partial(UNET, variant="L2SKNet_UNet_morphology", size=(48, 48))
MORPHOLOGY_FPN = partial(MORPHOLOGY, variant="L2SKNet_FPN_morphology")
ROOM = "ports_jittor.l2sknet"
NET = "morphology_net_?"
TOP_HAT = f"{NET}.multi_tophat.?"
EDGES = f"{NET}.multi_log.?"
MEDIAN = f"{NET}.max_median"
FADING = f"{NET}.threshold"
LOSS = ("(loss)", "(loss)/*", "loss:*")

SIXTH_L2SKNET = (
    UNET(
        name="b6_l2_minus_over_all",
        kind="minus over a bracket",
        file=f"{ROOM}.llskm",
        old="return functional.conv2d(x, total) - surroundings"
        " + multiply(theta, functional.conv2d(x, centre))",
        new="return functional.conv2d(x, total) - (\n"
        "        surroundings + multiply(theta, functional.conv2d(x, centre))\n    )",
        truth="the weighed centre is taken off with the surroundings, not added: a minus over a bracket",
        places=("contrast*.0/add.?", "contrast*.0/sub.?", "contrast*.0/mul.?", "contrast*.0"),
        why="sum and difference: either, the product whose sign is turned, or the module",
        says=(
            r"\bsigns?\b",
            r"\bneg(\.\d)?\b",
            "negat",
            r"\bminus\b",
            r"subtract",
            r"\bsub(\.\d)?\b",
            r"(?<!e)-1(\.0+)?(?!\.?\d)",
            r"bracket|parenthes",
            r"\border\b",
            r"\b(before|after)\b",
            "exchang|swap|changed places|other way round",
            r"\btaken off\b",
        ),
    ),
    ROWS(
        name="b6_l2_unused_kernel_used",
        kind="layer that is kept for checkpoints",
        file=f"{ROOM}.llskm",
        old="""self.conv_nx1 = nn.Conv2d(channels, channels, (kernel, 1), padding=(padding, 0))
        self.attn = ChannelAttention(channels)

    def forward(self, x: Tensor) -> Tensor:
        return separable_saliency(x, self.conv_1xn, self.conv_nx1, self.attn)
""",
        new="""self.conv_nx1 = nn.Conv2d(channels, channels, (kernel, 1), padding=(padding, 0))
        self.attn = ChannelAttention(channels)

    def forward(self, x: Tensor) -> Tensor:
        middle = self.conv.kernel_size[0] // 2
        weight = self.conv.weight
        total = reduce.sum(weight, (2, 3), keepdim=True)
        centre = weight[:, :, middle : middle + 1, middle : middle + 1]
        return saliency(x, self.conv(x), total, centre, self.attn(x))
""",
        truth="the square kernel, which nothing should use, runs in the place of the row and the column",
        places=(
            "contrast*.0/getitem.?",
            "contrast*.0.conv",
            "contrast*.0.conv_1xn",
            "contrast*.0.conv_nx1",
            "contrast*.0/sum.?",
            "contrast*.0/mul.?",
            "contrast*.0/conv2d.?",
            "contrast*.0/sub.?",
            "contrast*.0",
        ),
        why="other layers run, other weights are summed: any of them, the calls that take these, the module",
        says=(
            r"\bconv(?![\w.])",
            r"\bconv\.weight\b",
            r"\bconv_(1xn|nx1)\b",
            r"\b(never|not called|not run|does not run|skip(s|ped|ping)?|missing|without|unused)\b",
            r"\b(extra|more) (call|layer|run)",
            r"\bweights?\b.*\b(other|another)\b|\b(other|another)\b.*\bweights?\b",
        ),
    ),
    FPN(
        name="b6_l2_attention_of_columns",
        kind="pooled along one axis",
        file=f"{ROOM}.llskm",
        old="nn.AdaptiveAvgPool2d(1),",
        new="nn.AdaptiveAvgPool2d((1, None)),",
        truth="the mean is taken over each column alone: an attention for each column, not for the whole map",
        places=(
            "contrast*.0.attn.avg_channel.1",
            "contrast*.0.attn.avg_channel.0",
            "contrast*.0.attn.avg_channel",
            "contrast*.0.attn",
        ),
        why="the pool, the convolution that takes its result, or what holds them",
        says=(
            r"\bax[ei]s\b",
            r"\bdim(s|ensions?)?\b",
            r"\bcolumns?\b",
            r"\bwidth\b",
            r"\bheight\b",
            r"\bsides?\b",
            "output_size",
            r"\bNone\b",
            r"\bshapes?\b",
            r"\bover \(?-?[0-3]\b",
        ),
    ),
    FPN(
        name="b6_l2_shortcut_pooled",
        kind="mean for a stride",
        file=f"{ROOM}.blocks",
        old="nn.Conv2d(inputs, outputs, 1, stride, bias=False),",
        new="nn.Conv2d(inputs, outputs, 1, bias=False),",
        more=(
            ("        self.shortcut = None\n", "        self.shortcut, self.stride = None, stride\n"),
            (
                "else self.shortcut(x)\n",
                "else self.shortcut(functional.avg_pool2d(x, self.stride))\n",
            ),
            ("import nn\n", "import functional, nn\n"),
        ),
        truth="the shortcuts average 2x2 pixels, as in a later ResNet; they should take every second pixel",
        places=(
            "layer?.0/avg_pool2d.?",
            "layer?.0.shortcut.0",
            "layer?.0.shortcut",
            "layer?.0/add.0",
            "layer?.0",
        ),
        why="a pool too much before the convolution: it, the layer, its container, the sum, or the block",
        says=("pool", r"\baverag", r"\bmean\b", r"\bstrid", r"\bhalved?\b|\bsmaller\b"),
    ),
    UNET(
        name="b6_l2_pool_after_block",
        kind="pool behind a block",
        file=f"{ROOM}.unet",
        old="level2 = self.Conv3(self.Maxpool2(level1))",
        new="level2 = self.Maxpool2(self.Conv3(level1))",
        truth="the third level's convolutions run before its pool, on the large map, not after it",
        places=("Maxpool2", "Conv3", "Conv3.*", "Maxpool3", "contrast2*", "(model)"),
        why="pool and block have changed places: either, what takes the level's map, or the model",
        says=(
            r"\border\b",
            r"\b(before|after)\b",
            "exchang",
            "swap",
            r"\bmoved\b",
            "changed places|other way round",
            r"\bMaxpool2\b",
            r"\bConv3\b",
            r"\bnot (pooled|halved)\b",
        ),
    ),
    FORK_FPN(
        name="b6_l2_centres_added",
        kind="sum for product of weights",
        file=f"{ROOM}.llskm",
        old="centre = row.weight[:, :, :, middle : middle + 1] * column.weight",
        new="centre = row.weight[:, :, :, middle : middle + 1] + column.weight",
        truth="the middle entries of row and column are added, not multiplied",
        places=("contrast*.0/mul.?", "contrast*.0/add.?", "contrast*.0/conv2d.1", "contrast*.0"),
        why="a sum stands in the place of the product: either, the call that takes it, or the module",
        says=(
            r"\b(place|instead) of\b.{0,40}\b(mul|product|multiplication)\b",
            r"\b(missing|skip(s|ped)?|never|not called|not run|does not run|left out)\b",
            r"\badd(s|ed|ition)?(\.\d)?\b(?! -?[\d.])",
            r"\bplus\b(?! -?[\d.])",
            r"\bsum of\b",
            r"\+",
        ),
    ),
    FPN(
        name="b6_l2_padded_to_a_multiple",
        kind="input padded to a multiple",
        file=f"{ROOM}.fpn",
        old="        level0 = self.layer0(image)\n",
        new="        height, width = image.shape[2:]\n"
        "        image = functional.pad(image, (0, -width % 32, 0, -height % 32))\n"
        "        level0 = self.layer0(image)\n",
        more=(
            (
                "return functional.sigmoid(self.head(decoded))",
                "return functional.sigmoid(self.head(decoded))[:, :, :height, :width]",
            ),
        ),
        truth="the image is padded by zeros to a multiple of 32 (40 to 64), and the result is cropped",
        places=("(model)/pad.?", "(model)/getitem.?", "layer0", "layer0.0", "layer0.0.*", "(model)"),
        why="the first layer is given another image: the padding, the first block, its layers, the model",
        says=(
            r"\bpad(ded|ding|s)?(\.\d)?\b",
            r"\bmultiple\b",
            r"\bborders?\b",
            r"\bcrop",
            r"\b(size|sizes|shape|shapes|height|width)\b.*\b64\b",
            r"\b64\b.*\b(size|sizes|shape|shapes|height|width)\b",
            r"\b64 ?x ?64\b|\b64, ?64\b",
            r"\b(enlarged|larger)\b",
        ),
        size=(40, 40),
    ),
    MORPHOLOGY(
        name="b6_l2_sigmoid_by_tanh",
        kind="sigmoid written by another function",
        file=f"{ROOM}.morphology",
        old="functional.sigmoid(self.threshold)",
        new="(0.5 + 0.5 * functional.tanh(self.threshold))",
        truth="the sigmoid is written by a tanh whose argument is not halved: the sigmoid of twice as much",
        places=(
            f"{FADING}/sigmoid.?",
            f"{FADING}/tanh.?",
            f"{FADING}/mul.?",
            f"{FADING}/add.?",
            f"{FADING}/radd.?",
            f"{FADING}/sub.?",
            FADING,
        ),
        why="other operations stand in the place of the sigmoid: any of them, what takes it, or the module",
        says=(
            r"\b(missing|never|not called|does not run|fewer)\b",
            r"\btanh",
            "hyperbolic",
            r"\btwice\b",
            r"\bdoubl",
            r"\btimes 2(\.0+)?(?!\.?\d)",
            r"(?<![\w.])2(\.0+)? ?(times|\*)",
            r"\bhalved?\b",
        ),
    ),
    MORPHOLOGY_FPN(
        name="b6_l2_sharpness_not_undone",
        kind="scale not undone",
        file=f"{ROOM}.morphology",
        old="reduce.logsumexp(SHARPNESS * x, (2, 3), keepdim=True) / SHARPNESS",
        new="reduce.logsumexp(SHARPNESS * x, (2, 3), keepdim=True)",
        truth="the smooth maximum is not divided by its sharpness again: it is ten times too large",
        places=(
            f"{FADING}/logsumexp.0",
            f"{FADING}/div.?",
            f"{FADING}/mul.?",
            f"{FADING}/sub.?",
            FADING,
        ),
        why="the division is missing: its place, what it takes, what takes its result, or the module",
        says=(
            r"\bdiv(\.\d)?\b",
            r"\bdivi(d|s)",
            r"(?<!e-)(?<![\w.])10(\.0+)?(?!\.?\d)",
            r"(?<![\d.])0?\.10*\b",
            r"\bten\b|\btenth\b",
            "sharpness",
            r"\b(missing|skip(s|ped|ping)?|without|does not run|not called|never)\b",
            r"\blogsumexp\b",
        ),
    ),
    MORPHOLOGY(
        name="b6_l2_upper_end_for_width",
        kind="upper end for the width of a range",
        file=f"{ROOM}.morphology",
        old="beta = 5.0 + 45.0 * functional.sigmoid(self.beta_raw)",
        new="beta = 5.0 + 50.0 * functional.sigmoid(self.beta_raw)",
        truth="beta goes from 5 to 55: the sigmoid is multiplied by the upper end (50), not the width (45)",
        places=(
            f"{MEDIAN}/mul.?",
            f"{MEDIAN}/rmul.?",
            f"{MEDIAN}/add.?",
            f"{MEDIAN}/neg.?",
            f"{MEDIAN}/softmax.0",
            MEDIAN,
        ),
        why="the product in the beginning, what takes its result, or the module",
        says=(
            r"(?<![\w.])(50|45|55)(\.0+)?(?!\.?\d)",
            r"\b1\.11",
            r"\bconstants?\b",
            r"\b(an)?other number\b",
        ),
    ),
    MORPHOLOGY_FPN(
        name="b6_l2_near_the_pixel",
        kind="another centre of a distance",
        file=f"{ROOM}.morphology",
        old="patches - reduce.mean(patches, 2, keepdim=True)",
        new="patches - x.unsqueeze(2)",
        truth="the distance is that to the window's middle pixel, as of a bilateral filter, not to its mean",
        places=(
            f"{MEDIAN}/mean.?",
            f"{MEDIAN}/unsqueeze.?",
            f"{MEDIAN}/sub.?",
            f"{MEDIAN}/abs.?",
            f"{MEDIAN}/mul.?",
            MEDIAN,
        ),
        why="the mean is not taken: its place, the difference that takes another operand, or the module",
        says=(
            r"\b(own|its|the module's) input\b",
            r"\binput of (max_median|the module)\b",
            "unsqueez",
            r"\bcent(re|er)\b|\bmiddle\b",
            r"\bpixels?\b",
            r"\bstage1_fusion\b",
            r"\b(missing|skip(s|ped|ping)?|without|does not run|not called|never)\b",
            r"\bin(stead of| (the )?place of)\b.*\bmean\b",
            r"\b(operand|in\.1|second input)\b.*\bx\b",
        ),
    ),
    MORPHOLOGY(
        name="b6_l2_rectified_too_early",
        kind="bracket closed too early",
        file=f"{ROOM}.morphology",
        old="return functional.relu(self.scale * (x - opened) + self.bias)",
        new="return self.scale * functional.relu(x - opened) + self.bias",
        truth="the difference is rectified before scale and bias, not after them: results may be negative",
        places=(
            f"{TOP_HAT}/relu.0",
            f"{TOP_HAT}/sub.?",
            f"{TOP_HAT}/mul.?",
            f"{TOP_HAT}/add.?",
            TOP_HAT,
            f"{NET}/cat.0",
        ),
        why="the rectifier has moved: it, the operations it has passed, the module, or who takes the result",
        says=(
            r"\border\b",
            r"\b(before|after)\b",
            "exchang",
            "swap",
            r"\bmoved\b",
            "changed places|other way round",
            r"bracket|parenthes",
            r"\b(missing|skip(s|ped|ping)?|without|does not run|not called|never)\b",
            r"\bnot rectified\b",
            r"\bnegative\b",
        ),
    ),
    MORPHOLOGY(
        name="b6_l2_prepared_afterwards",
        kind="prepared behind the branches",
        file=f"{ROOM}.contrast",
        old="""        if self.morphology and level < DEEPEST:
            features = getattr(self, f"morphology_net_{level}")(features)
        first, *others = (getattr(self, name) for name in branch_names(level))
        total = first(features)
        for branch in others:
            total = total + branch(features)
""",
        new="""        first, *others = (getattr(self, name) for name in branch_names(level))
        total = first(features)
        for branch in others:
            total = total + branch(features)
        if self.morphology and level < DEEPEST:
            total = getattr(self, f"morphology_net_{level}")(total)
""",
        truth="the morphology runs on the sum of the branches, not on the map that they are given",
        places=(
            NET,
            f"{NET}.*",
            f"{NET}/*",
            "contrast?_?",
            "contrast?_?.*",
            "contrConV_?",
            "contrConV_?.0",
            "(model)/add.?",
            "(model)",
        ),
        why="morphology and branches have changed places: either, the sums, what takes them, or the model",
        says=(
            r"\border\b",
            r"\b(before|after)\b",
            "exchang",
            "swap",
            r"\bmoved\b",
            "changed places|other way round",
            r"\bmorphology_net_\d\b",
            r"\bcontrast\d",
            r"\badd\.\d\b",
            r"\bConv[123]\b",
        ),
    ),
    UNET(
        name="b6_l2_taken_for_logits",
        kind="probabilities taken for logits",
        file=f"{ROOM}.loss",
        old="    intersection = reduce.sum(probability * mask)",
        new="    probability = functional.sigmoid(probability)\n"
        "    intersection = reduce.sum(probability * mask)",
        more=(("torchlike import reduce", "torchlike import functional, reduce"),),
        truth="the loss takes the probabilities for logits: it applies a sigmoid to them once more",
        places=LOSS,
        says=("sigmoid", "logistic", "logit"),
        mode="train",
        batch=2,
    ),
    MORPHOLOGY(
        name="b6_l2_fixed_kernel_learns",
        kind="fixed weights that learn",
        file=f"{ROOM}.morphology",
        old="np.tile(kernel, (channels, 1, 1, 1)), requires_grad=False)",
        new="np.tile(kernel, (channels, 1, 1, 1)))",
        truth="the fixed kernels are trained: they have gradients that the reference does not have",
        places=(
            f"{EDGES}.gaussian",
            f"{EDGES}.laplacian",
            f"{EDGES}.gaussian.weight",
            f"{EDGES}.laplacian.weight",
            EDGES,
            f"grad:{EDGES}.*",
        ),
        why="the layers whose weights they are, what holds these, or the gradients themselves",
        says=(
            r"\bgradients?\b.*\b(only|alone|extra)\b",
            r"\bhas (a|its own) gradient\b",
            r"\bnot (fixed|stopped|constant)\b",
            "(torch|reference) has no gradient",
            r"\bno gradient\b",
            "frozen|freez",
            "not detached",
            r"\blearn",
            r"\btrain(ed|able|s)\b",
            "requires_grad",
            r"stop_?grad",
        ),
        mode="train",
        batch=2,
    ),
    FPN(
        name="b6_l2_one_by_one",
        kind="samples run one by one",
        file=f"{ROOM}.fpn",
        old="level0 = self.layer0(image)",
        new="level0 = jt.concat([self.layer0(image[one : one + 1]) for one in range(len(image))], 0)",
        more=(
            ("from jittor import Var as Tensor\n", "import jittor as jt\nfrom jittor import Var as Tensor\n"),
        ),
        truth="layer0 runs once for each sample: its norms take each sample's statistics, not the batch's",
        places=(
            "layer0",
            "layer0.*",
            "layer1",
            "layer1.0",
            "layer1.0.body",
            "layer1.0.body.0",
            "layer1.0.shortcut",
            "layer1.0.shortcut.0",
            "contrast0_?.0*",
            "(model)/cat.?",
            "(model)/getitem.?",
            "(model)",
        ),
        why="the layers run twice, on half of the batch each: they, what takes their result, or the model",
        says=(
            r"\bbatch(es)?\b",
            r"\bsamples?\b",
            r"\bone by one\b|\bone at a time\b",
            r"\bstatistic",
            r"\btwice\b",
            r"\b(2|two|more) (calls|times|runs)\b",
            r"\b(second|another|extra|further|more) (call|run|time)",
            r"\b(more|too) often\b",
            r"\bslice|\bsplit|\bindex",
            r"\bconcat|\bcat(\.\d)?\b",
        ),
        mode="train",
        batch=2,
    ),
)
