"""The states of torchvision's networks, by their published configuration."""

from __future__ import annotations


def norm(channels: int) -> dict[str, tuple[int, ...]]:
    """The entries of a batch norm."""
    entries: dict[str, tuple[int, ...]] = dict.fromkeys(
        ("weight", "bias", "running_mean", "running_var"), (channels,)
    )
    return {**entries, "num_batches_tracked": ()}


def below(prefix: str, entries: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Entries under a prefix."""
    return {f"{prefix}.{key}": shape for key, shape in entries.items()}


def torchvision_vgg16_bn() -> dict[str, tuple[int, ...]]:
    """The state of torchvision's VGG-16 with batch norm, by its published configuration."""
    shapes: dict[str, tuple[int, ...]] = {}
    channels, index = 3, 0
    for step in (64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0):
        if step:
            shapes |= below(f"features.{index}", {"weight": (step, channels, 3, 3), "bias": (step,)})
            shapes |= below(f"features.{index + 1}", norm(step))
            channels, index = step, index + 3
        else:
            index += 1
    for index, (given, taken) in {0: (25088, 4096), 3: (4096, 4096), 6: (4096, 1000)}.items():
        shapes |= below(f"classifier.{index}", {"weight": (taken, given), "bias": (taken,)})
    return shapes


def torchvision_resnet50() -> dict[str, tuple[int, ...]]:
    """The state of torchvision's ResNet-50."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 3, 7, 7), **below("bn1", norm(64))}
    channels = 64
    for layer, (planes, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3)), 1):
        for block in range(blocks):
            path = f"layer{layer}.{block}"
            for number, (out, given, size) in enumerate(
                ((planes, channels, 1), (planes, planes, 3), (4 * planes, planes, 1)), 1
            ):
                shapes[f"{path}.conv{number}.weight"] = (out, given, size, size)
                shapes |= below(f"{path}.bn{number}", norm(out))
            if block == 0:
                shapes[f"{path}.downsample.0.weight"] = (4 * planes, channels, 1, 1)
                shapes |= below(f"{path}.downsample.1", norm(4 * planes))
            channels = 4 * planes
    return {**shapes, "fc.weight": (1000, 2048), "fc.bias": (1000,)}
