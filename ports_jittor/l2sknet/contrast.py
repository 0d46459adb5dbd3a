"""What both networks share: contrast branches that refine the encoder's maps before the decoder sees them."""

from __future__ import annotations

from typing import Literal

from jittor import Var as Tensor

from harness.older_python import strict_zip
from ports_jittor.l2sknet.llskm import LLSKM, LLSKM1D, LLSKM1DFork
from ports_jittor.l2sknet.morphology import MorphologyNet
from ports_jittor.torchlike import nn

Kind = Literal["2d", "1d", "1d_fork"]

CHANNELS = (16, 32, 64, 128)
# The branches of each level: kernel, padding, dilation. A 1D kernel is as long as the dilated one reaches.
BRANCHES = (
    ((9, 8, 2), (5, 4, 2), (3, 2, 2), (3, 1, 1)),
    ((5, 4, 2), (3, 2, 2), (3, 1, 1)),
    ((3, 2, 2), (3, 1, 1)),
    ((3, 1, 1),),
)
MORPHOLOGY_SCALES = ((3, 5, 7), (3, 5), (5,))
DEEPEST = len(CHANNELS) - 1


class ContrastNetwork(nn.Module):
    """A network whose encoder maps pass through contrast branches, level by level."""

    def add_branches(self, kind: Kind) -> None:
        """Register the branches of all levels, and what joins those of a level."""
        for level, channels in enumerate(CHANNELS):
            for name, setting in strict_zip(branch_names(level), BRANCHES[level]):
                setattr(self, name, contrast_branch(kind, channels, *setting))
        for level, channels in enumerate(CHANNELS[:DEEPEST]):
            joined = nn.Sequential(
                nn.Conv2d(channels, channels, 3, padding=1, bias=False),
                nn.BatchNorm2d(channels),
                nn.ReLU(),
            )
            setattr(self, f"contrConV_{level}", joined)

    def add_morphology(self, wanted: bool) -> None:
        """Register the networks that prepare the maps of all levels but the deepest, if wanted."""
        self.morphology = wanted
        if wanted:
            for level, scales in enumerate(MORPHOLOGY_SCALES):
                setattr(self, f"morphology_net_{level}", MorphologyNet(CHANNELS[level], scales))

    def refine(self, level: int, features: Tensor) -> Tensor:
        """The encoder's map of a level as the decoder gets it."""
        if self.morphology and level < DEEPEST:
            features = getattr(self, f"morphology_net_{level}")(features)
        first, *others = (getattr(self, name) for name in branch_names(level))
        total = first(features)
        for branch in others:
            total = total + branch(features)
        return total if level == DEEPEST else getattr(self, f"contrConV_{level}")(total)


def branch_names(level: int) -> list[str]:
    """The names of a level's branches; the deepest level has a single one, without a number."""
    if level == DEEPEST:
        return [f"contrast{level}"]
    return [f"contrast{level}_{number}" for number in range(len(BRANCHES[level]))]


def contrast_branch(kind: Kind, channels: int, kernel: int, padding: int, dilation: int) -> nn.Sequential:
    """A local saliency kernel of the given kind, normalised and rectified with a slope."""
    saliency: nn.Module
    if kind == "2d":
        saliency = LLSKM(channels, kernel, padding, dilation)
    else:
        layer = LLSKM1D if kind == "1d" else LLSKM1DFork
        saliency = layer(channels, dilation * (kernel - 1) + 1, padding)
    return nn.Sequential(saliency, nn.BatchNorm2d(channels), nn.LeakyReLU(0.1))
