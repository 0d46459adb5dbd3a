"""The reference."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional

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
        reset = torch.sigmoid(reset + old_reset)
        update = torch.sigmoid(update + old_update)
        new = torch.tanh(new + reset * old_new)
        return (1 - update) * new + update * state


class Tagger(nn.Module):
    """A tag for each word, and a score for the whole line."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(WORDS, WIDTH)
        self.lstm = nn.LSTM(WIDTH, WIDTH)
        self.cell = Cell()
        self.norm = nn.LayerNorm(WIDTH)
        self.tag = nn.Linear(2 * WIDTH, TAGS)
        self.line = nn.Linear(WIDTH, 1)

    def forward(self, tokens: Tensor, length: Tensor) -> dict[str, Tensor]:
        there = (torch.arange(tokens.shape[1])[None] < length[:, None]).float()
        forward, (last, _) = self.lstm((self.embed(tokens) * there[:, :, None]).transpose(0, 1))
        forward = forward.transpose(0, 1)
        state = torch.zeros_like(forward[:, 0])
        backward = []
        for place in range(tokens.shape[1] - 1, -1, -1):
            state = self.cell(forward[:, place], state) * there[:, place, None]
            backward.append(state)
        backward.reverse()
        both = torch.cat([forward, self.norm(torch.stack(backward, 1))], 2)
        mean = (forward * there[:, :, None]).sum(1) / there.sum(1, keepdim=True)
        return {"tags": self.tag(both), "line": self.line(torch.tanh(mean) + last[0])[:, 0]}


def build(variant: str) -> nn.Module:
    return Tagger()


def losses(outputs: dict[str, Tensor], inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weighted cross entropy of the words that are there, and a softplus of the line."""
    length = inputs["length"]
    there = (torch.arange(7)[None] < length[:, None]).float()
    rows, wanted = outputs["tags"].reshape(-1, TAGS), inputs["tags"].reshape(-1)
    each = functional.cross_entropy(rows, wanted, weight=inputs["weight"], reduction="none")
    words = (each.reshape(there.shape) * there).sum() / there.sum()
    line = functional.softplus(outputs["line"]).mean()
    return {"total": words + 0.5 * line, "words": words, "line": line}
