"""The models. Each is the reference where it has no fault, and a port with the fault that it is told of.

Faults whose names begin with `other` compute the same in another way: such a port is sound.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Odd(nn.Module):
    """A model with a fault, or with none."""

    faults: tuple[str, ...] = ()

    def __init__(self, fault: str = "") -> None:
        super().__init__()
        self.fault = fault
        self.first = nn.Linear(6, 6)
        self.last = nn.Linear(6, 6)

    def has(self, fault: str) -> bool:
        return self.fault == fault


class Rank(Odd):
    """The mean keeps the axis that it goes over."""

    faults = ("lost_axis", "other_order")

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(self.first(x))
        centre = x.mean(1, keepdim=True)
        x = self.last(x)
        if self.has("lost_axis"):
            return x.mean(1)
        if self.has("other_order"):
            return centre * 0 + x.mean(1, keepdim=True)
        return x.mean(1, keepdim=True) + centre * 0


class Broadcast(Odd):
    """A weight for each sample; without its axis it is one for each place: the batch is as long."""

    faults = ("no_unsqueeze",)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        weight = torch.sigmoid(x.mean((1, 2)))
        if self.has("no_unsqueeze"):
            return self.last(x * weight[None, :, None])
        return self.last(x * weight[:, None, None])


class Doubled(Odd):
    """The sum of a column and a column; a missing axis makes a matrix of it, hidden by the mean after it."""

    faults = ("outer",)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).mean(1)
        score = torch.sigmoid(x).sum(1, keepdim=True)
        other = torch.tanh(x).sum(1, keepdim=True)
        if self.has("outer"):
            score = score[:, 0]
        return self.last(x) + ((score - other) ** 2).mean()


class Viewed(Odd):
    """Two axes change places; with `reshape` the size is the same and the elements are not."""

    faults = ("reshaped", "other_permute")

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        if self.has("reshaped"):
            x = x.reshape(x.shape[0], x.shape[2], x.shape[1])
        elif self.has("other_permute"):
            x = x.permute(0, 2, 1).contiguous()
        else:
            x = x.transpose(1, 2)
        return self.last(torch.relu(x).transpose(1, 2) if x.shape[2] != 6 else torch.relu(x))


class Flat(Odd):
    """The output has as many elements in another shape."""

    faults = ("flattened", "transposed")

    def forward(self, x: Tensor) -> Tensor:
        x = self.last(torch.relu(self.first(x)))
        if self.has("flattened"):
            return x.flatten(1)
        return x.transpose(1, 2) if self.has("transposed") else x


class Resized(Odd):
    """A function between layers returns another shape; a mean hides it afterwards."""

    faults = ("pool",)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x).transpose(1, 2)
        x = F.avg_pool1d(x, 2 if self.has("pool") else 1)
        x = F.interpolate(x, size=12)
        return self.last(x.transpose(1, 2).mean(1))


class NotANumber(Odd):
    """Half of the output is no number, on both sides."""

    faults = ("scaled", "all_nan")

    def forward(self, x: Tensor) -> Tensor:
        x = self.last(torch.relu(self.first(x)))
        if self.has("all_nan"):
            return x * float("nan")
        x = torch.cat([x[:, :1] * 0 + float("nan"), x[:, 1:]], 1)
        return x * 1.01 if self.has("scaled") else x


class AllNaN(Odd):
    """Nothing of the output is a number, on both sides."""

    faults = ("scaled",)

    def forward(self, x: Tensor) -> Tensor:
        x = self.last(torch.relu(self.first(x))) * float("nan")
        return x * 1.01 if self.has("scaled") else x


class Infinite(Odd):
    """A mask of minus infinity; zeros with a sign."""

    faults = ("finite", "positive", "other_zero")

    def forward(self, x: Tensor) -> Tensor:
        x = self.last(self.first(x))
        mask = x < -0.5
        value = float("inf") if self.has("positive") else -1e9 if self.has("finite") else float("-inf")
        shown = x.detach().masked_fill(mask, value)
        zero = torch.zeros_like(x)
        return torch.cat([shown, -zero if self.has("other_zero") else zero, x], 1)


class Indices(Odd):
    """Integers come out: the largest place, one further, or as numbers with a point."""

    faults = ("off_by_one", "as_float", "other_width", "transposed_axis")

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = self.last(torch.relu(self.first(x)))
        place = x.argmax(1 if not self.has("transposed_axis") else 2)
        if self.has("off_by_one"):
            place = place + 1
        if self.has("as_float"):
            place = place.float()
        if self.has("other_width"):
            place = place.int()
        return {"place": place, "score": x}


class Masks(Odd):
    """Truth values come out."""

    faults = ("inverted", "one_flipped", "as_float", "other_integers")

    def forward(self, x: Tensor) -> dict[str, Any]:
        x = self.last(torch.relu(self.first(x)))
        mask = x > 0
        if self.has("inverted"):
            mask = ~mask
        if self.has("one_flipped"):
            mask = torch.cat([~mask.flatten()[:1], mask.flatten()[1:]]).reshape(mask.shape)
        if self.has("as_float"):
            mask = mask.float()
        if self.has("other_integers"):
            mask = mask.int()
        return {"mask": mask, "score": x}


class Empty(Odd):
    """No detection: an output without elements."""

    faults = ("wider", "gone", "found")

    def forward(self, x: Tensor) -> dict[str, Any]:
        x = self.last(torch.relu(self.first(x)))
        boxes = x.new_zeros((0, 5 if self.has("wider") else 4))
        if self.has("found"):
            boxes = x.new_zeros((1, 4))
        return {"score": x} if self.has("gone") else {"boxes": boxes, "score": x}


class Twice(Odd):
    """The same layer twice."""

    faults = ("once", "thrice", "second_input")

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.first(x))
        if not self.has("once"):
            x = torch.relu(self.first(x * 1.1 if self.has("second_input") else x))
        if self.has("thrice"):
            x = torch.relu(self.first(x))
        return self.last(x)


class Conditional(Odd):
    """A layer that the input decides on, and one that is never called."""

    faults = ("never", "always", "called")

    def __init__(self, fault: str = "") -> None:
        super().__init__(fault)
        self.unused = nn.Linear(6, 6)

    def forward(self, x: Tensor) -> Tensor:
        if not self.has("never") and float(x.shape[1]) > 3:
            x = torch.relu(self.first(x))
        if self.has("always"):
            x = torch.relu(self.first(x))
        if self.has("called"):
            x = x + self.unused(x)
        return self.last(x)


class Unused(Odd):
    """A parameter has no part in the result."""

    faults = ("used", "dropped")

    def __init__(self, fault: str = "") -> None:
        super().__init__(fault)
        self.shift = nn.Parameter(torch.zeros(6))
        self.scale = nn.Parameter(torch.ones(6))

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.first(x))
        if not self.has("dropped"):
            x = x * self.scale
        if self.has("used"):
            x = x + self.shift
        return self.last(x)


class Keys(Odd):
    """Outputs by name."""

    faults = ("missing", "extra", "renamed", "exchanged", "other_order")

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = torch.relu(self.first(x))
        found = {"a": self.last(x), "b": torch.tanh(x)}
        if self.has("missing"):
            del found["b"]
        if self.has("extra"):
            found["c"] = x * 2
        if self.has("renamed"):
            found["bb"] = found.pop("b")
        if self.has("exchanged"):
            found = {"a": found["b"], "b": found["a"]}
        if self.has("other_order"):
            found = {"b": found["b"], "a": found["a"]}
        return found


class Tuples(Odd):
    """Outputs by place, one of them nothing."""

    faults = ("exchanged", "shorter", "longer", "nothing_filled", "other_list")

    def forward(self, x: Tensor) -> Any:
        x = torch.relu(self.first(x))
        one, other = self.last(x), torch.tanh(x)
        if self.has("exchanged"):
            return other, None, one
        if self.has("shorter"):
            return one, None
        if self.has("longer"):
            return one, None, other, x * 2
        if self.has("nothing_filled"):
            return one, x * 2, other
        return [one, None, other] if self.has("other_list") else (one, None, other)


class Picked(Odd):
    """Elements are picked by indices of 64 bits."""

    faults = ("wrong_row", "other_width")

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        rows = torch.tensor([0, 2, 3 if self.has("wrong_row") else 1])
        if self.has("other_width"):
            rows = rows.int()
        return self.last(torch.index_select(x, 1, rows))


class Precise(Odd):
    """Element types of floating numbers."""

    faults = ("wide_layer", "wide_output", "half_output", "other_wide_inside", "half_inside")

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        if self.has("wide_layer"):
            return F.linear(torch.softmax(x.double(), 2), self.last.weight.double(), self.last.bias.double())
        if self.has("half_inside"):
            x = x.half().float()
        x = torch.softmax(x.double(), 2).float() if self.has("other_wide_inside") else torch.softmax(x, 2)
        x = self.last(x)
        if self.has("wide_output"):
            x = x.double()
        return x.half() if self.has("half_output") else x


class WideLayer(nn.Module):
    """A layer of the user's own, whose result may be of another type."""

    def __init__(self, wide: bool) -> None:
        super().__init__()
        self.wide = wide

    def forward(self, x: Tensor) -> Tensor:
        x = torch.tanh(x)
        return x.double() if self.wide else x


