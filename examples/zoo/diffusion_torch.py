import math

import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, before, after, time):
        super().__init__()
        self.norm1 = nn.GroupNorm(4, before)
        self.conv1 = nn.Conv2d(before, after, 3, padding=1)
        self.time = nn.Linear(time, after)
        self.norm2 = nn.GroupNorm(4, after)
        self.conv2 = nn.Conv2d(after, after, 3, padding=1)
        self.skip = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, x, time):
        inner = self.conv1(F.silu(self.norm1(x))) + self.time(F.silu(time))[:, :, None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(inner)))


class Attention(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.GroupNorm(4, width)
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)

    def forward(self, x):
        batch, width, high, wide = x.shape
        query, key, value = self.qkv(self.norm(x)).reshape(batch, 3, width, high * wide).unbind(1)
        weight = torch.softmax(query.transpose(1, 2) @ key / math.sqrt(width), -1)
        return x + self.out((value @ weight.transpose(1, 2)).reshape(batch, width, high, wide))


class Diffusion(nn.Module):
    def __init__(self, width=8, time=16):
        super().__init__()
        self.width = width
        self.time = nn.Sequential(nn.Linear(width, time), nn.SiLU(), nn.Linear(time, time))
        self.start = nn.Conv2d(3, width, 3, padding=1)
        self.down1 = Block(width, width, time)
        self.smaller = nn.Conv2d(width, width, 3, stride=2, padding=1)
        self.middle = Block(width, 2 * width, time)
        self.attention = Attention(2 * width)
        self.larger = nn.Conv2d(2 * width, width, 3, padding=1)
        self.up1 = Block(2 * width, width, time)
        self.end = nn.Conv2d(width, 3, 3, padding=1)

    def embedded(self, step):
        half = self.width // 2
        rates = torch.exp(torch.arange(half).to(step) * (-math.log(10000.0) / half))
        angles = step[:, None] * rates[None]
        return torch.cat([torch.sin(angles), torch.cos(angles)], 1)

    def forward(self, image, step):
        time = self.time(self.embedded(step))
        kept = self.down1(self.start(image), time)
        x = self.attention(self.middle(self.smaller(kept), time))
        x = self.larger(F.interpolate(x, scale_factor=2, mode="nearest"))
        return self.end(self.up1(torch.cat([x, kept], 1), time))


def build(variant):
    return Diffusion()


def losses(outputs, inputs):
    return {"mse": ((outputs - inputs["noise"]) ** 2).mean()}
