"""Mistakes as they are made in ports: which network makes them, the true cause in words, and the true place.

`places` are globs: every source that is told must lie at one of them. `says` are patterns of which a right
explanation holds one. They were written before the hypotheses; every third one is held back: nobody looked at
how it is explained while hypotheses were written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Ported:
    """One mistake."""

    network: str
    name: str
    family: str
    truth: str
    places: tuple[str, ...]
    says: tuple[str, ...]
    mode: Literal["eval", "train"] = "eval"


ENCODER, RECURRENT, DETECTOR, SEGMENTER, ATTENTIVE = (
    "encoder",
    "recurrent",
    "detector",
    "segmenter",
    "attentive",
)
LOSS = ("(loss)",)
TRAIN: Literal["train"] = "train"
_TAKES = ("first.attention", "first.attention/*")

MISTAKES = (
    # Another recorded tensor.
    Ported(ENCODER, "skip_after_norm", "tensor", "the skip is taken behind the norm, not before it",
           ("first/add.0",), (r"first\.norm1#0:out",)),
    Ported(DETECTOR, "other_level", "tensor", "the level below is taken from side4, not from the sum",
           ("(model)/interpolate.1",), (r"side4#0:out",)),
    Ported(DETECTOR, "head_on_backbone", "tensor", "the head is put on the backbone, not on the pyramid",
           ("boxes",), (r"c3(\.act)?#0:out",)),
    Ported(SEGMENTER, "skip_after_mix", "tensor", "the skip goes through the mixing convolution",
           ("(model)/cat.0", "mix"), (r"mix",)),
    Ported(SEGMENTER, "deep_for_skip", "tensor", "the grown tensor is joined with itself, not with the skip",
           ("(model)/cat.1",), (r"relu\.0#0:out", r"input number 0", r"input 0")),
    Ported(ENCODER, "value_is_key", "tensor", "the values are the keys",
           ("first.attention/matmul.1",), (r"matmul\.0#0:in\.1", r"slice|part|chunk")),
    Ported(RECURRENT, "cell_for_hidden", "tensor", "the last step of the layer before is read",
           ("head",), (r"rnn#0:out", r"lstm#0:in")),
    # A producer is skipped, or another kind of layer stands there.
    Ported(ENCODER, "norm_skipped", "producer", "the norm before the attention is skipped",
           ("first.attention.qkv", "first.attention", "first"), (r"norm1.*(missing|skipped|left out)", r"norm1#0:in")),
    Ported(ENCODER, "last_norm_missing", "producer", "the last norm is missing",
           ("(model)/mean.0", "norm"), (r"norm .*(missing|skipped|left out)", r"norm#0:in")),
    Ported(DETECTOR, "side_skipped", "producer", "the side convolution is skipped",
           ("(model)/interpolate.0",), (r"side5.*(missing|skipped|left out)", r"side5#0:in")),
    Ported(DETECTOR, "act_missing", "producer", "the activation is missing",
           ("boxes", "scores", "act"), (r"act .*(missing|skipped|left out)", r"act#0:in", r"add\.1#0:out")),
    Ported(ATTENTIVE, "mean_for_largest", "producer", "the mean is pooled, not the largest",
           ("channels.largest",), (r"AdaptiveAvg", r"mean")),
    Ported(SEGMENTER, "mean_pool", "producer", "the mean is pooled, not the largest",
           ("pool",), (r"AvgPool", r"mean")),
    Ported(ENCODER, "mask_missing", "producer", "the mask is not applied",
           ("first.attention/softmax.0", "first.attention/where.0"), (r"where.*(missing|skipped|left out)", r"where\.0#0:in")),
    Ported(ENCODER, "second_skip_missing", "producer", "the second skip is missing",
           ("first/add.1", "second*", "first"), (r"narrow#0:out", r"missing", r"add\.1.*(skipped|left out)")),
    Ported(SEGMENTER, "mix_without_relu", "producer", "the activation behind the mixing is missing",
           ("(model)/cat.1", "(model)/relu.0"), (r"relu.*(missing|skipped|left out)", r"relu\.0#0:in")),
    # Another module or parameter of the same shape.
    Ported(ENCODER, "norms_exchanged", "parameter", "the first norm is used twice, the second never",
           ("first.norm2", "first.norm1", "first.widen"), (r"norm1",)),
    Ported(ENCODER, "module_of_other_block", "parameter", "the projection of the other block is used",
           ("first.attention.project", "first.attention", "second.attention.project", "first/add.0"),
           (r"second\.attention\.project",)),
    Ported(ATTENTIVE, "beta_for_gamma", "parameter", "beta is taken for gamma",
           ("(model)/mul.1", "(model)/mul.*"), (r"beta",)),
    Ported(ATTENTIVE, "mixing_transposed", "parameter", "the weight of a function is transposed",
           ("(model)/linear.0",), (r"mixing.*transposed", r"transposed")),
    Ported(ATTENTIVE, "weight_as_it_is", "parameter", "the weight is not standardised",
           ("(model)/conv2d.0",), (r"\bweight\b.*as it is", r"parameter weight",)),
    # Two attributes together, or one that the catalogue had no value for.
    Ported(SEGMENTER, "padding_and_dilation", "attributes", "padding and dilation are 1, not 2",
           ("down2.conv",), (r"padding.*dilation|dilation.*padding",)),
    Ported(SEGMENTER, "groups_of_norm", "attributes", "the norm has four groups, not two",
           ("down2.norm",), (r"num_groups=4",)),
    Ported(SEGMENTER, "instance_norm", "attributes", "each channel is normed alone",
           ("down2.norm",), (r"num_groups=8",)),
    Ported(ENCODER, "eps_of_every_norm", "attributes", "eps of the block's norms is 1e-3",
           ("first.norm1", "first.norm2"), (r"eps=0\.001",)),
    # Layouts.
    Ported(ENCODER, "heads_interleaved", "layout", "heads are interleaved",
           ("first.attention/matmul.*", "first.attention"), (r"reshap|interleav|permut|axes",)),
    Ported(ENCODER, "reshape_without_permute", "layout", "heads come by a reshape without the permutation",
           ("first.attention/matmul.*", "first.attention"), (r"reshap|interleav|permut|axes",)),
    Ported(ENCODER, "merge_without_permute", "layout", "heads are merged without the permutation",
           ("first.attention.project",), (r"reshap|permut|axes",)),
    Ported(DETECTOR, "flat_without_permute", "layout", "boxes are reshaped without the permutation",
           ("(model)",), (r"reshap|permut|axes",)),
    Ported(SEGMENTER, "shuffle_by_reshape", "layout", "the channels of the shuffle are split in another order",
           ("(model)/pixel_shuffle.0", "(model)/cat.0"), (r"reshap|permut|axes|channels in the order",)),
    Ported(ATTENTIVE, "groups_of_shuffle", "layout", "channels are shuffled in groups of another size",
           ("(model)/mul.*",), (r"reshap|permut|axes|channels in the order",)),
    Ported(ATTENTIVE, "spatial_transposed", "layout", "height and width are exchanged",
           ("(model)/abs.0", "(model)/permute*", "head"), (r"transposed|axes|permut",)),
    Ported(RECURRENT, "begin_without_permute", "layout", "the first state is reshaped, not permuted",
           ("gru",), (r"reshap|permut|axes",)),
    Ported(RECURRENT, "directions_exchanged", "layout", "the two directions are exchanged",
           ("rnn",), (r"halves|order|rolled|exchanged",)),
    Ported(RECURRENT, "read_backwards", "layout", "the sequence is read backwards",
           ("gru",), (r"opposite order|backwards|flipped|reversed",)),
    # Reductions.
    Ported(ENCODER, "max_over_tokens", "reduction", "the largest over tokens, not the mean",
           ("head", "(model)/mean.0", "(model)/max.0", "(model)/amax.0"), (r"\bmax|largest",)),
    Ported(ENCODER, "sum_over_tokens", "reduction", "the sum over tokens, not the mean",
           ("head", "(model)/mean.0", "(model)/sum.0"), (r"\bsum\b", r"times 6")),
    Ported(ATTENTIVE, "least_for_largest", "reduction", "the least over channels, not the largest",
           ("space/*",), (r"\bmin|least|smallest",)),
    Ported(ATTENTIVE, "axis_of_weight_missing", "reduction", "mean and variance are taken over two of three axes",
           ("(model)/mean.0", "(model)/var.0"), (r"\(1, 2\)|\[1, 2\]|axes 1 and 2",)),
    Ported(ATTENTIVE, "unbiased", "reduction", "the variance is divided by n - 1",
           ("(model)/var.0",), (r"unbiased=True", r"n - 1")),
    # Places of numbers: clamp, eps, temperature, exponent.
    Ported(ATTENTIVE, "clamp_bound", "number", "the upper bound is 4",
           ("(model)/clamp.0",), (r"\b4\b", r"max=4")),
    Ported(ATTENTIVE, "eps_outside_root", "number", "eps is added outside of the root",
           ("(model)/sqrt.*", "(model)/add.*", "(model)/div.*"), (r"(outside|after|behind).*(root|sqrt)", r"order of .*(add|sqrt)")),
    Ported(ATTENTIVE, "root_missing", "number", "the root is missing",
           ("(model)/div.*", "(model)/sqrt.*"), (r"sqrt.*(missing|skipped|left out)", r"sqrt\.\d#0:in")),
    Ported(ATTENTIVE, "eps_larger", "number", "eps is 0.1, not 0.01",
           ("(model)/add.*",), (r"0\.1\b",)),
    Ported(ENCODER, "scale_of_whole_width", "number", "scores are divided by the root of the whole width",
           ("first.attention/div.0",), (r"\b4(\.0)?\b", r"times 0\.5")),
    Ported(ENCODER, "embedding_scaled", "number", "embeddings are multiplied by the root of the width",
           ("embed", "(model)/add.0"), (r"times 4\b",)),
    Ported(ATTENTIVE, "temperature_divides", "number", "the temperature divides",
           ("(model)", "(model)/mul.*", "(model)/div.*"), (r"times 4\b", r"divi")),
    Ported(ATTENTIVE, "other_power", "number", "the exponent is 3",
           ("(model)/pow.0",), (r"\b3(\.0)?\b",)),
    # Order of neighbours, other functions.
    Ported(DETECTOR, "act_before_norm", "order", "the activation comes before the norm",
           ("c4*",), (r"order of|before", )),
    Ported(DETECTOR, "act_before_add", "order", "the activation comes before the addition",
           ("act", "(model)/add.1", "boxes", "scores"), (r"order of|before",)),
    Ported(SEGMENTER, "resize_after_mix", "order", "the resize comes after the mixing",
           ("mix", "(model)/interpolate.0", "(model)/relu.0", "(model)/cat.1"), (r"order of|before",)),
    Ported(ATTENTIVE, "attentions_exchanged", "order", "the attentions come in another order",
           ("channels*", "space*", "(model)"), (r"order of|before|channels", )),
    Ported(DETECTOR, "subtracted", "function", "a difference stands for the sum",
           ("(model)/add.1", "(model)/sub.0", "act"), (r"sub|minus|times -1|difference",)),
    Ported(DETECTOR, "exp_for_softplus", "function", "exp stands for softplus",
           ("(model)/softplus.0", "(model)/exp.0", "output:0"), (r"\bexp\b|exponential",)),
    Ported(ATTENTIVE, "softmax_for_sigmoid", "function", "softmax stands for sigmoid",
           ("channels/*",), (r"softmax",)),
    Ported(ATTENTIVE, "gate_added", "function", "the gate is added, not multiplied",
           ("channels/*", "channels"), (r"\badd|\bsum\b|plus",)),
    Ported(ATTENTIVE, "largest_of_absolute", "function", "the largest of absolute values",
           ("space/*",), (r"\babs",)),
    Ported(ATTENTIVE, "abs_kept_sign", "function", "the square keeps its sign",
           ("head", "(model)/*"), (r"\bsign|abs",)),
    Ported(ENCODER, "softmax_over_queries", "function", "softmax runs over the queries",
           ("first.attention/softmax.0",), (r"dim=-2|dim=2",)),
    # Indices.
    Ported(ENCODER, "position_off_by_one", "index", "positions begin at 1",
           ("(model)/add.0",), (r"position.*\b(1|one)\b",)),
    Ported(ENCODER, "first_token", "index", "the first token is taken, not the mean",
           ("head",), (r"(index|number|position|step) 0|first",)),
    Ported(RECURRENT, "first_step", "index", "the first step is read, not the last",
           ("head",), (r"(index|number|position|step) 0|first",)),
    Ported(RECURRENT, "step_before_last", "index", "the step before the last one is read",
           ("head",), (r"(index|number|position|step) (-2|5)|before the last",)),
    Ported(SEGMENTER, "padded_short", "index", "the last column is cut, and one is padded in front",
           ("head",), (r"shifted|column|moved",)),
    # Recurrent layers and arguments.
    Ported(RECURRENT, "time_first", "recurrent", "batch_first is False",
           ("rnn",), (r"batch_first=False",)),
    Ported(RECURRENT, "relu_in_rnn", "recurrent", "the nonlinearity is relu",
           ("rnn",), (r"nonlinearity=relu",)),
    Ported(RECURRENT, "begin_missing", "recurrent", "the first state is not given",
           ("gru",), (r"(without|missing|no).*(input|argument|state)", r"zero")),
    Ported(RECURRENT, "gates_in_another_order", "recurrent", "the gates come in another order",
           ("lstm",), (r"gates|blocks|quarters",)),
    # Gradients.
    Ported(ENCODER, "value_detached", "gradient", "the values are detached",
           ("first.attention*",), (r"detached",), TRAIN),
    Ported(ATTENTIVE, "weight_detached", "gradient", "the mean of the weight is detached",
           ("(model)*",), (r"mean.*detached|detached.*mean",), TRAIN),
    Ported(ENCODER, "padding_idx", "gradient", "the embedding of the padding learns",
           ("embed",), (r"padding_idx",), TRAIN),
    # Losses.
    Ported(ENCODER, "label_smoothing", "loss", "labels are not smoothed", LOSS, (r"label_smoothing=0",), TRAIN),
    Ported(ENCODER, "entropy_summed", "loss", "the sum, not the mean", LOSS, (r"reduction=sum|\bsum\b",), TRAIN),
    Ported(RECURRENT, "absolute_for_square", "loss", "the absolute error, not the squared", LOSS, (r"l1_loss|abs",), TRAIN),
    Ported(RECURRENT, "square_summed", "loss", "the sum, not the mean", LOSS, (r"reduction=sum|\bsum\b",), TRAIN),
    Ported(RECURRENT, "square_halved", "loss", "half of it", LOSS, (r"times 0\.5",), TRAIN),
    Ported(DETECTOR, "plain_iou", "loss", "IoU, not generalised IoU", LOSS, (r"(sub|div)\.\d.*(missing|skipped|left out)",), TRAIN),
    Ported(DETECTOR, "union_counts_twice", "loss", "the shared part is not taken from the union", LOSS,
           (r"sub\.\d.*(missing|skipped|left out)",), TRAIN),
    Ported(DETECTOR, "iou_eps_missing", "loss", "no eps in the IoU", LOSS, (r"add\.\d.*(missing|skipped|left out|0 in place of 0.01)",), TRAIN),
    Ported(DETECTOR, "hull_is_inside", "loss", "the hull is the intersection", LOSS, (r"minimum",), TRAIN),
    Ported(DETECTOR, "divided_by_batch", "loss", "divided by the batch, not by the positives", LOSS, (r"div.*\b2\b|batch",), TRAIN),
    Ported(DETECTOR, "probability_for_logit", "loss", "the probability is taken for the logit", LOSS,
           (r"sigmoid",), TRAIN),
    Ported(DETECTOR, "gamma", "loss", "gamma is 1.5", LOSS, (r"1\.5",), TRAIN),
    Ported(DETECTOR, "gap_detached", "loss", "no gradient flows through the focal weight",
           ("(loss)", "scores", "output:1"), (r"detached",), TRAIN),
    Ported(DETECTOR, "alpha_missing", "loss", "alpha is missing", LOSS, (r"mul\.\d+.*(missing|skipped|left out)",), TRAIN),
    Ported(DETECTOR, "alpha_exchanged", "loss", "alpha is given to the other class", LOSS, (r"0\.25.*0\.75|0\.75.*0\.25|exchanged",), TRAIN),
    Ported(DETECTOR, "focal_mean", "loss", "the mean, not the sum over positives", LOSS, (r"\bmean\b",), TRAIN),
    Ported(DETECTOR, "beta", "loss", "beta is 0.5", LOSS, (r"beta=0\.5",), TRAIN),
    Ported(DETECTOR, "weight_of_term", "loss", "the weight of a term is 1", LOSS, (r"mul.*(\b1\b|missing|skipped|left out)",), TRAIN),
    Ported(SEGMENTER, "dice_over_batch", "loss", "sums run over the batch", LOSS, (r"\(0, 2, 3\)|\[0, 2, 3\]|axes 0",), TRAIN),
    Ported(SEGMENTER, "smooth_missing", "loss", "no smoothing", LOSS, (r"\b0\b.*in place of 1|smooth",), TRAIN),
    Ported(SEGMENTER, "sizes_squared", "loss", "sizes are sums of squares", LOSS, (r"squar",), TRAIN),
    Ported(SEGMENTER, "smooth_below_alone", "loss", "smoothing is missing above", LOSS, (r"add\.\d.*(missing|skipped|left out|\b0\b)",), TRAIN),
    Ported(SEGMENTER, "positive_weight", "loss", "positives have no weight", LOSS, (r"pos_weight",), TRAIN),
    Ported(ATTENTIVE, "ignore_index", "loss", "no class is ignored", LOSS, (r"ignore_index=-100",), TRAIN),
    Ported(ATTENTIVE, "class_weight", "loss", "classes have no weights", LOSS, (r"without.*weight|weight=None|no weight",), TRAIN),
)  # fmt: skip
HELD_BACK = frozenset(mistake.name for mistake in MISTAKES[2::3])
