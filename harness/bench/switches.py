"""The optimisations that can be switched on or off for one side, as data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.case import PORT, REFERENCE
from harness.errors import BadInput


@dataclass(frozen=True)
class Switch:
    """One optimisation. `devices` and `modes` are those where it does anything at all.

    `gains` is false where it takes an optimisation away that both sides usually have. Of the switches of one
    `group` only one can be on. `never` says why one that users know of cannot be measured in this way.
    """

    name: str
    side: str
    summary: str
    devices: tuple[str, ...] = ("cpu", "cuda")
    modes: tuple[str, ...] = ("eval", "train")
    gains: bool = True
    group: str = ""
    never: str = ""

    def idle_because(self, device: str, mode: str) -> str:
        """Why the switch does nothing here; empty where it does something."""
        if self.never:
            return self.never
        if device not in self.devices:
            return f"does nothing on {device}"
        kind = "eval" if mode == "eval" else "train"
        return "" if kind in self.modes else f"does nothing in mode {mode}"


WITH_GRAPH = "with_graph"

SWITCHES = (
    Switch(
        WITH_GRAPH,
        REFERENCE,
        "keep what goes backward: no torch.no_grad",
        modes=("eval",),
        gains=False,
    ),
    Switch("inference_mode", REFERENCE, "torch.inference_mode instead of no_grad", modes=("eval",)),
    Switch("bfloat16", REFERENCE, "torch.autocast with bfloat16", group="precision"),
    Switch("float16", REFERENCE, "torch.autocast with float16", devices=("cuda",), group="precision"),
    Switch("compile", REFERENCE, "torch.compile"),
    Switch("channels_last", REFERENCE, "inputs and weights in the memory format channels_last"),
    Switch(
        "cudnn_benchmark", REFERENCE, "cuDNN tries its algorithms and takes the fastest", devices=("cuda",)
    ),
    Switch("tf32", REFERENCE, "TF32 in products and convolutions", devices=("cuda",)),
    Switch(WITH_GRAPH, PORT, "keep what goes backward: no jittor.no_grad", modes=("eval",), gains=False),
    Switch("eager", PORT, "compute every operation at once, jittor.flags.lazy_execution = 0", gains=False),
    *(
        Switch(
            f"amp_level_{level}",
            PORT,
            f"jittor.flags.auto_mixed_precision_level = {level}",
            devices=("cuda",),
            group="precision",
        )
        for level in (6, 5, 4, 3)  # up to level 2 nothing is computed in half precision
    ),
    Switch(
        "parallel_compile",
        PORT,
        "operators are compiled side by side",
        never="changes only how long a first call compiles, and every operator is compiled by then",
    ),
    Switch(
        "memory_swap",
        PORT,
        "what does not fit is swapped out, JT_SAVE_MEM=1",
        never="is built into Jittor when it starts, and no switch of a running process",
    ),
    Switch("channels_last", PORT, "the order of channels", never="is nothing that Jittor has"),
)


def together(side: str, names: Sequence[str]) -> tuple[str, ...]:
    """All of these that may gain something, at once; of a group the first."""
    found: dict[str, str] = {}
    for switch in find(side, names):
        if switch.gains:
            found.setdefault(switch.group or switch.name, switch.name)
    return tuple(found.values())


def find(side: str, names: Sequence[str]) -> tuple[Switch, ...]:
    """The switches of a side by name."""
    own = {switch.name: switch for switch in SWITCHES if switch.side == side}
    for name in names:
        if name not in own:
            raise BadInput(f"the {side} side has no switch {name!r}; it has {', '.join(own)}")
    return tuple(own[name] for name in names)
