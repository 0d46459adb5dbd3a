"""RepNR: convolutions behind a scale and a shift for each camera, which fold into plain ones."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.torchlike import functional, nn, reduce, state

VIRTUAL_CAMERAS = 5
NEW_CAMERA = -1


class RepNRConv2d(nn.Module):
    """A convolution whose kernel is scaled, and shifted into the bias, as the chosen camera has it.

    The last camera is the new one. The auxiliary kernel, for finetuning, learns what scales cannot.
    """

    def __init__(self, conv: nn.Conv2d, auxiliary: bool = False) -> None:
        super().__init__()
        check_convertible(conv)
        self.stride, self.padding = conv.stride, conv.padding
        self.camera, self.trivial = NEW_CAMERA, False
        adapter = (1, conv.in_channels, 1, 1)
        self.main_weight, self.main_bias = conv.weight, conv.bias
        self.aux_weight = nn.Parameter(jt.zeros(conv.weight.shape)) if auxiliary else None
        self.aux_bias = nn.Parameter(jt.zeros(conv.out_channels)) if auxiliary else None
        cameras = VIRTUAL_CAMERAS + 1
        self.align_weights = nn.ParameterList([nn.Parameter(jt.ones(adapter)) for _ in range(cameras)])
        self.align_biases = nn.ParameterList([nn.Parameter(jt.zeros(adapter)) for _ in range(cameras)])

    def forward(self, x: Tensor) -> Tensor:
        if self.trivial:
            return self.unfolded(x)
        weight, bias = self.folded()
        return functional.conv2d(x, weight, bias, self.stride, self.padding)

    def folded(self) -> tuple[Tensor, Tensor]:
        """The kernel and the bias of the plain convolution that computes the same at the chosen camera."""
        scale, shift = self.align_weights[self.camera], self.align_biases[self.camera]
        weight, bias = self.main_weight * scale, reduce.sum(self.main_weight * shift, (1, 2, 3))
        if self.main_bias is not None:
            bias = self.main_bias + bias
        if self.aux_weight is not None:
            weight, bias = weight + self.aux_weight, bias + self.aux_bias
        return weight, bias

    def unfolded(self, x: Tensor) -> Tensor:
        """Scale and shift on the input: not the same at the border, where zeros are added after the shift."""
        scale, shift = self.align_weights[self.camera], self.align_biases[self.camera]
        main = functional.conv2d(
            x * scale + shift, self.main_weight, self.main_bias, self.stride, self.padding
        )
        if self.aux_weight is None:
            return main
        return main + functional.conv2d(x, self.aux_weight, self.aux_bias, self.stride, self.padding)


def check_convertible(conv: nn.Conv2d) -> None:
    """Refuse what the published arithmetic would get wrong without a word."""
    odd = all(size % 2 for size in conv.kernel_size)
    if conv.groups != 1 or tuple(conv.dilation) != (1, 1) or not odd:
        raise ValueError(
            f"a convolution with kernel {tuple(conv.kernel_size)}, dilation {tuple(conv.dilation)} and "
            f"{conv.groups} groups cannot be a RepNR one: that has an odd kernel, no dilation, one group; "
            "name it among those to keep"
        )


def convertible(network: nn.Module, keep: Collection[str]) -> Iterator[tuple[nn.Module, str, nn.Conv2d]]:
    """Every plain convolution with its owner and its name there, but those below a name to keep."""
    for name, child in network.named_children():
        if name in keep:
            continue
        if isinstance(child, nn.Conv2d):
            yield network, name, child
        else:
            yield from convertible(child, keep)


def convert(network: nn.Module, keep: Collection[str], auxiliary: bool = False) -> nn.Module:
    """Make every convolution of a network a RepNR one, but those below a name to keep."""
    for owner, name, conv in list(convertible(network, keep)):
        setattr(owner, name, RepNRConv2d(conv, auxiliary))
    return network


def receptive(network: nn.Module, keep: Collection[str]) -> nn.Module:
    """Give a plain network the biases that deployment needs: a folded shift has to go somewhere."""
    for owner, name, conv in list(convertible(network, keep)):
        if conv.bias is None:
            channels = (conv.in_channels, conv.out_channels)
            sizes: dict[str, Any] = {
                "kernel_size": conv.kernel_size,
                "stride": conv.stride,
                "padding": conv.padding,
            }
            setattr(owner, name, nn.Conv2d(*channels, **sizes))
    return network


def deploy(network: nn.Module, plain: nn.Module) -> nn.Module:
    """Give a plain network, made `receptive`, what a RepNR one is at its chosen camera; returns it.

    Folded in the network's own arithmetic, so that both compute the same numbers.
    """
    values: dict[str, Any] = dict(state.torch_state_dict(network))
    with jt.no_grad():
        for path, conv in network.named_modules():
            if isinstance(conv, RepNRConv2d):
                values[f"{path}.weight"], values[f"{path}.bias"] = conv.folded()
        state.load_state_dict(plain, {key: values[key] for key in state.torch_state_table(plain)})
    return plain


def repnr_convolutions(network: nn.Module) -> list[RepNRConv2d]:
    """All of a network, in its order."""
    return [module for module in network.modules() if isinstance(module, RepNRConv2d)]


def choose_camera(network: nn.Module, camera: int) -> None:
    """Compute as this camera needs it from now on; -1 is the new one."""
    if not -VIRTUAL_CAMERAS - 1 <= camera <= VIRTUAL_CAMERAS:
        raise ValueError(f"camera {camera}: there are 0 to {VIRTUAL_CAMERAS}, the last of them is also -1")
    for conv in repnr_convolutions(network):
        conv.camera = camera


def generalize(network: nn.Module) -> None:
    """Start the new camera at the mean of the virtual ones."""
    with jt.no_grad():
        for conv in repnr_convolutions(network):
            for adapters in (conv.align_weights, conv.align_biases):
                virtual = jt.stack(list(adapters)[:VIRTUAL_CAMERAS])
                state.change(adapters[NEW_CAMERA], reduce.mean(virtual, 0))


def pretraining(network: nn.Module) -> nn.Module:
    """Let learn what pre-training changes: all but the new camera's adapters."""
    for conv in repnr_convolutions(network):
        for adapters in (conv.align_weights, conv.align_biases):
            adapters[NEW_CAMERA].stop_grad()
    return network


def finetuning(network: nn.Module) -> nn.Module:
    """Let learn what finetuning changes: the new camera's adapters and the auxiliary kernels.

    What is no RepNR convolution keeps its gradients, though no optimiser is given it.
    """
    for conv in repnr_convolutions(network):
        frozen = [conv.main_weight, *list(conv.align_weights)[:-1], *list(conv.align_biases)[:-1]]
        if conv.main_bias is not None:
            frozen.append(conv.main_bias)
        for value in frozen:
            value.stop_grad()
    return network
