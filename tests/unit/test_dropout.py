"""Draws of both sides are paired by place, then in order; what cannot be paired alike is switched off."""

from __future__ import annotations

from harness.dropout import Agreement, Draw, agree, alone, read_draws


def draw(place: str, *shape: int, off: str = "") -> Draw:
    """A draw of this shape."""
    return Draw(f"{place}#0.0", list(shape), off)


def test_the_same_places_need_no_words() -> None:
    both = [draw("a", 2, 3), draw("b", 4)]
    assert agree(both, both) == Agreement()


def test_a_missing_dropout_shifts_nothing() -> None:
    assert agree([draw("a", 2, 3), draw("b", 2, 3)], [draw("b", 2, 3)]) == Agreement()


def test_what_stands_elsewhere_draws_what_its_partner_draws() -> None:
    ours = [draw("a", 2, 3), draw("b.drop", 4), draw("c", 4)]
    its = [draw("a", 2, 3), draw("b", 4), draw("c", 4)]
    assert agree(ours, its) == Agreement(moved={"b#0.0": "b.drop#0.0"})


def test_draws_that_moved_keep_their_order() -> None:
    ours = [draw("one", 4), draw("two", 6), draw("three", 4)]
    its = [draw("a", 6), draw("b", 4)]
    assert agree(ours, its).moved == {"a#0.0": "two#0.0", "b#0.0": "three#0.0"}


def test_other_numbers_at_the_same_place_are_a_fault_of_the_port() -> None:
    assert agree([draw("a", 2, 3, 1, 1)], [draw("a", 2, 3, 5, 5)]) == Agreement()


def test_axes_that_are_joined_lie_in_the_same_order() -> None:
    assert agree([draw("a", 2, 4, 5, 5)], [draw("a", 8, 5, 5)]) == Agreement()
    assert agree([draw("a", 2, 4, 1, 1)], [draw("a", 2, 4)]) == Agreement()


def test_axes_in_another_order_have_no_mask_that_fits_both() -> None:
    found = agree([draw("a", 3, 4, 5)], [draw("a", 4, 3, 5)])
    assert found.off == {
        "a#0.0": "its numbers lie in the shape [3, 4, 5] on one side and [4, 3, 5] on the other"
    }


def test_numbers_of_another_kind_are_no_partners() -> None:
    ours, its = [Draw("a#0.0", [4])], [Draw("a#0.0", [4], kind="normal")]
    assert agree(ours, its).off == {"a#0.0": "its numbers are uniform on one side and normal on the other"}
    assert agree([Draw("b#0.0", [4])], its) == Agreement()


def test_what_one_side_cannot_mask_is_off_on_both() -> None:
    ours, its = [draw("a", off="in a kernel")], [draw("a", 2, 3)]
    assert agree(ours, its).off == agree(its, ours).off == {"a#0.0": "in a kernel"}
    assert alone(ours).off == {"a#0.0": "in a kernel"}
    assert alone(its) == Agreement()


def test_a_strangers_note_says_nothing() -> None:
    assert read_draws([{"place": "a#0.0", "shape": [2], "off": ""}]) == [Draw("a#0.0", [2])]
    for odd in (None, 3, "a", [3], [{"place": 3}], [{"shape": ["x"]}], {"place": "a"}):
        assert read_draws(odd) == []
