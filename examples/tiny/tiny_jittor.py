import jittor as jt
from jittor import nn


class Tiny(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.head = nn.Conv2d(width, 1, 1)

    def execute(self, image):
        return self.head(nn.relu(self.norm(self.conv(image))))


def build(variant, width):
    return Tiny(width)


def losses(outputs, inputs):
    return {"mse": jt.mean((outputs - inputs["target"]) ** 2)}
