import jittor as jt
from jittor import nn


class DropPath(nn.Module):
    def __init__(self, rate):
        super().__init__()
        self.rate = rate

    def execute(self, x):
        if not self.is_training():
            return x
        kept = (jt.rand((x.shape[0], 1, 1, 1)) >= self.rate).float32()
        return x * kept / (1 - self.rate)


class Dropping(nn.Module):
    def __init__(self, width=8):
        super().__init__()
        self.start = nn.Conv2d(3, width, 3, padding=1)
        self.norm = nn.GroupNorm(2, width)
        self.channels = nn.Dropout2d(0.2)
        self.inner = nn.Conv2d(width, width, 3, padding=1)
        self.path = DropPath(0.3)
        self.hidden = nn.Linear(width, 2 * width)
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(2 * width, 4)

    def execute(self, image):
        x = self.channels(nn.gelu(self.norm(self.start(image))))
        x = (x + self.path(self.inner(x))).mean((2, 3))
        x = self.drop(nn.gelu(self.hidden(x)))
        return self.head(nn.dropout(x, 0.1, self.is_training()))


def build(variant):
    return Dropping()


def losses(outputs, inputs):
    return {"cross_entropy": nn.cross_entropy_loss(outputs, inputs["label"])}
