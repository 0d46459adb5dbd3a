"""The transformer over the gathered coarse features: every place attends to every other."""

from __future__ import annotations

import jittor as jt
from jittor import Var as Tensor

from harness.pairs.gold_yolo.config import Config
from ports_jittor.gold_yolo.blocks import FusedConv
from ports_jittor.torchlike import functional, linear, nn


class Attention(nn.Module):
    """Attention between places, without positions and without the usual scale of the products."""

    def __init__(self, channels: int, key_dim: int, heads: int) -> None:
        super().__init__()
        self.key_dim, self.heads = key_dim, heads
        self.to_q = FusedConv(channels, key_dim * heads)
        self.to_k = FusedConv(channels, key_dim * heads)
        self.to_v = FusedConv(channels, 2 * key_dim * heads)
        self.proj = nn.Sequential(nn.ReLU6(), FusedConv(2 * key_dim * heads, channels))

    def forward(self, x: Tensor) -> Tensor:
        batch, _, height, width = x.shape
        places = height * width
        q = self.to_q(x).reshape(batch, self.heads, self.key_dim, places).permute(0, 1, 3, 2)
        k = self.to_k(x).reshape(batch, self.heads, self.key_dim, places)
        v = self.to_v(x).reshape(batch, self.heads, 2 * self.key_dim, places).permute(0, 1, 3, 2)
        attended = linear.matmul(functional.softmax(linear.matmul(q, k), dim=-1), v)
        return self.proj(attended.permute(0, 1, 3, 2).reshape(batch, -1, height, width))


class Mlp(nn.Module):
    """Two 1x1 convolutions around one over neighbours within each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = FusedConv(channels, channels)
        self.dwconv = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.act = nn.ReLU6()
        self.fc2 = FusedConv(channels, channels)
        self.drop = nn.Dropout(0.0)

    def forward(self, x: Tensor) -> Tensor:
        x = self.drop(self.act(self.dwconv(self.fc1(x))))
        return self.drop(self.fc2(x))


class PathDropout(nn.Dropout):
    """Leaves a branch out for whole samples while training."""

    def forward(self, x: Tensor) -> Tensor:
        if self.p == 0.0 or not self.is_training():
            return x
        drawn = jt.random((x.shape[0], 1, 1, 1), str(x.dtype))
        return x / (1 - self.p) * jt.floor(1 - self.p + drawn)


class Block(nn.Module):
    """Attention and the convolutions, each beside a shortcut."""

    def __init__(self, channels: int, key_dim: int, heads: int, rate: float) -> None:
        super().__init__()
        self.attn = Attention(channels, key_dim, heads)
        self.drop_path = PathDropout(rate) if rate > 0 else nn.Identity()
        self.mlp = Mlp(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.drop_path(self.attn(x))
        return x + self.drop_path(self.mlp(x))


class Transformer(nn.Module):
    """The blocks, one after another."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.transformer_blocks = nn.ModuleList(
            Block(config.embed_dim_n, config.key_dim, config.heads, config.drop_path(place))
            for place in range(config.transformer_blocks)
        )

    def forward(self, x: Tensor) -> Tensor:
        for block in self.transformer_blocks:
            x = block(x)
        return x
