"""LED in PyTorch: the reference, pinned to the published networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from torch import Tensor, nn

from refs_torch.led.loss import pixel_loss
from refs_torch.led.nafnet import NAFNet
from refs_torch.led.repnr import NEW_CAMERA, choose_camera, convert, finetuning, pretraining, receptive
from refs_torch.led.restormer import Restormer
from refs_torch.led.training import own_training as own_training
from refs_torch.led.unet import UNet

NETWORKS: dict[str, Callable[[], nn.Module]] = {"unet": UNet, "nafnet": NAFNet, "restormer": Restormer}


def build(
    variant: str, network: str, stage: str = "plain", kept: Sequence[str] = (), camera: int = NEW_CAMERA
) -> nn.Module:
    """The network of a variant, with the weights its constructor gives it; `kept` stays unconverted."""
    plain = NETWORKS[network]()
    if stage in ("plain", "deployed_upstream"):
        return plain
    if stage == "deployed":
        return receptive(plain, kept)
    model = convert(plain, kept, auxiliary=stage == "finetune")
    choose_camera(model, camera)
    return pretraining(model) if stage == "pretrain" else finetuning(model)


def losses(outputs: Tensor, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The loss that training minimises."""
    return {"l_pix": pixel_loss(outputs, inputs["gt"])}
