"""CPANet: a prototype of the supports' defect finds it in the query."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harness.older_python import strict_zip
from harness.pairs.cpanet.switches import Switches
from refs_torch.cpanet.decoder import CLASSES, SpaceSqueeze, plain_decoder
from refs_torch.cpanet.proxy import CrossPositionProxy, masked_average
from refs_torch.cpanet.resnet import BLOCKS, resnet
from refs_torch.cpanet.vgg import vgg16

REDUCED = 256
DROPPED = 0.2
IGNORED = 255
FEATURES = {"vgg16": 512 + 256, **dict.fromkeys(BLOCKS, 1024 + 512)}


class CPANet(nn.Module):
    """x (B,3,H,W), s_x (B,S,3,H,W), s_y (B,S,H,W) of 0, 1, 255; in training also y (B,H,W).

    Returns logits and mask in evaluation, prediction, logits and losses in training.
    """

    def __init__(self, backbone: str, switches: Switches) -> None:
        super().__init__()
        self.switches = switches
        self.criterion = nn.CrossEntropyLoss(ignore_index=IGNORED)
        slices = vgg16() if backbone == "vgg16" else resnet(backbone)
        self.layer0, self.layer1, self.layer2, self.layer3, self.layer4 = slices
        for part in slices:
            _start(part)
            part.requires_grad_(False)
        channels = FEATURES[backbone]
        self.cls = _head(REDUCED, 3, CLASSES)
        self.down_query = _reduction(channels)
        self.down_supp = _reduction(channels)
        self.conv_2T1 = _head(2 * REDUCED, 1)
        self.conv_3x3 = _head(REDUCED, 3)
        self.conv_3T1 = _head(3 * REDUCED, 1)
        self.DP = SpaceSqueeze(REDUCED) if switches.ssa else plain_decoder(REDUCED)
        if switches.cpp:
            self.REF = CrossPositionProxy(REDUCED)

    def train(self, mode: bool = True) -> CPANet:
        """Switch the whole network; the backbone's norms only where they train as published (Q6)."""
        super().train(mode)
        if not self.switches.backbone_norms_train:
            for part in (self.layer0, self.layer1, self.layer2, self.layer3, self.layer4):
                part.eval()
        return self

    def forward(self, x: Tensor, s_x: Tensor, s_y: Tensor, y: Tensor | None = None) -> dict[str, Any]:
        query = self.down_query(self._features(x))
        supports = [self.down_supp(self._features(s_x[:, shot])) for shot in range(s_x.shape[1])]
        masks = [(s_y[:, shot : shot + 1] == 1).to(x.dtype) for shot in range(s_x.shape[1])]
        prototypes = [self._prototype(*pair) for pair in strict_zip(supports, masks)]
        shared = sum(prototypes[1:], prototypes[0])
        shared = shared / (len(x) if self.switches.divide_by_batch else len(prototypes))
        found = torch.cat([shared.expand_as(query), query], dim=1)
        logits = self.DP(self._enlarged(self.conv_3x3(self.conv_2T1(found)), x))
        if not self.training:
            return {"logits": logits, "mask": self._mask(logits)}
        if y is None:
            raise ValueError("CPANet needs the query's labels y in training")
        predicted = {"pred": logits.argmax(1), "logits": logits}
        main = self.criterion(logits, y)
        if not self.switches.sa:
            return {**predicted, "total": main, "main": main}
        supp = [
            self._support_loss(support, prototype, mask, s_y[:, shot], x)
            for shot, (support, prototype, mask) in enumerate(strict_zip(supports, prototypes, masks))
        ]
        counted = supp[-1] if self.switches.last_shot_loss else sum(supp[1:], supp[0])
        aux = counted / len(supp)
        total = main + self.switches.k * aux
        return {**predicted, "total": total, "main": main, "aux": aux, "supp": supp}

    def _features(self, x: Tensor) -> Tensor:
        """Levels 3 and 2 of the frozen backbone, at the size of level 3."""
        with torch.no_grad():
            low = self.layer2(self.layer1(self.layer0(x)))
            high = self.layer3(low)
            if low.shape[2:] != high.shape[2:]:
                low = _resized(low, high.shape[2:])
            return torch.cat([high, low], dim=1)

    def _prototype(self, support: Tensor, mask: Tensor) -> Tensor:
        small = _resized(mask, support.shape[2:])
        return self.REF(support * small) if self.switches.cpp else masked_average(support, small)

    def _enlarged(self, features: Tensor, image: Tensor) -> Tensor:
        """To the size of the image, as published with its sides swapped (Q1)."""
        height, width = image.shape[2:]
        return _resized(features, (width, height) if self.switches.swap_sides else (height, width))

    def _mask(self, logits: Tensor) -> Tensor:
        """255 where the defect is, else 0; as published of the first sample alone (Q7)."""
        masks = (logits.argmax(1) == 1).long() * IGNORED
        return masks[0] if self.switches.first_mask_only else masks

    def _support_loss(
        self, support: Tensor, prototype: Tensor, mask: Tensor, labels: Tensor, image: Tensor
    ) -> Tensor:
        """How well a support's own mask is found; as published, ignored pixels are background (Q5)."""
        known = prototype.expand_as(support)
        found = self.conv_3T1(torch.cat([support, known, known], dim=1))
        logits = self.cls(self._enlarged(found, image))
        return self.criterion(logits, mask[:, 0].long() if self.switches.ignored_is_background else labels)


def _reduction(channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(channels, REDUCED, 1, bias=False), nn.ReLU(), nn.Dropout2d(DROPPED))


def _head(channels: int, kernel: int, classes: int | None = None) -> nn.Sequential:
    """Two convolutions, the second 3x3, and a third to classes if there are any."""
    layers: list[nn.Module] = []
    for inputs, size in ((channels, kernel), (REDUCED, 3)):
        layers += [nn.Conv2d(inputs, REDUCED, size, padding=size // 2, bias=False)]
        layers += [nn.ReLU(), nn.Dropout2d(DROPPED)]
    if classes is not None:
        layers.append(nn.Conv2d(REDUCED, classes, 3, padding=1, bias=False))
    return nn.Sequential(*layers)


def _resized(x: Tensor, size: Any) -> Tensor:
    return F.interpolate(x, size=size, mode="bilinear", align_corners=True)


def _start(part: nn.Module) -> None:
    """An untrained backbone's weights."""
    for module in part.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
