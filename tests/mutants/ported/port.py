"""The ports, in torch too: each makes one mistake or none."""

from __future__ import annotations

from torch import nn

from tests.mutants.ported.attentive import Attentive
from tests.mutants.ported.detector import Detector
from tests.mutants.ported.encoder import Encoder
from tests.mutants.ported.recurrent import Recurrent
from tests.mutants.ported.segmenter import Segmenter

CLASSES = {
    "encoder": Encoder,
    "recurrent": Recurrent,
    "detector": Detector,
    "segmenter": Segmenter,
    "attentive": Attentive,
}


def build(variant: str, network: str, wrong: str) -> nn.Module:
    return CLASSES[network](wrong)
