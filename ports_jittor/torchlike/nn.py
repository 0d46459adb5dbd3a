"""torch.nn in Jittor: this project's parts where Jittor differs, Jittor's own where it agrees."""

from __future__ import annotations

from jittor.nn import Flatten, Identity, ParameterList

from ports_jittor.torchlike import functional
from ports_jittor.torchlike.activation import (
    ELU,
    GELU,
    Hardsigmoid,
    Hardswish,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    Mish,
    ReLU,
    ReLU6,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from ports_jittor.torchlike.containers import ModuleDict, ModuleList, Sequential
from ports_jittor.torchlike.conv import Conv2d, ConvTranspose2d
from ports_jittor.torchlike.dropout import Dropout, Dropout2d
from ports_jittor.torchlike.linear import Linear
from ports_jittor.torchlike.loss import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    KLDivLoss,
    L1Loss,
    MSELoss,
    SmoothL1Loss,
)
from ports_jittor.torchlike.module import Module
from ports_jittor.torchlike.norm import BatchNorm1d, BatchNorm2d, GroupNorm, LayerNorm, SyncBatchNorm
from ports_jittor.torchlike.padding import ConstantPad2d, ReflectionPad2d, ReplicationPad2d, ZeroPad2d
from ports_jittor.torchlike.pooling import AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d
from ports_jittor.torchlike.resize import Upsample, UpsamplingBilinear2d, UpsamplingNearest2d
from ports_jittor.torchlike.shuffle import PixelShuffle, PixelUnshuffle
from ports_jittor.torchlike.state import Parameter
from ports_jittor.torchlike.unfold import Unfold

__all__ = [
    "ELU",
    "GELU",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool2d",
    "AvgPool2d",
    "BCELoss",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "ConstantPad2d",
    "Conv2d",
    "ConvTranspose2d",
    "CrossEntropyLoss",
    "Dropout",
    "Dropout2d",
    "Flatten",
    "GroupNorm",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "Identity",
    "KLDivLoss",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LogSigmoid",
    "LogSoftmax",
    "MSELoss",
    "MaxPool2d",
    "Mish",
    "Module",
    "ModuleDict",
    "ModuleList",
    "Parameter",
    "ParameterList",
    "PixelShuffle",
    "PixelUnshuffle",
    "ReLU",
    "ReLU6",
    "ReflectionPad2d",
    "ReplicationPad2d",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "SyncBatchNorm",
    "Tanh",
    "Unfold",
    "Upsample",
    "UpsamplingBilinear2d",
    "UpsamplingNearest2d",
    "ZeroPad2d",
    "functional",
]
