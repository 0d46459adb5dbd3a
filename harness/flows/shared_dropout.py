"""What both sides tell each other of their dropouts, so that each draws what the other does."""

from __future__ import annotations

from concurrent.futures import Future

from harness.case import PORT, REFERENCE
from harness.dropout import Agreement, Draw, agree, alone


class DropoutAgreement:
    """Waits until both sides have said what their dropouts draw, where that matters."""

    def __init__(self) -> None:
        self._told: dict[str, Future[list[Draw] | None]] = {side: Future() for side in (REFERENCE, PORT)}

    def tell(self, side: str, draws: list[Draw] | None) -> None:
        """What the dropouts of a side draw; None where it will not tell, because it is lost."""
        if not self._told[side].done():
            self._told[side].set_result(draws)

    def agree(self, side: str, draws: list[Draw]) -> Agreement:
        """Tell one's own draws, and have those of the other side taken into account."""
        self.tell(side, draws)
        if not draws:
            return Agreement()
        other = self._told[PORT if side == REFERENCE else REFERENCE].result()
        if other is None:
            return alone(draws)
        found = agree(draws, other) if side == REFERENCE else agree(other, draws)
        own = alone(draws)
        return Agreement({**own.off, **found.off}, found.moved if side == PORT else {}, own.reversed)
