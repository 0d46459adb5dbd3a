import torch
from torch import nn


class Tiny(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.head = nn.Conv2d(width, 1, 1)

    def forward(self, image):
        return self.head(torch.relu(self.norm(self.conv(image))))


def build(variant, width):
    return Tiny(width)


def losses(outputs, inputs):
    return {"mse": torch.mean((outputs - inputs["target"]) ** 2)}