class Halves(Odd):
    """A layer that returns half precision on both sides."""

    faults = ("single", "other_wide")

    def __init__(self, fault: str = "") -> None:
        super().__init__(fault)
        self.middle = WideLayer(fault == "other_wide")

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        x = self.last(self.middle(self.first(x)).to(x.dtype))
        rough = x.detach()
        return {"rough": rough if self.has("single") else rough.half(), "score": x}


class Detached(Odd):
    """Nothing is learned through the first part, whose weights are frozen."""

    faults = ("attached",)

    def __init__(self, fault: str = "") -> None:
        super().__init__(fault)
        self.middle = nn.Linear(6, 6)
        self.first.requires_grad_(False)
        self.middle.requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.middle(torch.relu(self.first(x)))
        return self.last(torch.tanh(x if self.has("attached") else x.detach()))


class Grow(nn.Module):
    """Adds two channels; a `whole` one hands on the others, too."""

    def __init__(self, given: int, whole: bool, front: bool, momentum: float) -> None:
        super().__init__()
        self.whole, self.front = whole, front
        self.norm = nn.BatchNorm1d(5, momentum=momentum)
        self.make = nn.Linear(given, 2)

    def forward(self, given: Tensor | list[Tensor]) -> Tensor:
        x = torch.cat(given, 2) if isinstance(given, list) else given
        new = self.make(torch.relu(self.norm(x)))
        if not self.whole:
            return new
        return torch.cat([new, x] if self.front else [x, new], 2)


