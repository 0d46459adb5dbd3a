"""The optimisations that can be switched on or off for one side, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.case import PORT, REFERENCE
from harness.errors import BadInput


@dataclass(frozen=True)
class Switch:
    """One optimisation. `devices` and `modes` are those where it does anything at all."""

    name: str
    side: str
    summary: str
    devices: tuple[str, ...] = ("cpu", "cuda")
    modes: tuple[str, ...] = ("eval", "train")

    def idle_because(self, device: str, mode: str) -> str:
        """Why the switch does nothing here; empty where it does something."""
        if device not in self.devices:
            return f"does nothing on {device}"
        kind = "eval" if mode == "eval" else "train"
        return "" if kind in self.modes else f"does nothing in mode {mode}"


WITH_GRAPH = "with_graph"

SWITCHES = (
    Switch(WITH_GRAPH, REFERENCE, "keep what a backward pass needs: no torch.no_grad", modes=("eval",)),
    Switch("inference_mode", REFERENCE, "torch.inference_mode instead of no_grad", modes=("eval",)),
    Switch("bfloat16", REFERENCE, "torch.autocast with bfloat16"),
    Switch("float16", REFERENCE, "torch.autocast with float16", devices=("cuda",)),
    Switch("compile", REFERENCE, "torch.compile"),
    Switch("channels_last", REFERENCE, "inputs and weights in the memory format channels_last"),
    Switch(
        "cudnn_benchmark", REFERENCE, "cuDNN tries its algorithms and takes the fastest", devices=("cuda",)
    ),
    Switch("tf32", REFERENCE, "TF32 in products and convolutions", devices=("cuda",)),
    Switch(WITH_GRAPH, PORT, "keep what a backward pass needs: no jittor.no_grad", modes=("eval",)),
    Switch("eager", PORT, "compute every operation at once, jittor.flags.lazy_execution = 0"),
    Switch("amp_level_3", PORT, "jittor.flags.auto_mixed_precision_level = 3", devices=("cuda",)),
    Switch("amp_level_6", PORT, "jittor.flags.auto_mixed_precision_level = 6", devices=("cuda",)),
)


def find(side: str, names: Sequence[str]) -> tuple[Switch, ...]:
    """The switches of a side by name."""
    own = {switch.name: switch for switch in SWITCHES if switch.side == side}
    for name in names:
        if name not in own:
            raise BadInput(f"the {side} side has no switch {name!r}; it has {', '.join(own)}")
    return tuple(own[name] for name in names)
