"""Nodes of Jittor's graph are told apart in old versions as in new ones."""

from __future__ import annotations

import jittor as jt
import pytest

from ports_jittor.torchlike import nodes


class Older:
    """A variable as Jittor had it before 1.3.8: it does not tell its number."""

    def __init__(self, variable: jt.Var) -> None:
        self._variable = variable

    def debug_msg(self) -> str:
        """What a variable says of itself."""
        said: str = self._variable.debug_msg()
        return said


def test_the_number_is_jittors_own() -> None:
    variable = jt.ones((2, 3)) * 2
    assert nodes.number(variable) == variable.id
    assert nodes.number(Older(variable)) == variable.id


def test_every_node_has_another_and_keeps_it() -> None:
    first = jt.ones(3)
    second = first + 1
    numbers = [nodes.number(Older(one)) for one in (first, second)]
    assert numbers[0] < numbers[1]
    second.sync()
    assert nodes.number(Older(second)) == numbers[1]
    first.assign(second)
    assert nodes.number(Older(first)) == numbers[1], "two names of one node"


def test_a_jittor_that_tells_no_number_is_refused() -> None:
    class Oldest:
        def debug_msg(self) -> str:
            return "Var(0x55d0c0ffee00:1:1:1:i0:o0:s1:n0,float32,,0)[1,]"

    with pytest.raises(RuntimeError, match=r"does not tell the number of a node: Var\(0x55"):
        nodes.number(Oldest())
