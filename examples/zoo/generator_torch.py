import torch
from torch import nn


class Generator(nn.Module):
    def __init__(self, noise=8, width=8):
        super().__init__()
        self.start = nn.Linear(noise, 4 * width * 16)
        self.norm0 = nn.BatchNorm2d(4 * width)
        self.up1 = nn.ConvTranspose2d(4 * width, 2 * width, 4, stride=2, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(2 * width)
        self.up2 = nn.ConvTranspose2d(2 * width, width, 3, stride=2, padding=1, output_padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(width)
        self.up3 = nn.ConvTranspose2d(width, 3, 4, stride=2, padding=1)

    def forward(self, noise):
        x = self.start(noise).reshape(noise.shape[0], -1, 4, 4)
        x = torch.relu(self.norm0(x))
        x = torch.relu(self.norm1(self.up1(x)))
        x = torch.relu(self.norm2(self.up2(x)))
        return torch.tanh(self.up3(x))


def build(variant):
    return Generator()


def losses(outputs, inputs):
    return {"l1": (outputs - inputs["image"]).abs().mean()}
