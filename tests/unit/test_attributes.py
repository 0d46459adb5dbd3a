"""Which attributes of two models count as different."""

from __future__ import annotations

from typing import Any

import pytest

from harness.attributes import AttributeDifference, attribute_differences, same_value
from harness.layer_note import LayerNote, read_layer_notes


@pytest.mark.parametrize(
    ("name", "reference", "port"),
    [
        ("kernel_size", 2, [2, 2]),
        ("kernel_size", (3, 3), [3, 3]),
        ("stride", [1, 1], 1),
        ("bias", True, 1),
        ("scale_factor", 2.0, [2, 2]),
        ("align_corners", None, False),
        ("return_indices", False, None),
        ("eps", 1e-5, 9.999999747378752e-06),  # as float32 holds it
        ("mode", "zeros", "zeros"),
        ("limit", None, None),
    ],
)
def test_values_that_mean_the_same(name: str, reference: Any, port: Any) -> None:
    assert same_value(name, reference, port)
    assert same_value(name, port, reference)


@pytest.mark.parametrize(
    ("name", "reference", "port"),
    [
        ("eps", 1e-5, 1e-3),
        ("eps", 1e-5, 1.1e-5),
        ("stride", 2, [2, 1]),
        ("stride", [2, 2], [2, 2, 2]),
        ("stride", 1, []),
        ("align_corners", None, True),
        ("dim", None, [None]),
        ("padding", None, 0),
        ("mode", "bilinear", "nearest"),
        ("mode", "1", 1),
    ],
)
def test_values_that_do_not(name: str, reference: Any, port: Any) -> None:
    assert not same_value(name, reference, port)
    assert not same_value(name, port, reference)


def layer(type: str, **attributes: Any) -> LayerNote:
    return LayerNote(type, attributes)


def test_only_what_both_have_is_compared() -> None:
    reference = {"bn": layer("BatchNorm2d", eps=1e-5, momentum=0.1, affine=True), "only": layer("ReLU")}
    port = {"bn": layer("BatchNorm", eps=1e-3, momentum=0.1, sync=True), "other": layer("Relu")}
    assert attribute_differences(reference, port) == [AttributeDifference("bn", "eps", 1e-5, 1e-3)]


def test_an_attribute_may_have_another_name() -> None:
    reference = {"act": layer("LeakyReLU", negative_slope=0.1)}
    assert attribute_differences(reference, {"act": layer("Leaky_relu", scale=0.1)}) == []
    assert attribute_differences(reference, {"act": layer("Leaky_relu", scale=0.01)}) == [
        AttributeDifference("act", "negative_slope", 0.1, 0.01)
    ]


@pytest.mark.parametrize(
    ("kind", "ours", "its", "differs"),
    [
        ("mul", {"1": 0.8}, {"value": 0.4}, True),
        ("mul", {"1": 0.8}, {"value": 0.8}, False),
        ("add", {"1": 1, "alpha": 2.0}, {"value": 3}, False),  # which of both it is is not known
        ("mul", {"1": True}, {"value": 0.4}, False),
        ("softmax", {"1": 1}, {"axis": 2}, False),
    ],
)
def test_the_number_of_an_operation_may_have_another_name(
    kind: str, ours: dict[str, Any], its: dict[str, Any], differs: bool
) -> None:
    path = f"(model)/{kind}.0"
    found = attribute_differences({path: LayerNote(kind, ours)}, {path: LayerNote(kind, its)})
    assert found == ([AttributeDifference(path, "1", 0.8, 0.4)] if differs else [])


def test_another_kind_of_layer_is_a_difference_and_another_name_is_not() -> None:
    reference = {"act": layer("ReLU"), "own": layer("Block")}
    assert attribute_differences(reference, {"act": layer("relu"), "own": layer("BlockForJittor")}) == []
    assert attribute_differences(reference, {"act": layer("LeakyReLU"), "own": layer("Conv")}) == [
        AttributeDifference("act", "type", "ReLU", "LeakyReLU")
    ]


def test_what_has_no_effect_does_not_count() -> None:
    reference = {"pool": layer("AvgPool2d", padding=0, count_include_pad=True)}
    port = {"pool": layer("AvgPool2d", padding=[0, 0], count_include_pad=False)}
    assert attribute_differences(reference, port) == []
    for table in (reference, port):
        table["pool"].attributes["padding"] = 1
    assert [item.name for item in attribute_differences(reference, port)] == ["count_include_pad"]


def test_notes_from_a_file_may_hold_anything() -> None:
    odd = {"a": 1, "b": {"type": 3}, "c": {"attributes": []}, "d": {"type": "ReLU", "attributes": {"eps": 1}}}
    notes = read_layer_notes(odd)
    assert notes == {"b": LayerNote(), "c": LayerNote(), "d": LayerNote("ReLU", {"eps": 1})}
    assert read_layer_notes([odd]) == read_layer_notes(None) == {}
    assert attribute_differences(notes, {"b": layer("ReLU"), "d": layer("ReLU")}) == []


def test_a_note_is_kept_as_it_is_read() -> None:
    notes = {"conv": LayerNote("Conv2d", {"bias": True}, "torch.nn"), "add.0": LayerNote("add")}
    assert read_layer_notes({path: note.to_dict() for path, note in notes.items()}) == notes
    assert "origin" not in notes["add.0"].to_dict()
