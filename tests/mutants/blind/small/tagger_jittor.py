"""The port."""

from __future__ import annotations

from collections.abc import Mapping

import jittor as jt
from jittor import Var as Tensor
from jittor.nn import LSTM, Embedding

from ports_jittor.torchlike import functional, nn, reduce

WORDS, WIDTH, TAGS = 30, 12, 5


class Cell(nn.Module):
    """A gated recurrent cell: reset, update and new values, as torch orders them."""

    def __init__(self) -> None:
        super().__init__()
        self.given = nn.Linear(WIDTH, 3 * WIDTH)
        self.kept = nn.Linear(WIDTH, 3 * WIDTH)

    def forward(self, x: Tensor, state: Tensor) -> Tensor:
        reset, update, new = self.given(x).chunk(3, 1)
        old_reset, old_update, old_new = self.kept(state).chunk(3, 1)
        reset = functional.sigmoid(reset + old_reset)
        update = functional.sigmoid(update + old_update)
        new = functional.tanh(new + reset * old_new)
        return (1 - update) * new + update * state


class Tagger(nn.Module):
    """A tag for each word, and a score for the whole line."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = Embedding(WORDS, WIDTH)
        self.lstm = LSTM(WIDTH, WIDTH)
        self.cell = Cell()
        self.norm = nn.LayerNorm(WIDTH)
        self.tag = nn.Linear(2 * WIDTH, TAGS)
        self.line = nn.Linear(WIDTH, 1)

    def forward(self, tokens: Tensor, length: Tensor) -> dict[str, Tensor]:
        there = (jt.arange(tokens.shape[1]).unsqueeze(0) < length.unsqueeze(1)).float32()
        forward, (last, _) = self.lstm((self.embed(tokens) * there.unsqueeze(2)).transpose(0, 1))
        forward = forward.transpose(0, 1)
        state = jt.zeros_like(forward[:, 0])
        backward = []
        for place in range(tokens.shape[1] - 1, -1, -1):
            state = self.cell(forward[:, place], state) * there[:, place].unsqueeze(1)
            backward.append(state)
        backward.reverse()
        both = jt.concat([forward, self.norm(jt.stack(backward, 1))], 2)
        mean = reduce.sum(forward * there.unsqueeze(2), 1) / reduce.sum(there, 1, keepdim=True)
        return {"tags": self.tag(both), "line": self.line(functional.tanh(mean) + last[0])[:, 0]}


def build(variant: str) -> nn.Module:
    return Tagger()


def losses(outputs: dict[str, Tensor], inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weighted cross entropy of the words that are there, and a softplus of the line."""
    length = inputs["length"]
    there = (jt.arange(7).unsqueeze(0) < length.unsqueeze(1)).float32()
    rows, wanted = outputs["tags"].reshape(-1, TAGS), inputs["tags"].reshape(-1)
    each = functional.cross_entropy(rows, wanted, weight=inputs["weight"], reduction="none")
    words = reduce.sum(each.reshape(there.shape) * there) / reduce.sum(there)
    line = reduce.mean(functional.softplus(outputs["line"]))
    return {"total": words + 0.5 * line, "words": words, "line": line}
