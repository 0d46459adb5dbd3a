"""The port, in torch too: it computes the same, and calls or detaches something otherwise."""

from __future__ import annotations

from torch import Tensor, nn

from tests.mutants.counts.reference import Stages
from tests.mutants.counts.reference import losses as losses


class Again(Stages):
    def taken(self, begun: Tensor, staged: Tensor) -> Tensor:
        return self.stage(begun)  # type: ignore[no-any-return]


class ForNothing(Stages):
    """It is called once more, and nothing takes what it returns."""

    def taken(self, begun: Tensor, staged: Tensor) -> Tensor:
        self.stage(begun)
        return staged


class Once(Stages):
    def twins(self, x: Tensor) -> Tensor:
        made: Tensor = self.twin(x)
        return made * made


class Detached(Stages):
    def taken(self, begun: Tensor, staged: Tensor) -> Tensor:
        return staged.detach()


class Copied(Stages):
    """This one is sound."""

    def taken(self, begun: Tensor, staged: Tensor) -> Tensor:
        return staged.clone()


PORTS: dict[str, type[Stages]] = {kind.__name__: kind for kind in (Again, ForNothing, Once, Detached, Copied)}


def build(variant: str, fault: str) -> nn.Module:
    return PORTS[fault]() if fault else Stages()
