"""torch.nn.functional in Jittor."""

from __future__ import annotations

from ports_jittor.torchlike.activation import (
    elu,
    gelu,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    log_softmax,
    logsigmoid,
    mish,
    relu,
    relu6,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from ports_jittor.torchlike.conv import conv2d, conv_transpose2d
from ports_jittor.torchlike.dropout import dropout, dropout2d
from ports_jittor.torchlike.linear import linear
from ports_jittor.torchlike.loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    kl_div,
    l1_loss,
    mse_loss,
    nll_loss,
    smooth_l1_loss,
)
from ports_jittor.torchlike.norm import channel_layer_norm, group_norm, layer_norm
from ports_jittor.torchlike.padding import pad
from ports_jittor.torchlike.pooling import adaptive_avg_pool2d, adaptive_max_pool2d, avg_pool2d, max_pool2d
from ports_jittor.torchlike.resize import interpolate
from ports_jittor.torchlike.shuffle import pixel_shuffle, pixel_unshuffle
from ports_jittor.torchlike.unfold import unfold
from ports_jittor.torchlike.vector import cosine_similarity, normalize

__all__ = [
    "adaptive_avg_pool2d",
    "adaptive_max_pool2d",
    "avg_pool2d",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "channel_layer_norm",
    "conv2d",
    "conv_transpose2d",
    "cosine_similarity",
    "cross_entropy",
    "dropout",
    "dropout2d",
    "elu",
    "gelu",
    "group_norm",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "interpolate",
    "kl_div",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "log_softmax",
    "logsigmoid",
    "max_pool2d",
    "mish",
    "mse_loss",
    "nll_loss",
    "normalize",
    "pad",
    "pixel_shuffle",
    "pixel_unshuffle",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "tanh",
    "unfold",
]
