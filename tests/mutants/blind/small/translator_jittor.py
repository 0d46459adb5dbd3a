"""The port."""

from __future__ import annotations

import math
from collections.abc import Mapping

import jittor as jt
import numpy as np
from jittor import Var as Tensor
from jittor.nn import Embedding

from ports_jittor.torchlike import functional, nn
from ports_jittor.torchlike.linear import matmul

WORDS, PLACES, WIDTH, HEADS, DEPTH = 40, 16, 24, 4, 2


class Attention(nn.Module):
    """Heads that look at all places that the mask allows."""

    def __init__(self) -> None:
        super().__init__()
        self.query = nn.Linear(WIDTH, WIDTH)
        self.key = nn.Linear(WIDTH, WIDTH)
        self.value = nn.Linear(WIDTH, WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        batch, count, _ = x.shape
        query, key, value = (
            layer(x).reshape(batch, count, HEADS, WIDTH // HEADS).permute(0, 2, 1, 3)
            for layer in (self.query, self.key, self.value)
        )
        scores = matmul(query, key.permute(0, 1, 3, 2)) / math.sqrt(WIDTH // HEADS)
        scores = scores.masked_fill(mask == 0, -1e9)
        shares = self.drop(functional.softmax(scores, dim=-1))
        found = matmul(shares, value)
        return self.out(found.permute(0, 2, 1, 3).reshape(batch, count, WIDTH))


class Layer(nn.Module):
    """Attention and two linear layers, each beside a shortcut and behind a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.norm2 = nn.LayerNorm(WIDTH)
        self.wide = nn.Linear(WIDTH, 4 * WIDTH)
        self.act = nn.GELU()
        self.narrow = nn.Linear(4 * WIDTH, WIDTH)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.drop(self.attention(self.norm1(x), mask))
        return x + self.drop(self.narrow(self.act(self.wide(self.norm2(x)))))


class Translator(nn.Module):
    """From words to the scores of the words that follow."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = Embedding(WORDS, WIDTH)
        self.place = Embedding(PLACES, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(DEPTH))
        self.norm = nn.LayerNorm(WIDTH)

    def forward(self, tokens: Tensor) -> Tensor:
        count = tokens.shape[1]
        causal = jt.array(np.tril(np.ones((count, count), np.float32)))
        mask = causal * (tokens != 0).float32().reshape(-1, 1, 1, count)
        x = self.embed(tokens) * math.sqrt(WIDTH) + self.place(jt.arange(count))
        for layer in self.layers:
            x = layer(x, mask)
        return functional.linear(self.norm(x), self.embed.weight)


def build(variant: str) -> nn.Module:
    return Translator()


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Cross entropy of the words that are there, with a tenth of it smoothed."""
    rows, wanted = outputs.reshape(-1, WORDS), inputs["wanted"].reshape(-1)
    return {"words": functional.cross_entropy(rows, wanted, ignore_index=0, label_smoothing=0.1)}
