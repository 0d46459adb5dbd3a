"""Restormer: a U-shaped transformer that attends across channels, not across pixels."""

from __future__ import annotations

from collections.abc import Sequence

import jittor as jt
from jittor import Var as Tensor

from ports_jittor.led.norm import ChannelNorm
from ports_jittor.torchlike import functional, linear, nn

EPS = 1e-5
MULTIPLE = 8


class LayerNorm(nn.Module):
    """The normalisation under the name that the published weights give it, of pixels in a row."""

    def __init__(self, channels: int, centred: bool) -> None:
        super().__init__()
        self.body = ChannelNorm(channels, EPS, centred, axis=2)

    def forward(self, x: Tensor) -> Tensor:
        pixels = self.body(x.flatten(2).transpose(1, 2))
        return pixels.transpose(1, 2).reshape(x.shape)


class FeedForward(nn.Module):
    """One half of the widened channels gates the other."""

    def __init__(self, channels: int, expansion: float, bias: bool) -> None:
        super().__init__()
        hidden = int(channels * expansion)
        self.project_in = nn.Conv2d(channels, hidden * 2, 1, bias=bias)
        self.dwconv = nn.Conv2d(hidden * 2, hidden * 2, 3, padding=1, groups=hidden * 2, bias=bias)
        self.project_out = nn.Conv2d(hidden, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        gate, value = self.dwconv(self.project_in(x)).chunk(2, 1)
        return self.project_out(functional.gelu(gate) * value)


class Attention(nn.Module):
    """Each channel looks at all others of its head, by their likeness over the whole image."""

    def __init__(self, channels: int, heads: int, bias: bool) -> None:
        super().__init__()
        self.heads = heads
        self.temperature = nn.Parameter(jt.ones((heads, 1, 1)))
        self.qkv = nn.Conv2d(channels, channels * 3, 1, bias=bias)
        self.qkv_dwconv = nn.Conv2d(channels * 3, channels * 3, 3, padding=1, groups=channels * 3, bias=bias)
        self.project_out = nn.Conv2d(channels, channels, 1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        n, channels, height, width = x.shape
        split = (n, self.heads, channels // self.heads, height * width)
        q, k, v = (part.reshape(split) for part in self.qkv_dwconv(self.qkv(x)).chunk(3, 1))
        q, k = functional.normalize(q, dim=-1), functional.normalize(k, dim=-1)
        likeness = linear.matmul(q, k.transpose(0, 1, 3, 2)) * self.temperature
        attended = linear.matmul(functional.softmax(likeness, dim=-1), v)
        return self.project_out(attended.reshape((n, channels, height, width)))


class TransformerBlock(nn.Module):
    """Attention, then the gated mix of channels; both are added."""

    def __init__(self, channels: int, heads: int, expansion: float, bias: bool, centred: bool) -> None:
        super().__init__()
        self.norm1 = LayerNorm(channels, centred)
        self.attn = Attention(channels, heads, bias)
        self.norm2 = LayerNorm(channels, centred)
        self.ffn = FeedForward(channels, expansion, bias)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        return x + self.ffn(self.norm2(x))


class PatchEmbed(nn.Module):
    """From the image's planes to the first features."""

    def __init__(self, inputs: int, channels: int, bias: bool) -> None:
        super().__init__()
        self.proj = nn.Conv2d(inputs, channels, 3, padding=1, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x)


class Downsample(nn.Module):
    """Half the size and twice the channels: pixels become channels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels // 2, 3, padding=1, bias=False), nn.PixelUnshuffle(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class Upsample(nn.Module):
    """Twice the size and half the channels: channels become pixels."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, channels * 2, 3, padding=1, bias=False), nn.PixelShuffle(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class Restormer(nn.Module):
    """Takes images whose sides are multiples of 8."""

    def __init__(
        self,
        planes: int = 4,
        dim: int = 32,
        num_blocks: Sequence[int] = (2, 2, 2, 2),
        refinement: int = 1,
        heads: Sequence[int] = (1, 2, 4, 8),
        expansion: float = 2.66,
        bias: bool = False,
        centred: bool = True,
    ) -> None:
        super().__init__()

        def stage(channels: int, count: int, heads: int) -> nn.Sequential:
            return nn.Sequential(
                *(TransformerBlock(channels, heads, expansion, bias, centred) for _ in range(count))
            )

        self.patch_embed = PatchEmbed(planes, dim, bias)
        self.encoder_level1 = stage(dim, num_blocks[0], heads[0])
        self.down1_2 = Downsample(dim)
        self.encoder_level2 = stage(dim * 2, num_blocks[1], heads[1])
        self.down2_3 = Downsample(dim * 2)
        self.encoder_level3 = stage(dim * 4, num_blocks[2], heads[2])
        self.down3_4 = Downsample(dim * 4)
        self.latent = stage(dim * 8, num_blocks[3], heads[3])
        self.up4_3 = Upsample(dim * 8)
        self.reduce_chan_level3 = nn.Conv2d(dim * 8, dim * 4, 1, bias=bias)
        self.decoder_level3 = stage(dim * 4, num_blocks[2], heads[2])
        self.up3_2 = Upsample(dim * 4)
        self.reduce_chan_level2 = nn.Conv2d(dim * 4, dim * 2, 1, bias=bias)
        self.decoder_level2 = stage(dim * 2, num_blocks[1], heads[1])
        self.up2_1 = Upsample(dim * 2)
        self.decoder_level1 = stage(dim * 2, num_blocks[0], heads[0])
        self.refinement = stage(dim * 2, refinement, heads[0])
        self.output = nn.Conv2d(dim * 2, planes, 3, padding=1, bias=bias)

    def forward(self, image: Tensor) -> Tensor:
        if any(side % MULTIPLE for side in image.shape[2:]):
            raise ValueError(f"sides {tuple(image.shape[2:])}: they must be multiples of {MULTIPLE}")
        level1 = self.encoder_level1(self.patch_embed(image))
        level2 = self.encoder_level2(self.down1_2(level1))
        level3 = self.encoder_level3(self.down2_3(level2))
        x = self.latent(self.down3_4(level3))
        x = self.decoder_level3(self.reduce_chan_level3(jt.concat((self.up4_3(x), level3), 1)))
        x = self.decoder_level2(self.reduce_chan_level2(jt.concat((self.up3_2(x), level2), 1)))
        x = self.decoder_level1(jt.concat((self.up2_1(x), level1), 1))
        return self.output(self.refinement(x)) + image
