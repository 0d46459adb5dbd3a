"""LED's data path, pictures, noise, metrics and rates against what the published functions gave."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness import seeded
from harness.pairs.led import isp, metrics, noise, packing, schedules, unprocessing
from harness.pairs.led.datasets import Preparation, Raw, RawPair, prepare, read_list
from harness.pairs.led.meter import ImageMeter
from harness.pairs.led.unprocessing import Order
from tests import needs_shared
from tests.upstream import led_truth as truth
from tests.upstream.recorded import Array

pytestmark = needs_shared

ROUNDING = 1e-6  # of float32, on values up to 1
ORDERS: list[Order] = ["rgbg", "rggb"]
TAGS = list(truth.functions()["noise_draw_order"]) if truth.FOLDER else []


def near(found: Array, wanted: Array, tolerance: float = ROUNDING) -> None:
    """Assert that two arrays differ by no more than this."""
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=0, atol=tolerance)


@pytest.mark.parametrize("pattern", packing.PATTERNS)
def test_packing(pattern: str) -> None:
    expected = truth.arrays("pack")
    packed = packing.pack(expected["raw"], pattern)
    assert packed.dtype == np.uint16
    np.testing.assert_array_equal(packed, expected[f"{pattern}/packed"])
    np.testing.assert_array_equal(packing.unpack(packed, pattern), expected[f"{pattern}/unpacked"])
    np.testing.assert_array_equal(packing.pack(expected["raw"], packing.PATTERNS[pattern]), packed)


def test_packing_drops_an_odd_row_and_column() -> None:
    expected = truth.arrays("pack")
    np.testing.assert_array_equal(packing.pack(expected["raw_odd"]), expected["RGGB/packed_odd"])


def test_unshuffling_gives_the_same_planes_in_another_order() -> None:
    expected = truth.arrays("pack")
    unshuffled = packing.pixel_unshuffle(expected["raw"][None], 2)
    np.testing.assert_array_equal(unshuffled[[0, 1, 3, 2]], expected["torch_packed"][0])


def test_pictures_by_gamma_and_by_curve() -> None:
    expected = truth.arrays("isp")
    given = (expected["raw"], expected["wb"], expected["ccm"])
    curve = isp.ResponseCurve(expected["crf/E"], expected["crf/fs"])
    near(isp.bin_greens(expected["raw"]), expected["binning"])
    near(isp.develop(*given, eight_bits=False), expected["process_float"])
    near(isp.develop(*given, curve, eight_bits=False), expected["crf/process_float"])
    np.testing.assert_array_equal(isp.develop(*given), expected["process_8bit"])
    np.testing.assert_array_equal(isp.develop(*given, curve), expected["crf/process_8bit"])


@pytest.mark.parametrize("order", ORDERS)
def test_unprocessing(order: Order) -> None:
    expected, matrices = truth.arrays("isp2"), truth.arrays("isp")["ccm"]
    raw, picture, gains = expected["raw"], expected["srgb"], expected["gains"]
    near(unprocessing.demosaic_half(raw, order), expected[f"{order}/half_size"])
    near(unprocessing.demosaic(raw, order), expected[f"{order}/demosaic_upstream"])
    near(unprocessing.demosaic(raw, order), expected[f"{order}/demosaic_spatial_flips"])
    near(unprocessing.mosaic(picture, order), expected[f"{order}/mosaic"])
    near(unprocessing.process(raw, gains, matrices, order), expected[f"{order}/isp_full"])
    near(unprocessing.process(raw, gains, matrices, order, half=True), expected[f"{order}/isp_half"])
    for name, safe in (("reverse_isp", False), ("reverse_isp_safe", True)):
        found = unprocessing.unprocess(picture, gains, matrices, order, safe, scale=255)
        near(found, expected[f"{order}/{name}"], 255 * ROUNDING)


def test_tone_curve() -> None:
    expected = truth.arrays("isp2")
    given = 1.4 * expected["srgb"] - 0.2
    near(unprocessing.smoothstep(given), expected["smoothstep"])
    near(
        unprocessing.inverse_smoothstep(given), expected["inverse_smoothstep"], 2e-4
    )  # infinitely steep at both ends


def test_random_color_matrix() -> None:
    weights = seeded.tensor(truth.SEED, "led/isp2/ccm_weights", (3, 4)).astype(np.float64) * 1e8 + 1e-8
    near(unprocessing.color_matrix(weights), truth.arrays("isp2")["random_ccm"])


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("border", [0, 2])
def test_metrics(channels: int, border: int) -> None:
    expected, wanted = truth.arrays("metric"), truth.functions()["metrics"]
    pairs = list(zip(expected[f"a{channels}"], expected[f"b{channels}"], strict=True))
    plain = wanted[f"pt_{channels}ch_crop{border}"]
    assert [metrics.psnr(*pair, border) for pair in pairs] == pytest.approx(plain["psnr"], abs=1e-12)
    assert [metrics.ssim(*pair, border) for pair in pairs] == pytest.approx(plain["ssim"], abs=1e-12)
    for turn, name in (
        (metrics.seed_to_picture, f"uint8_{channels}ch_crop{border}"),
        (metrics.to_picture, f"uint8_hwc_{channels}ch_crop{border}_no_channel_loss"),
    ):
        shown = [(turn(a), turn(b)) for a, b in pairs]
        found = [metrics.picture_psnr(*pair, border) for pair in shown]
        assert found == pytest.approx(wanted[name]["psnr"], abs=1e-12)
        found = [metrics.picture_ssim(*pair, border) for pair in shown]
        assert found == pytest.approx(wanted[name]["ssim"], abs=1e-12)


@pytest.mark.parametrize("name", ["a3", "b3", "a4", "b4"])
def test_published_pictures_lose_the_fourth_plane(name: str) -> None:
    expected = truth.arrays("metric")
    found = np.stack([metrics.seed_to_picture(planes) for planes in expected[name]])
    np.testing.assert_array_equal(found, expected[f"tensor2img_{name}"])
    assert metrics.to_picture(expected[name][0]).shape == (32, 40, int(name[1]))


def test_metrics_of_brightness() -> None:
    expected, wanted = truth.arrays("metric"), truth.functions()["metrics"]
    pairs = list(zip(expected["a3"], expected["b3"], strict=True))
    found = {
        "psnr": [metrics.psnr(*p, 2, True) for p in pairs],
        "ssim": [metrics.ssim(*p, 2, True) for p in pairs],
    }
    for kind, value in found.items():  # upstream weighs the colours in float32
        assert value == pytest.approx(wanted["pt_3ch_crop2_y"][kind], abs=1e-6)
    shown = [tuple(metrics.to_picture(image) for image in pair) for pair in pairs]
    told8 = wanted["uint8_3ch_crop2_y"]
    assert [metrics.picture_psnr(*p, 2, True) for p in shown] == pytest.approx(told8["psnr"], abs=1e-6)
    assert [metrics.picture_ssim(*p, 2, True) for p in shown] == pytest.approx(told8["ssim"], abs=1e-6)


def test_metrics_of_what_is_the_same() -> None:
    image = truth.arrays("metric")["a4"][0]
    assert metrics.psnr(image, image) == pytest.approx(80)
    assert metrics.ssim(image, image) == pytest.approx(1)
    assert metrics.seed_psnr(image, image) == np.inf


def test_an_evaluation_has_the_recorded_metrics() -> None:
    """Of raw planes corrected and without a border; in 8 bits neither, with the fourth plane lost."""
    drawn, wanted = truth.arrays("illum"), truth.functions()["illum"]
    raw, shown = ImageMeter(), ImageMeter()
    raw.add({"0": drawn["predict"]}, {"gt": drawn["gt"]})
    found = [raw.figures()[name] for name in ("PSNR", "SSIM")]
    assert found == pytest.approx(
        [np.mean(wanted[f"{name}_pt_crop2"]) for name in ("psnr", "ssim")], abs=1e-12
    )
    given, told = truth.arrays("metric"), truth.functions()["metrics"]["uint8_4ch_crop0"]
    shown.add({"0": given["b4"]}, {"gt": given["a4"]})
    found = [shown.figures()[f"{name} (8 bits)"] for name in ("PSNR", "SSIM")]
    assert found == pytest.approx([np.mean(told["psnr"]), np.mean(told["ssim"])], abs=1e-12)


def test_illuminance() -> None:
    expected, wanted = truth.arrays("illum"), truth.functions()["illum"]
    assert int((expected["gt"] == 1).sum()) == wanted["saturated"]
    corrected = metrics.correct_illuminance(expected["predict"], expected["gt"])
    near(corrected, expected["out"])
    pairs = list(zip(corrected, expected["gt"], strict=True))
    assert [metrics.psnr(*pair) for pair in pairs] == pytest.approx(wanted["psnr_pt_crop2"], abs=1e-6)
    assert [metrics.ssim(*pair) for pair in pairs] == pytest.approx(wanted["ssim_pt_crop2"], abs=1e-6)
    raw = [metrics.psnr(*pair) for pair in zip(expected["predict"], expected["gt"], strict=True)]
    assert raw == pytest.approx(wanted["psnr_pt_crop2_uncorrected"], abs=1e-6)


def noise_case(tag: str) -> tuple[noise.Camera, str, dict[str, Array]]:
    """The camera, the kind of noise and the arrays of a recorded case."""
    expected = {key.removeprefix(f"{tag}/"): value for key, value in truth.arrays("noise").items()}
    if tag.startswith("calibrated"):
        _, name, kind = tag.split("_")
        return noise.calibrated(name), kind, expected
    return noise.virtual(expected["virtual_state/color_biases"])[int(tag[-1])], "ptrqc", expected


@pytest.mark.parametrize("tag", TAGS)
def test_noise(tag: str) -> None:
    camera, kind, expected = noise_case(tag)
    draws = {key.removeprefix("draws/"): value for key, value in expected.items() if key.startswith("draws/")}
    given = (expected["img"], expected["scale"], expected["ratio"], camera)
    rate = noise.poisson_rate(*given, draws)
    np.testing.assert_allclose(rate, expected["rate"], rtol=ROUNDING)
    lq, gt = noise.add_noise(*given, kind, draws, draws["poisson_counts"])
    np.testing.assert_array_equal(gt, expected["gt"])
    near(lq, expected["lq"])
    signal = expected["gt"] * expected["scale"] / expected["ratio"].reshape(-1, 1, 1, 1)
    parts = noise.components(signal, camera, kind, draws, draws["poisson_counts"])
    recorded = [name for name in expected if name.startswith("noise/")]
    assert sorted(recorded) == sorted(f"noise/{name}" for name in parts)
    for name, part in parts.items():
        near(part, expected[f"noise/{name}"], ROUNDING * max(1, np.abs(expected[f"noise/{name}"]).max()))


@pytest.mark.parametrize("tag", TAGS)
def test_random_numbers_are_drawn_in_the_published_order(tag: str) -> None:
    camera, kind, expected = noise_case(tag)
    order = [(name, tuple(shape)) for name, _, shape in truth.functions()["noise_draw_order"][tag]]
    drawn = noise.draw(seeded.generator(0, "order"), camera, kind, expected["img"].shape)
    if tag.startswith("virtual"):
        del drawn["lambda_index"]  # there is one to choose from
    assert [(name, value.shape) for name, value in drawn.items()] == [
        row for row in order if row[0] != "shot"
    ]


def test_virtual_cameras() -> None:
    expected = {
        key.partition("/")[2]: v
        for key, v in truth.arrays("noise").items()
        if key.startswith("virtual_state/")
    }
    uniform = [
        seeded.tensor(truth.SEED, f"led/noise/virtual/{name}_u", (5, 16)) for name in ("bias", "sigma")
    ]
    normal = seeded.tensor(truth.SEED, "led/noise/virtual/bias_z", (5, 16, 4), "normal")
    near(noise.virtual_bias(*uniform, normal), expected["color_biases"])
    cameras = noise.virtual(expected["color_biases"])
    near(np.array([camera.lambdas[0] for camera in cameras]), expected["tukey_lambdas"])
    for kind, lines in (("read", [c.tukey for c in cameras]), ("row", [c.rows for c in cameras])):
        for field, name in (("slope", "slopes"), ("bias", "biases"), ("sigma", "sigmas")):
            near(np.array([getattr(line, field) for line in lines]), expected[f"{kind}_{name}"])
    starts, width = noise.overlapping(3.0379589 - 0.006866596, 16, 16)
    near(np.stack([starts, starts + width], 1), truth.arrays("noise")["virtual_state_split_overlap"])


def test_laws_of_noise() -> None:
    expected = truth.arrays("noise")
    weights, spreads = (np.array(v).reshape(3, 1, 1, 1) for v in ([0.14, -0.11, 1.4], [0.5, 1.0, 2.0]))
    near(spreads * noise.tukey(expected["tukey/draws/u"], weights), expected["tukey/out"], 3e-6)
    spreads = np.array([0.5, 2.0]).reshape(2, 1, 1)
    near(noise.rows(spreads * expected["rowonly/draws/z"], 5), expected["rowonly/out"])


def test_numbers_of_noise_are_the_recorded_ones() -> None:
    assert noise.numbers() == truth.noise_parameters()


RATES = {
    "HandieLR": schedules.steps(1e-4, (6, 9), (5e-5, 1e-5)),
    "CosineAnnealingRestartLR": schedules.cosine_restarts(2e-4, (4, 8, 12), (1, 0.5, 0.25), 1e-5),
    "MultiStepRestartLR": schedules.multistep(1e-3, (3, 5, 5), 0.5),
}


@pytest.mark.parametrize("name", RATES)
def test_rates(name: str) -> None:
    (expected,) = (table for key, table in truth.functions()["lr"].items() if key.startswith(name))
    found = {iteration: RATES[name](int(iteration)) for iteration in expected}
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "row", truth.functions()["pair_list"] if truth.FOLDER else [], ids=lambda r: r["line"]
)
def test_pair_list(row: dict[str, Any], tmp_path: Any) -> None:
    listed = tmp_path / "pairs.txt"
    listed.write_text(row["line"] + "\n")
    (entry,) = read_list(listed, tmp_path)
    assert entry.ratio == pytest.approx(row["ratio"])
    assert [entry.dark, entry.bright] == [tmp_path / name for name in row["line"].split()[:2]]


def pair() -> RawPair:
    """The recorded pair, a hundred times apart."""
    expected = truth.arrays("sample")
    levels = (np.full((4, 1, 1), 512, np.float32), np.full((4, 1, 1), 16383, np.float32))
    ones = np.ones(4, np.float32)
    dark, bright = (
        Raw(expected[f"{n}_im"], *levels, ones, np.eye(3, dtype=np.float32)) for n in ("short", "long")
    )
    return RawPair(dark, bright, truth.functions()["sample_ratio"])


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("val", Preparation()),
        ("val_zero_clip", Preparation(zero_clip=True)),
        ("val_crop8", Preparation(crop=8)),
    ],
)
def test_samples(name: str, how: Preparation) -> None:
    found = prepare(pair(), how)
    for key in found:
        if f"{name}/{key}" in truth.arrays("sample"):
            near(found[key], truth.arrays("sample")[f"{name}/{key}"])


FLIPS = {
    "train_none": {},
    "train_hflip": {"horizontal": True},
    "train_vflip": {"vertical": True},
    "train_rot": {"transpose": True},
    "train_all": {"horizontal": True, "vertical": True, "transpose": True},
}


@pytest.mark.parametrize("name", FLIPS)
def test_crops_and_flips(name: str) -> None:
    whole, expected = prepare(pair(), Preparation()), truth.arrays("sample")
    for key, image in whole.items():
        starts = [(3, 5), (1, 2), (0, 0)]
        cut = [packing.flip(packing.crop(image, 8, start), **FLIPS[name]) for start in starts]
        apart = [np.abs(found - expected[f"{name}/{key}"]).max() for found in cut]
        assert min(apart) < ROUNDING
