import torch
from torch import nn
from torch.nn import functional as F


class Mix(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, 2 * width)
        self.outer = nn.Linear(2 * width, width)

    def forward(self, x):
        past = torch.cumsum(x, 1) / torch.arange(1, x.shape[1] + 1).to(x).reshape(1, -1, 1)
        return x + self.outer(F.gelu(self.inner(self.norm(past))))


class TiedLM(nn.Module):
    def __init__(self, words=40, width=16):
        super().__init__()
        self.embed = nn.Embedding(words, width)
        self.mix = nn.ModuleList([Mix(width) for _ in range(2)])
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, words, bias=False)
        self.head.weight = self.embed.weight
        self.logit_scale = nn.Parameter(torch.tensor(0.5))

    def forward(self, tokens):
        x = self.embed(tokens)
        for layer in self.mix:
            x = layer(x)
        return self.head(self.norm(x)) * self.logit_scale.exp()


def build(variant):
    return TiedLM()


def losses(outputs, inputs):
    return {"nll": F.cross_entropy(outputs.reshape(-1, outputs.shape[-1]), inputs["target"].reshape(-1))}
