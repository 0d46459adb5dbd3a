"""A small transformer encoder that classifies sequences of tokens."""

from __future__ import annotations

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tests.mutants.ported.base import Ported

WIDTH, HEADS, CLASSES = 16, 4, 5


class Attention(Ported):
    def __init__(self, wrong: str) -> None:
        super().__init__(wrong)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.project = nn.Linear(WIDTH, WIDTH)

    def heads(self, x: Tensor) -> Tensor:
        if self.wrong("heads_interleaved"):
            return x.reshape(*x.shape[:2], -1, HEADS).permute(0, 3, 1, 2)
        if self.wrong("reshape_without_permute"):
            return x.reshape(x.shape[0], HEADS, x.shape[1], -1)
        return x.reshape(*x.shape[:2], HEADS, -1).permute(0, 2, 1, 3)

    def forward(self, x: Tensor, mask: Tensor, project: nn.Module | None = None) -> Tensor:
        q, k, v = self.qkv(x).chunk(3, -1)
        if self.wrong("value_is_key"):
            v = k
        if self.wrong("value_detached"):
            v = v.detach()
        q, k, v = self.heads(q), self.heads(k), self.heads(v)
        root = WIDTH if self.wrong("scale_of_whole_width") else WIDTH // HEADS
        scores = torch.matmul(q, k.transpose(-1, -2)) / root**0.5
        if not self.wrong("mask_missing"):
            scores = torch.where(mask, scores, torch.full_like(scores, -1e4))
        shares = torch.softmax(scores, -2 if self.wrong("softmax_over_queries") else -1)
        mixed = torch.matmul(shares, v)
        if self.wrong("merge_without_permute"):
            mixed = mixed.reshape(x.shape)
        else:
            mixed = mixed.permute(0, 2, 1, 3).reshape(x.shape)
        return (project or self.project)(mixed)


class Block(Ported):
    def __init__(self, wrong: str) -> None:
        super().__init__(wrong)
        eps = 1e-3 if wrong == "eps_of_every_norm" else 1e-5
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH, eps=eps), nn.LayerNorm(WIDTH, eps=eps)
        self.attention = Attention(wrong)
        self.widen, self.act, self.narrow = nn.Linear(WIDTH, 32), nn.GELU(), nn.Linear(32, WIDTH)

    def forward(self, x: Tensor, mask: Tensor, project: nn.Module | None = None) -> Tensor:
        normed = self.norm1(x)
        inner = self.attention(x if self.wrong("norm_skipped") else normed, mask, project)
        x = (normed if self.wrong("skip_after_norm") else x) + inner
        if self.wrong("norms_exchanged"):
            return x + self.narrow(self.act(self.widen(self.norm1(x))))
        deep = self.narrow(self.act(self.widen(self.norm2(x))))
        return deep if self.wrong("second_skip_missing") else x + deep


class Encoder(Ported):
    def __init__(self, wrong: str) -> None:
        super().__init__(wrong)
        self.embed = nn.Embedding(20, WIDTH, padding_idx=None if wrong == "padding_idx" else 0)
        self.position = nn.Parameter(torch.zeros(1, 9, WIDTH))
        self.first, self.second = Block(wrong), Block("")
        self.norm, self.head = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, CLASSES)

    def forward(self, tokens: Tensor) -> Tensor:
        mask = (tokens != 0)[:, None, None, :]
        length = tokens.shape[1]
        begin = 1 if self.wrong("position_off_by_one") else 0
        x = self.embed(tokens)
        if self.wrong("embedding_scaled"):
            x = x * WIDTH**0.5
        x = x + self.position[:, begin : begin + length]
        borrowed = self.second.attention.project if self.wrong("module_of_other_block") else None
        x = self.second(self.first(x, mask, borrowed), mask)
        if not self.wrong("last_norm_missing"):
            x = self.norm(x)
        if self.wrong("max_over_tokens"):
            x = x.amax(1)
        elif self.wrong("first_token"):
            x = x[:, 0]
        elif self.wrong("sum_over_tokens"):
            x = x.sum(1)
        else:
            x = x.mean(1)
        return self.head(x)

    def losses(self, outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        smoothing = 0.0 if self.wrong("label_smoothing") else 0.1
        reduction = "sum" if self.wrong("entropy_summed") else "mean"
        found = F.cross_entropy(outputs, inputs["label"], label_smoothing=smoothing, reduction=reduction)
        return {"entropy": found}
