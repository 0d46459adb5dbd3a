"""Gives torch's dropouts the masks that the harness draws, also inside its attention.

A recurrent layer draws inside its kernel, which takes no mask: there nothing is dropped.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from harness.sides.dropout import dropping_frame
from harness.sides.masks import Masks
from harness.sides.operations import draws
from harness.sides.torch_dropout import RECURRENT, drops_in_kernel, without_rate

_ELEMENTS = ("dropout",)
_CHANNELS = ("feature_dropout", "dropout1d", "dropout2d", "dropout3d")
_UNBATCHED = {"dropout1d": 2, "dropout3d": 4}  # axes of what is one sample without a batch
_KERNELS = ("native_dropout", "alpha_dropout", "feature_alpha_dropout")
_ATTENTION = "scaled_dot_product_attention"
_MANY_HEADS = "multi_head_attention_forward"
_ATTEND: Any = getattr(functional, _ATTENTION, None)  # PyTorch 2.0 brought it
_UNIFORM = frozenset(["rand", "rand_like", "uniform_"])
_YES_OR_NO = frozenset(["bernoulli", "bernoulli_"])
_NORMAL = frozenset(["randn", "randn_like", "normal", "normal_"])
_ANSWERED = _UNIFORM | _YES_OR_NO | _NORMAL | {"randint", "randperm"}


class SharedDropout(TorchFunctionMode):
    """Answers every function that drops, and every draw of the model, from the masks."""

    def __init__(self, masks: Masks) -> None:
        super().__init__()
        self.masks = masks

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        name, given = getattr(func, "__name__", ""), dict(kwargs or {})
        plain = name.rstrip("_")
        if plain in _ELEMENTS or plain in _CHANNELS:
            return self._dropped(name, *args, **given)
        if name == _ATTENTION:
            return self._attended(*args, **given)
        if name == _MANY_HEADS:
            return self._many_heads(func, args, given)
        if name in RECURRENT or plain in _KERNELS:
            return self._in_kernel(func, name, args, given)
        frame = dropping_frame() if draws(name) else None
        if frame is not None:
            return self._drawn(frame, func, name, args, given)
        if name in _ANSWERED and given.get("generator") is None:
            return self._drawn_for_no_dropout(func, name, args, given)
        return func(*args, **given)

    def _dropped(
        self,
        name: str,
        input: Tensor,
        p: float = 0.5,
        training: bool = True,
        inplace: bool = False,
        **other: bool,
    ) -> Tensor:
        """What is left of a tensor; by elements or by channels, in place where the name ends so."""
        training = other.get("train", training)
        if not 0 <= p <= 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        shape = _drawn_shape(name.rstrip("_"), input)
        if not training or p == 0 or self.masks.is_off(shape):
            return input
        factor = self._factor(shape, p, input)
        return input.mul_(factor) if inplace or name.endswith("_") else input * factor

    def _factor(self, shape: Sequence[int], p: float, like: Tensor) -> Tensor:
        kept = torch.from_numpy(self.masks.uniform(shape) >= p).to(like.device)
        return kept.to(like.dtype) / (1 - p) if p < 1 else kept.to(like.dtype) * 0

    def _attended(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        attn_mask: Tensor | None = None,
        dropout_p: float = 0.0,
        is_causal: bool = False,
        **more: Any,
    ) -> Tensor:
        """Torch's attention; where it drops, by its formula, for the fused kernels draw masks themselves."""
        shape = [*query.shape[:-1], key.shape[-2]]
        if dropout_p == 0 or self.masks.is_off(shape):
            attended: Tensor = _ATTEND(query, key, value, attn_mask, 0.0, is_causal, **more)
            return attended
        if more.get("enable_gqa"):
            key, value = (_repeated(given, query.shape[-3]) for given in (key, value))
        weights = attention_weights(query, key, attn_mask, is_causal, more.get("scale"))
        return (weights * self._factor(weights.shape, dropout_p, weights)) @ value

    def _many_heads(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
        """The whole function, in which the two functions that drop are answered from the masks."""

        def dropped(*args: Any, **kwargs: Any) -> Tensor:
            return self._dropped("dropout", *args, **kwargs)

        plain = functional.dropout
        functional.dropout = dropped
        if _ATTEND is not None:
            functional.scaled_dot_product_attention = self._attended  # type: ignore[assignment]
        try:
            return func(*args, **kwargs)
        finally:
            functional.dropout = plain
            if _ATTEND is not None:
                functional.scaled_dot_product_attention = _ATTEND

    def _in_kernel(
        self, func: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """A function whose kernel draws, with a rate of zero."""
        if drops_in_kernel(name, args, kwargs):
            self.masks.is_off(why=f"{name} draws inside its kernel, which takes no mask")
        args, given = without_rate(name, args, kwargs)
        return func(*args, **given)

    def _drawn(
        self,
        frame: FrameType,
        func: Callable[..., Any],
        name: str,
        args: tuple[Any, ...],
        kwargs: Mapping[str, Any],
    ) -> Any:
        """What a dropout of somebody's own draws: numbers from 0 to 1, or yes and no."""
        found = func(*args, **kwargs)
        if not isinstance(found, Tensor):
            return found
        if name not in _UNIFORM | _YES_OR_NO:
            self.masks.is_off(found.shape, why=f"it draws by {name}, which no mask stands for")
            return found
        if self.masks.is_off(found.shape):
            return found
        return _filled(found, self.masks.own_uniform(found.shape, frame, _array), name, args, kwargs)

    def _drawn_for_no_dropout(
        self, func: Callable[..., Any], name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> Any:
        """What the model draws otherwise: the port draws the same."""
        found = func(*args, **kwargs)
        if not isinstance(found, Tensor) or self.masks.is_left():
            return found
        masks, shape = self.masks, found.shape
        numbers = masks.normal(shape) if name in _NORMAL else masks.uniform(shape)
        return _filled(found, numbers, name, args, kwargs)


def _filled(
    found: Tensor, given: NDArray[Any], name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> Tensor:
    """What a function has drawn, with other numbers in it."""
    numbers = torch.from_numpy(given).to(found.device)
    if name in _YES_OR_NO:
        numbers = (numbers >= 1 - _chance(name, args, kwargs)).float()
    elif name == "uniform_":
        least, most = _argument(args, 1, kwargs, "from", 0.0), _argument(args, 2, kwargs, "to", 1.0)
        numbers = least + (most - least) * numbers
    elif name in ("normal", "normal_"):
        first = int(name == "normal_")
        mean = _argument(args, first, kwargs, "mean", 0.0)
        spread = _argument(args, first + 1, kwargs, "std", 1.0)
        numbers = mean + spread * numbers
    elif name == "randint":
        bounds = [value for value in args if isinstance(value, int)]
        most = bounds[-1] if bounds else kwargs["high"]
        least = bounds[0] if len(bounds) > 1 else kwargs.get("low", 0)
        numbers = (least + (most - least) * numbers).floor()
    elif name == "randperm":
        numbers = numbers.argsort()
    with torch.no_grad():
        return found.copy_(numbers)


def _argument(args: Sequence[Any], place: int, kwargs: Mapping[str, Any], name: str, default: float) -> Any:
    return args[place] if len(args) > place else kwargs.get(name, default)


def attention_weights(
    query: Tensor, key: Tensor, mask: Tensor | None, is_causal: bool, scale: float | None
) -> Tensor:
    """How much each query attends to each key, as torch's documentation writes it."""
    scores = query @ key.transpose(-2, -1) * (query.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        mask = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
    if mask is not None:
        scores = scores.masked_fill(~mask, -torch.inf) if mask.dtype == torch.bool else scores + mask
    return torch.softmax(scores, -1)


def _repeated(given: Tensor, heads: int) -> Tensor:
    """Keys or values that several heads of the queries share."""
    return given.repeat_interleave(heads // given.shape[-3], -3)


def _chance(name: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:
    """How likely a yes is: the tensor itself, or what is given beside it."""
    stated = args[1] if len(args) > 1 else kwargs.get("p")
    if stated is not None:
        return stated
    return args[0] if name == "bernoulli" else 0.5


def _drawn_shape(name: str, input: Tensor) -> list[int]:
    """The shape of what a function draws for a tensor."""
    if name in _ELEMENTS:
        return list(input.shape)
    if input.dim() == _UNBATCHED.get(name):
        return [input.shape[0], *[1] * (input.dim() - 1)]
    return [*input.shape[:2], *[1] * (input.dim() - 2)]


def _array(value: object) -> NDArray[Any] | None:
    return value.detach().cpu().numpy() if isinstance(value, Tensor) else None


@contextlib.contextmanager
def shared_dropout(masks: Masks, paths: Callable[[], Mapping[int, str]]) -> Iterator[None]:
    """Every dropout of torch drops by the masks, as long as the context lasts; `paths` names the modules."""
    plain = nn.Module.__call__

    def call(module: nn.Module, *args: Any, **kwargs: Any) -> Any:
        path = paths().get(id(module))
        if path is None:
            return plain(module, *args, **kwargs)
        masks.enter(path)
        try:
            return plain(module, *args, **kwargs)
        finally:
            masks.leave()

    nn.Module.__call__ = call  # type: ignore[method-assign]
    try:
        with SharedDropout(masks):
            yield
    finally:
        nn.Module.__call__ = plain  # type: ignore[method-assign]
