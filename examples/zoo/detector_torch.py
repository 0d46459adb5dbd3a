import torch
from torch import nn
from torch.nn import functional as F

PLACES = 4


class Deformable(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.offset = nn.Linear(width, heads * PLACES * 2)
        self.weight = nn.Linear(width, heads * PLACES)
        self.value = nn.Conv2d(width, width, 1)
        self.out = nn.Linear(width, width)

    def forward(self, query, centre, features):
        batch, count, width = query.shape
        value = self.value(features)
        value = value.reshape(batch * self.heads, width // self.heads, *value.shape[2:])
        offset = self.offset(query).reshape(batch, count, self.heads, PLACES, 2)
        grid = 2 * (centre[:, :, None, None] + 0.1 * torch.tanh(offset)) - 1
        grid = grid.transpose(1, 2).reshape(batch * self.heads, count, PLACES, 2)
        found = F.grid_sample(value, grid, mode="bilinear", padding_mode="zeros", align_corners=False)
        weight = torch.softmax(self.weight(query).reshape(batch, count, self.heads, PLACES), -1)
        weight = weight.transpose(1, 2).reshape(batch * self.heads, 1, count, PLACES)
        found = (found * weight).sum(-1).reshape(batch, width, count)
        return self.out(found.transpose(1, 2))


class Detector(nn.Module):
    def __init__(self, width=16, heads=2, queries=6, classes=5):
        super().__init__()
        self.backbone = nn.Conv2d(3, width, 4, stride=4)
        self.query = nn.Parameter(torch.zeros(queries, width))
        self.centre = nn.Linear(width, 2)
        self.attention = nn.ModuleList(Deformable(width, heads) for _ in range(2))
        self.norm = nn.ModuleList(nn.LayerNorm(width) for _ in range(2))
        self.classes = nn.Linear(width, classes)
        self.box = nn.Linear(width, 4)

    def forward(self, image):
        features = torch.relu(self.backbone(image))
        query = self.query[None].expand(image.shape[0], -1, -1)
        centre = torch.sigmoid(self.centre(query))
        found = []
        for attention, norm in zip(self.attention, self.norm, strict=True):
            query = norm(query + attention(query, centre, features))
            found.append({"classes": self.classes(query), "boxes": torch.sigmoid(self.box(query))})
        return {"last": found[-1], "before": found[:-1]}


def build(variant):
    return Detector()


def losses(outputs, inputs):
    def one(found):
        boxes = (found["boxes"] - inputs["boxes"]).abs().mean()
        return boxes + F.cross_entropy(found["classes"].reshape(-1, 5), inputs["label"].reshape(-1))

    return {"all": one(outputs["last"]) + sum(one(found) for found in outputs["before"])}