class Dense(Odd):
    """Each layer takes all before it: they are joined around the layers, or by another port inside them."""

    faults = ("other_inside", "front", "momentum")

    def __init__(self, fault: str = "") -> None:
        super().__init__(fault)
        momentum = 0.01 if fault == "momentum" else 0.1
        self.grow = nn.ModuleList(
            [Grow(width, bool(fault), fault == "front" and width == 8, momentum) for width in (6, 8, 10)]
        )
        self.end = nn.Linear(12, 6)

    def forward(self, x: Tensor) -> Tensor:
        x = self.first(x)
        parts = [x]
        for grow in self.grow:
            x = grow(x) if self.fault else grow(parts)
            parts.append(x)
        return self.last(torch.relu(self.end(x if self.fault else torch.cat(parts, 2))))


class Around(nn.Module):
    """Takes away from each place what stands at another one."""

    def forward(self, x: Tensor, near: Tensor) -> Tensor:
        index = near[:, :, None].expand(-1, -1, x.shape[2])
        return torch.relu(torch.gather(x, 1, index) - x)


class Shared(Odd):
    """One tensor of places goes to two layers, which gather by it inside."""

    faults = ("far",)

    def __init__(self, fault: str = "") -> None:
        super().__init__(fault)
        self.around = nn.ModuleList([Around(), Around()])

    def forward(self, x: Tensor) -> Tensor:
        order = x.detach().sum(2).argsort(1, descending=self.fault == "far")
        x = self.around[0](self.first(x), order)
        return self.last(self.around[1](x, order))


ODD: dict[str, type[Odd]] = {
    kind.__name__.lower(): kind
    for kind in (Rank, Broadcast, Doubled, Viewed, Flat, Resized, NotANumber, AllNaN, Infinite, Indices,
                 Masks, Empty, Twice, Conditional, Unused, Keys, Tuples, Picked, Precise, Halves, Detached,
                 Dense, Shared)
}  # fmt: skip
