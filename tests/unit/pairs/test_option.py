"""Options of a variant: typed by the pair, part of the variant's name, refused before anything runs."""

from __future__ import annotations

import pytest

from harness import pairs
from harness.case import Case
from harness.errors import BadInput
from harness.flows.request import CompareRequest
from harness.flows.stored_case import pair_of
from harness.pairs import option

LED = pairs.find("led")


def test_an_option_is_part_of_the_name_and_reaches_the_model() -> None:
    variant = LED.variant("repnr_unet_pretrain[camera=3]")
    assert (variant.name, variant.options["camera"]) == ("repnr_unet_pretrain[camera=3]", 3)
    assert LED.variant("repnr_unet_pretrain[camera=2]") is LED.variant("repnr_unet_pretrain")


def test_a_request_with_options_makes_a_case_of_its_own() -> None:
    cases = [
        CompareRequest("led", option.joined("repnr_unet_pretrain", given)).case(LED)
        for given in ((), ("camera=2",), ("camera=3",), ("camera=4", "camera=3"))
    ]
    assert cases[0].digest() == cases[1].digest()
    assert cases[2].digest() == cases[3].digest() != cases[0].digest()
    stored = Case.from_dict(cases[2].to_dict(), "a file")
    assert LED.variant(stored.variant).options["camera"] == 3
    assert pair_of(stored, None, "a file").name == "led"


@pytest.mark.parametrize(
    ("variant", "given", "words"),
    [
        ("repnr_unet_pretrain", "camrea=3", r"no option 'camrea' \(perhaps camera\?\); it has camera"),
        (
            "repnr_unet_pretrain",
            "camera=6",
            "camera=6 is not allowed.* from -1 to 5",
        ),
        ("repnr_unet_pretrain", "camera=two", "camera=two is not allowed"),
        ("unet", "camera=3", "led unet has no option 'camera'; it has none"),
    ],
)
def test_what_the_pair_does_not_declare_is_refused(variant: str, given: str, words: str) -> None:
    with pytest.raises(BadInput, match=words) as refused:
        CompareRequest("led", option.joined(variant, [given])).case(LED)
    assert refused.value.exit_code == 2


@pytest.mark.parametrize("name", ["n[", "n]", "n[a=1]x", "n[[a=1]]"])
def test_brackets_elsewhere_are_letters(name: str) -> None:
    assert option.split(name) == (name, {})


def test_options_alone_are_of_the_first_variant() -> None:
    first = next(iter(LED.variants))
    with pytest.raises(BadInput, match=f"led {first} has no option 'camera'"):
        LED.variant("[camera=3]")
    assert LED.variant("[]") is LED.variant(None) is LED.variants[first]


def test_the_header_of_a_trace_tells_the_camera() -> None:
    header = {"variant": "repnr_unet", "stage": "pretrain", "camera_index": 3}
    assert LED.variant(LED.traced_variant(header)).options["camera"] == 3
    del header["camera_index"]
    assert LED.traced_variant(header) == "repnr_unet_pretrain"
