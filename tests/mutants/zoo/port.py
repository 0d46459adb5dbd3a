"""The ports of the zoo, each with one mistake; the variant says which."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import jittor as jt
from jittor import nn

from tests.mutants import zoo as zoo


def build(variant: str) -> nn.Module:
    pair, _, fault = variant.partition(", ")
    sound = importlib.import_module(f"{pair}_jittor")
    model = sound.build("small")
    model.__dict__["losses"] = sound.losses
    MISTAKES[variant](model)
    assert fault
    return model


def does(module: nn.Module, execute: Callable[..., Any], name: str = "execute") -> None:
    """Let this one module compute in another way."""
    kind = type(module)
    module.__class__ = type(kind.__name__, (kind,), {name: execute, "__module__": kind.__module__})


def two_heads(model: Any) -> None:
    attention = model.layers[1].self_attn
    attention.num_heads, attention.head_dim = 2, attention.embed_dim // 2


def relu_for_gelu(model: Any) -> None:
    def execute(self: Any, x: Any) -> Any:
        x = self.norm1(x + self.dropout1(self.self_attn(x, x, x, need_weights=False)[0]))
        return self.norm2(x + self.dropout2(self.linear2(self.dropout(nn.relu(self.linear1(x))))))

    does(model.layers[0], execute)


def batch_first(model: Any) -> None:
    model.lstm.batch_first = True


def one_direction(model: Any) -> None:
    def execute(self: Any, x: Any, hx: Any = None) -> Any:
        found, last = nn.GRU.execute(self, x, hx)
        half = found[..., : self.hidden_size]
        return jt.concat([half, half], -1), last

    does(model.gru, execute)


def frozen_embedding(model: Any) -> None:
    model.embed.weight.stop_grad()


def kernel_turned(model: Any) -> None:
    plain = type(model.up2).execute

    def execute(self: Any, x: Any) -> Any:
        weight = self.weight
        self.__dict__["weight"] = weight.transpose(2, 3)
        try:
            return plain(self, x)
        finally:
            self.__dict__["weight"] = weight

    does(model.up2, execute)


def momentum(model: Any) -> None:
    model.norm1.momentum = 0.01


def other_groups(model: Any) -> None:
    model.middle.norm2.num_groups = 8


def cosine_first(model: Any) -> None:
    plain = type(model).embedded

    def embedded(self: Any, step: Any) -> Any:
        sine, cosine = plain(self, step).chunk(2, 1)
        return jt.concat([cosine, sine], 1)

    does(model, embedded, "embedded")


def shift_back(model: Any) -> None:
    from swin_jittor import whole, windows

    def execute(self: Any, x: Any) -> Any:
        inner = jt.misc.roll(self.norm1(x), (-self.shift, -self.shift), (1, 2))
        inner = whole(self.attended(windows(inner)), x.shape[0])
        x = x + jt.misc.roll(inner, (-self.shift, -self.shift), (1, 2))
        return x + self.outer(nn.gelu(self.inner(self.norm2(x))))

    does(model.blocks[1], execute)


def no_mask(model: Any) -> None:
    model.blocks[1]._mask = None


def last_one_wins(model: Any) -> None:
    from points_jittor import CELLS, NEAR

    def execute(self: Any, place: Any, cell: Any) -> Any:
        far = ((place[:, :, None] - place[:, None]) ** 2).sum(-1)
        near = jt.topk(-far, NEAR, -1)[1]
        x = self.second(self.first(place, near), near)
        index = cell[:, :, None].expand(-1, -1, x.shape[-1])
        cells = jt.scatter(jt.zeros((x.shape[0], CELLS, x.shape[-1])), 1, index, x)
        return self.head(self.norm(x)), cells

    does(model, execute)


def difference_reversed(model: Any) -> None:
    from points_jittor import NEAR

    def execute(self: Any, x: Any, near: Any) -> Any:
        batch, count, width = x.shape
        found = jt.gather(x, 1, near.reshape(batch, -1, 1).expand(-1, -1, width))
        here = x[:, :, None].expand(-1, -1, NEAR, -1)
        found = found.reshape(batch, count, NEAR, width)
        return self.outer(nn.relu(self.inner(jt.concat([here, here - found], -1)))).max(2)

    does(model.second, execute)


def _attention(aligned: bool, axis: int) -> Callable[..., Any]:
    from detector_jittor import PLACES

    def execute(self: Any, query: Any, centre: Any, features: Any) -> Any:
        batch, count, width = query.shape
        value = self.value(features)
        value = value.reshape(batch * self.heads, width // self.heads, *value.shape[2:])
        offset = self.offset(query).reshape(batch, count, self.heads, PLACES, 2)
        grid = 2 * (centre[:, :, None, None] + 0.1 * jt.tanh(offset)) - 1
        grid = grid.transpose(1, 2).reshape(batch * self.heads, count, PLACES, 2)
        found = nn.grid_sample(value, grid, mode="bilinear", padding_mode="zeros", align_corners=aligned)
        weight = nn.softmax(self.weight(query).reshape(batch, count, self.heads, PLACES), axis)
        weight = weight.transpose(1, 2).reshape(batch * self.heads, 1, count, PLACES)
        return self.out((found * weight).sum(-1).reshape(batch, width, count).transpose(1, 2))

    return execute


def corners_aligned(model: Any) -> None:
    does(model.attention[1], _attention(True, -1))


def softmax_over_heads(model: Any) -> None:
    does(model.attention[0], _attention(False, 2))


def _mixed(first: float | None, choose: Callable[..., Any]) -> Callable[..., Any]:
    def execute(self: Any, kind: Any, count: Any, present: Any) -> Any:
        x = self.kind(kind)
        x += self.amount(count[..., None].float32())
        if first is not None:
            x[:, 0] = first
        x *= present[..., None].float32()
        inner = nn.relu(self.inner(x)) + x
        inner.multiply_(0.5).add_(1.0)
        best = self.outer(inner)
        more = {"largest": inner.max(-1), "chosen": choose(best, -1)[0]}
        total = inner.sum(1) / present.sum(1, keepdims=True).float32()
        return {"scores": best, "parts": [total, more], "seen": (present.sum(1),)}

    return execute


def first_row_kept(model: Any) -> None:
    does(model, _mixed(None, jt.argmax))


def wrong_choice(model: Any) -> None:
    does(model, _mixed(0.0, jt.argmin))


def relu_in_training(model: Any) -> None:
    def execute(self: Any, image: Any) -> Any:
        x = self.channels(nn.gelu(self.norm(self.start(image))))
        x = (x + self.path(self.inner(x))).mean((2, 3))
        x = self.drop(nn.relu(self.hidden(x)))
        return self.head(nn.dropout(x, 0.1, self.is_training()))

    does(model, execute)


def eps(model: Any) -> None:
    model.norm.eps = 1e-2


def head_untied(model: Any) -> None:
    model.head.weight = nn.Parameter(model.embed.weight.copy())


def sum_for_mean(model: Any) -> None:
    def execute(self: Any, x: Any) -> Any:
        return x + self.outer(nn.gelu(self.inner(self.norm(jt.cumsum(x, 1)))))

    does(model.mix[1], execute)


MISTAKES: dict[str, Callable[[Any], None]] = {
    "transformer, two heads": two_heads,
    "transformer, relu for gelu": relu_for_gelu,
    "recurrent, batch first": batch_first,
    "recurrent, one direction": one_direction,
    "recurrent, frozen embedding": frozen_embedding,
    "generator, kernel turned": kernel_turned,
    "generator, momentum": momentum,
    "diffusion, other groups": other_groups,
    "diffusion, cosine first": cosine_first,
    "swin, shift back": shift_back,
    "swin, no mask": no_mask,
    "points, last one wins": last_one_wins,
    "points, difference reversed": difference_reversed,
    "detector, corners aligned": corners_aligned,
    "detector, softmax over heads": softmax_over_heads,
    "mixed, first row kept": first_row_kept,
    "mixed, wrong choice": wrong_choice,
    "dropping, relu for gelu": relu_in_training,
    "dropping, eps": eps,
    "tied_lm, head untied": head_untied,
    "tied_lm, sum for mean": sum_for_mean,
}
