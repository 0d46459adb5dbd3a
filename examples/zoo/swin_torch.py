import torch
from torch import nn
from torch.nn import functional as F

SIDE, WINDOW = 8, 4


def windows(x):
    batch, high, wide, width = x.shape
    x = x.reshape(batch, high // WINDOW, WINDOW, wide // WINDOW, WINDOW, width)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, WINDOW * WINDOW, width)


def whole(x, batch):
    side = SIDE // WINDOW
    x = x.reshape(batch, side, side, WINDOW, WINDOW, -1)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(batch, SIDE, SIDE, -1)


def places():
    rows = torch.arange(WINDOW * WINDOW) // WINDOW
    columns = torch.arange(WINDOW * WINDOW) % WINDOW
    down = rows[:, None] - rows[None] + WINDOW - 1
    across = columns[:, None] - columns[None] + WINDOW - 1
    return down * (2 * WINDOW - 1) + across


def mask(shift):
    region = torch.zeros(SIDE)
    region[-WINDOW:-shift], region[-shift:] = 1.0, 2.0
    parts = windows((3 * region[:, None] + region[None])[None, :, :, None])[..., 0]
    return (parts[:, :, None] != parts[:, None]).float() * -100.0


class Block(nn.Module):
    def __init__(self, width, heads, shift):
        super().__init__()
        self.heads, self.shift = heads, shift
        self.norm1 = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.bias = nn.Parameter(torch.zeros((2 * WINDOW - 1) ** 2, heads))
        self.proj = nn.Linear(width, width)
        self.norm2 = nn.LayerNorm(width)
        self.inner = nn.Linear(width, 2 * width)
        self.outer = nn.Linear(2 * width, width)
        self.register_buffer("place", places(), persistent=False)
        self.register_buffer("mask", mask(shift) if shift else None, persistent=False)

    def attended(self, x):
        count, size, width = x.shape
        query, key, value = (
            self.qkv(x).reshape(count, size, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        )
        scores = query @ key.transpose(-2, -1) * (width // self.heads) ** -0.5
        bias = self.bias[self.place.reshape(-1)].reshape(size, size, self.heads).permute(2, 0, 1)
        scores = scores + bias[None]
        if self.mask is not None:
            parts = self.mask.shape[0]
            scores = scores.reshape(-1, parts, self.heads, size, size) + self.mask[None, :, None]
            scores = scores.reshape(count, self.heads, size, size)
        x = torch.softmax(scores, -1) @ value
        return self.proj(x.transpose(1, 2).reshape(count, size, width))

    def forward(self, x):
        inner = self.norm1(x)
        if self.shift:
            inner = torch.roll(inner, (-self.shift, -self.shift), (1, 2))
        inner = whole(self.attended(windows(inner)), x.shape[0])
        if self.shift:
            inner = torch.roll(inner, (self.shift, self.shift), (1, 2))
        x = x + inner
        return x + self.outer(F.gelu(self.inner(self.norm2(x))))


class Swin(nn.Module):
    def __init__(self, width=12, heads=3):
        super().__init__()
        self.patch = nn.Conv2d(3, width, 4, stride=4)
        self.blocks = nn.Sequential(Block(width, heads, 0), Block(width, heads, WINDOW // 2))
        self.norm = nn.LayerNorm(width)

    def forward(self, image):
        return self.norm(self.blocks(self.patch(image).permute(0, 2, 3, 1)))


def build(variant):
    return Swin()


def losses(outputs, inputs):
    return {"mse": ((outputs - inputs["target"]) ** 2).mean()}
