"""More mistakes of whoever ports L2SKNet."""

from __future__ import annotations

from functools import partial

from tests.mutants.blind.mistake import Blind

UNET = partial(Blind, pair="l2sknet", variant="L2SKNet_UNet", size=(32, 32))
FPN = partial(UNET, variant="L2SKNet_FPN")
ROWS = partial(UNET, variant="L2SKNet_1D_UNet")
MORPHOLOGY = partial(UNET, variant="L2SKNet_UNet_morphology", size=(48, 48))
ROOM = "ports_jittor.l2sknet"
LOSS = ("(loss)",)

SECOND_L2SKNET = (
    UNET(
        name="b2_l2_dilation_forgotten",
        kind="dilation",
        file=f"{ROOM}.llskm",
        old="kernel, padding=padding, dilation=dilation, bias=False)",
        new="kernel, padding=kernel // 2, bias=False)",
        truth="the kernels are not dilated, and padded so that the size stays",
        places=("contrast*.0.conv",),
        says=("dilat",),
    ),
    UNET(
        name="b2_l2_attention_of_surroundings",
        kind="argument of a layer",
        file=f"{ROOM}.llskm",
        old="return saliency(x, self.conv(x), total, centre, self.attn(x))",
        new="surroundings = self.conv(x)\n"
        "        return saliency(x, surroundings, total, centre, self.attn(surroundings))",
        truth="the attention looks at what the kernel returns, not at the map itself",
        places=("contrast*.0.attn*", "contrast*.0"),
        why="the attention is given another map: it, its first layer, or the module that calls it",
        says=(r"\bconv\b", "surround"),
    ),
    UNET(
        name="b2_l2_sums_of_the_start",
        kind="computed too early",
        file=f"{ROOM}.llskm",
        old="""        self.attn = ChannelAttention(channels)

    def forward(self, x: Tensor) -> Tensor:
        middle = self.conv.kernel_size[0] // 2
        weight = self.conv.weight
        total = reduce.sum(weight, (2, 3), keepdim=True)
        centre = weight[:, :, middle : middle + 1, middle : middle + 1]
        return""",
        new="""        self.attn = ChannelAttention(channels)
        middle = self.conv.kernel_size[0] // 2
        weight = self.conv.weight
        total = reduce.sum(weight, (2, 3), keepdim=True)
        centre = weight[:, :, middle : middle + 1, middle : middle + 1]
        self.parts = total, centre

    def forward(self, x: Tensor) -> Tensor:
        total, centre = self.parts
        return""",
        truth="sum and centre are taken once in the constructor, of the weights before others are loaded",
        places=("contrast*.0/conv2d.?", "contrast*.0/sum.0", "contrast*.0"),
        why="the weights of both calls are stale: the calls, the sum that is not taken there, or the module",
        says=("weight", "stale", "initial", "constructor", "loaded"),
    ),
    UNET(
        name="b2_l2_refined_goes_down",
        kind="refined too early",
        file=f"{ROOM}.unet",
        old="        level2 = self.Conv3(self.Maxpool2(level1))",
        new="        skip0, skip1 = self.refine(0, level0), self.refine(1, level1)\n"
        "        level2 = self.Conv3(self.Maxpool2(skip1))",
        more=(
            (
                "skip0, skip1, skip2 = self.refine(0, level0), self.refine(1, level1), "
                "self.refine(2, level2)",
                "skip2 = self.refine(2, level2)",
            ),
        ),
        truth="the encoder goes on from the refined map of level 1, not from its own",
        places=("Maxpool2", "(model)"),
        why="the pool is given another map by the model",
        says=(r"contrConV_1", "refine"),
    ),
    ROWS(
        name="b2_l2_kernels_composed",
        kind="matrix product for entry-wise product",
        file=f"{ROOM}.llskm",
        old="total = reduce.sum(row.weight, (2, 3), keepdim=True)"
        " * reduce.sum(column.weight, (2, 3), keepdim=True)",
        new="rows, columns = (reduce.sum(one.weight, (2, 3)) for one in (row, column))\n"
        "    total = (columns @ rows).unsqueeze(2).unsqueeze(3)",
        truth="the total is the matrix product of both sums, not their entry-wise product",
        places=(
            "contrast*.0/mul.?",
            "contrast*.0/sum.?",
            "contrast*.0/matmul.?",
            "contrast*.0/conv2d.0",
            "contrast*.0",
        ),
        why="the total is computed between the layers: its operations, or the call that is given it",
        says=("matmul", "matrix", "product", "weight"),
    ),
    ROWS(
        name="b2_l2_column_without_bias",
        kind="argument left out",
        file=f"{ROOM}.llskm",
        old="return saliency(x, column(row(x)), total, centre, attn(x))",
        new="surroundings = functional.conv2d(row(x), column.weight, padding=column.padding)\n"
        "    return saliency(x, surroundings, total, centre, attn(x))",
        truth="the column convolution is called as a function, without its bias",
        places=("contrast*.0.conv_nx1", "contrast*.0/conv2d.?", "contrast*.0/sub.0", "contrast*.0"),
        why="a call stands in the place of the layer: either, who takes its result, or their module",
        says=("bias",),
    ),
    FPN(
        name="b2_l2_stride_in_the_second",
        kind="stride",
        file=f"{ROOM}.blocks",
        old="nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False),",
        new="nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),",
        more=(
            (
                "nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),",
                "nn.Conv2d(outputs, outputs, 3, stride, padding=1, bias=False),",
            ),
        ),
        truth="the second convolution of a block has the stride, not the first one",
        places=tuple(f"layer{level}.0.body.{place}" for level in (1, 2, 3) for place in (0, 3)),
        why="the strides of both are wrong",
        says=("strid",),
    ),
    FPN(
        name="b2_l2_logits_returned",
        kind="missing call",
        file=f"{ROOM}.fpn",
        old="return functional.sigmoid(self.head(decoded))",
        new="return self.head(decoded)",
        truth="logits are returned: the sigmoid at the end is missing",
        places=("(model)/sigmoid.0", "(model)"),
        why="the call is missing: its place, or the model that returns another result",
        says=("sigmoid", "logit", "skip(ped|ping)", "without", "missing", "never", "not called"),
    ),
    FPN(
        name="b2_l2_sizes_doubled",
        kind="size by a factor",
        file=f"{ROOM}.fpn",
        old="size=tuple(other.shape[2:])",
        new="scale_factor=2",
        truth="maps are enlarged by two, not to the other map's size: 5 becomes 10, where 9 is wanted",
        places=("(model)/interpolate.0", "fuse32*", "(model)"),
        why="it stops where maps of 10 and of 9 are added: there, or where the size is wrong",
        says=("scale_factor", r"\b10\b", "size", "shape"),
        size=(36, 36),
    ),
    MORPHOLOGY(
        name="b2_l2_closing",
        kind="calls nested the other way round",
        file=f"{ROOM}.morphology",
        old="opened = max_pool(min_pool(x, self.window), self.window)",
        new="opened = min_pool(max_pool(x, self.window), self.window)",
        truth="the map is closed, not opened: the maximum is taken before the minimum",
        places=("morphology_net_*.multi_tophat.*",),
        why="all of it happens within the top-hats: pools and negations have changed places",
        says=("order", "before", "after", "exchang", "swap", "closing|closed", "sign", "negat", r"\bneg\b"),
    ),
    MORPHOLOGY(
        name="b2_l2_threshold_raw",
        kind="parameter as it is stored",
        file=f"{ROOM}.morphology",
        old="(x - functional.sigmoid(self.threshold) * peak)",
        new="(x - self.threshold * peak)",
        truth="the threshold is taken as it is stored, without the sigmoid",
        places=(
            "morphology_net_*.threshold/sigmoid.?",
            "morphology_net_*.threshold/mul.?",
            "morphology_net_*.threshold/sub.0",
            "morphology_net_*.threshold",
        ),
        why="the sigmoid is missing: its place, those after it, or the module",
        says=("sigmoid", "skip(ped|ping)", "without", "missing", r"\braw\b"),
    ),
    MORPHOLOGY(
        name="b2_l2_windows_outer",
        kind="layout of unfold",
        file=f"{ROOM}.morphology",
        old="patches.reshape(*x.shape[:2], WINDOW * WINDOW, *x.shape[2:])",
        new="patches.reshape(x.shape[0], WINDOW * WINDOW, *x.shape[1:]).permute(0, 2, 1, 3, 4)",
        truth="the places of a window are taken as the outer, the channels as the inner part of the columns",
        places=("morphology_net_*.max_median/*", "morphology_net_*.max_median"),
        why="the first operations of the smooth median take what is reshaped",
        says=("permut", "transpos", "reshape", "interleav", "layout", "axes"),
    ),
    MORPHOLOGY(
        name="b2_l2_morphology_of_two",
        kind="off by one",
        file=f"{ROOM}.contrast",
        old="if self.morphology and level < DEEPEST:",
        new="if self.morphology and level < DEEPEST - 1:",
        truth="the map of level 2 is not prepared: morphology_net_2 is not called",
        places=("morphology_net_2*", "contrast2_?*", "(model)"),
        why="the network is not called: its place, or the branches that are given the map as it is",
        says=("morphology", "skip(ped|ping)", "without", "missing", "never", "not called", r"\bConv3\b"),
    ),
    UNET(
        name="b2_l2_loss_of_each_image",
        kind="mean of quotients",
        file=f"{ROOM}.loss",
        old="""    intersection = reduce.sum(probability * mask)
    union = reduce.sum(probability) + reduce.sum(mask) - intersection
    return 1.0 - (intersection + SMOOTHING) / (union + SMOOTHING)""",
        new="""    axes = (1, 2, 3)
    intersection = reduce.sum(probability * mask, axes)
    union = reduce.sum(probability, axes) + reduce.sum(mask, axes) - intersection
    return reduce.mean(1.0 - (intersection + SMOOTHING) / (union + SMOOTHING))""",
        truth="the mean of the images' losses, not the loss of the whole batch",
        places=LOSS,
        says=(r"(per|each|every) (image|sample)", "mean", r"\bdims?\b", r"\bax[ei]s\b", "over the batch"),
        mode="train",
    ),
    ROWS(
        name="b2_l2_union_of_squares",
        kind="square in a loss",
        file=f"{ROOM}.loss",
        old="reduce.sum(probability) + reduce.sum(mask)",
        new="reduce.sum(probability.sqr()) + reduce.sum(mask)",
        truth="the union has the squares of the probabilities, as some forms of the loss have them",
        places=LOSS,
        says=("squar", r"\bsqr", r"\bpow", "exponent", "itself"),
        mode="train",
    ),
    FPN(
        name="b2_l2_channels_dropped",
        kind="another dropout",
        file=f"{ROOM}.blocks",
        old="nn.Dropout(0.1)",
        new="nn.Dropout2d(0.1)",
        truth="whole channels are dropped, not single elements",
        places=("head.block.3",),
        says=("Dropout2d", "whole", r"(each|per|by|of|entire|all) (a )?channels?", "element"),
        mode="train",
    ),
)
