"""What a state that does not fit is refused with."""

from __future__ import annotations

import numpy as np
import pytest

from harness.errors import BadInput
from harness.sides.state import check_state
from harness.worker import answer


def refusal(wanted: dict[str, tuple[int, ...]], given: dict[str, tuple[int, ...]]) -> str:
    with pytest.raises(BadInput) as refused:
        check_state("jittor", wanted, {key: np.zeros(shape) for key, shape in given.items()})
    return str(refused.value)


def test_every_key_is_named_however_many_there_are() -> None:
    wanted = {f"stage.{number}.conv.weight": (4, number + 1) for number in range(700)}
    said = refusal(wanted, {f"module.{key}": shape for key, shape in wanted.items()})
    assert "700 missing" in said
    assert "700 unexpected" in said
    for key in wanted:
        assert f"{key}, perhaps module.{key}" in said


def test_weights_of_another_model_are_called_so_in_short() -> None:
    said = refusal(
        {f"stage.{number}.weight": (4, 4) for number in range(200)},
        {f"encoder_{number}/kernel_of_another": (3, number + 1) for number in range(300)},
    )
    assert "of another one" in said
    assert "their 300 keys (encoder_0/kernel_of_another; encoder_1/kernel" in said
    assert "the model's 200 (stage.0.weight;" in said
    assert len(said) < 400


def test_shapes_decide_between_names_that_are_as_near() -> None:
    said = refusal({"net.bias": (3,)}, {"net1.bias": (4,), "net2.bias": (3,)})
    assert "net.bias, perhaps net2.bias" in said


def test_a_long_list_crosses_the_pipe_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(side: object, request: object) -> None:
        raise BadInput("key " * 5_000 + "last")

    monkeypatch.setattr("harness.sides.verbs.call_verb", refuse)
    said = answer(object(), "load", {"state": "state.h5"})["error"]["message"]  # type: ignore[arg-type]
    assert said.endswith("last")
