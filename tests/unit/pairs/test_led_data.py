"""LED's data: planes, lists, folders, samples, synthetic pairs and noise, and what is refused."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from harness import seeded
from harness.errors import BadInput
from harness.pairs import find
from harness.pairs.base import DataRequest
from harness.pairs.led import isp, metrics, noise, packing
from harness.pairs.led.data_set import data_set
from harness.pairs.led.datasets import PairFolder, Preparation, RawSamples, prepare, read_list
from harness.pairs.led.meter import ImageMeter
from harness.pairs.led.scenes import SyntheticPairs, write_pairs
from harness.pairs.led.unprocessing import RGB_TO_XYZ


@pytest.mark.parametrize("pattern", packing.PATTERNS)
@pytest.mark.parametrize("axis", ["horizontal", "vertical"])
def test_a_flipped_mosaic_keeps_its_order(pattern: str, axis: str) -> None:
    height, width = 8, 10
    colors = np.tile(np.array(packing.PATTERNS[pattern]), (height // 2, width // 2))
    greens = np.where(colors == 3, 1, colors)
    flipped = packing.flip_mosaic(greens, **{axis: True})
    assert flipped.shape == ((height, width - 2) if axis == "horizontal" else (height - 2, width))
    np.testing.assert_array_equal(flipped, greens[: flipped.shape[0], : flipped.shape[1]])


def test_flips_of_planes_are_taken_back() -> None:
    planes = np.arange(4 * 6 * 8).reshape(4, 6, 8)
    for kind in ("horizontal", "vertical", "transpose"):
        assert not np.array_equal(packing.flip(planes, **{kind: True}), planes)
        np.testing.assert_array_equal(
            packing.flip(packing.flip(planes, **{kind: True}), **{kind: True}), planes
        )


def test_levels_there_and_back() -> None:
    planes = np.array([512, 513, 9000, 16383], np.uint16).reshape(4, 1, 1)
    black, white = np.full(4, 512), np.full(4, 16383)
    scaled = packing.normalize(planes, black, white)
    assert scaled.ravel()[[0, 3]].tolist() == [0, 1]
    back = packing.denormalize(scaled, black, white).astype(int)
    assert np.abs(back - planes.astype(int)).max() <= 1  # cut off, not rounded


def test_exposure_keeps_negative_noise_by_default() -> None:
    dark = np.array([-0.001, 0.001, 0.5], np.float32)
    np.testing.assert_allclose(packing.expose(dark, 100), [-0.1, 0.1, 1], rtol=1e-6)
    np.testing.assert_allclose(packing.expose(dark, 100, zero_clip=True), [0, 0.1, 1], rtol=1e-6)


def test_planes_that_are_refused() -> None:
    with pytest.raises(BadInput, match="no Bayer order is called 'RGBG'; there are RGGB"):
        packing.pack(np.zeros((4, 4)), "RGBG")
    with pytest.raises(BadInput, match="does not name planes 0 to 3 once each"):
        packing.pack(np.zeros((4, 4)), [[0, 1], [1, 2]])
    with pytest.raises(BadInput, match="5x4 are not multiples of 2"):
        packing.pixel_unshuffle(np.zeros((1, 5, 4)), 2)
    with pytest.raises(BadInput, match=r"a crop of 8 at \(1, 0\) does not fit into 8x8"):
        packing.crop(np.zeros((4, 8, 8)), 8, (1, 0))


def test_a_written_data_set_is_read_back(tmp_path: Path) -> None:
    pairs = SyntheticPairs(3, size=(16, 24))
    folder = PairFolder(tmp_path, write_pairs(tmp_path, pairs), packed=True)
    assert len(folder) == 3
    for index in range(3):
        read, written = folder[index], pairs[index]
        np.testing.assert_array_equal(read.dark.planes, written.dark.planes)
        np.testing.assert_array_equal(read.bright.planes, written.bright.planes)
        assert read.ratio == pytest.approx(written.ratio)


def test_plain_arrays_have_the_cameras_levels(tmp_path: Path) -> None:
    for name, side in (("a_0.1s", 8), ("b_10s", 8)):
        np.save(tmp_path / f"{name}.npy", np.full((side, side), 512, np.uint16))
    (tmp_path / "list.txt").write_text("a_0.1s.ARW b_10s.ARW ISO100 ISO100\n")
    pair = PairFolder(tmp_path, tmp_path / "list.txt", packed=True)[0]
    assert pair.ratio == pytest.approx(100)
    assert not pair.dark.normalized.any()
    assert pair.dark.planes.shape == (4, 4, 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("short/1_0.1s.ARW long/1_10s.ARW\nonly.ARW\n", r"line 2: 'only.ARW' names one image"),
        ("short/1.ARW long/1_10s.ARW\n", r"line 1: the name short/1.ARW does not tell an exposure"),
        ("short/1_0s.ARW long/1_10s.ARW\n", r"line 1: .*division by zero"),
        ("\n\n", "is empty"),
    ],
)
def test_lists_that_are_refused(text: str, expected: str, tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(BadInput, match=expected):
        read_list(tmp_path / "list.txt", tmp_path)


def test_files_that_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="there is no pair list"):
        read_list(tmp_path / "none.txt", tmp_path)
    listed = tmp_path / "list.txt"
    listed.write_text("a_0.1s.ARW b_10s.ARW\n")
    with pytest.raises(BadInput, match=r"line 1: there is no .*a_0.1s.ARW"):
        PairFolder(tmp_path, listed)[0]
    with pytest.raises(BadInput, match=r"there is no .*a_0.1s.ARW.npz or .*a_0.1s.npy"):
        PairFolder(tmp_path, listed, packed=True)[0]
    (tmp_path / "a_0.1s.ARW").write_bytes(b"raw")
    monkeypatch.setitem(sys.modules, "rawpy", None)
    with pytest.raises(BadInput, match="is a RAW file, for rawpy: pip install"):
        PairFolder(tmp_path, listed)[0]
    np.savez(tmp_path / "a_0.1s.ARW.npz", im=np.zeros((4, 2, 2)))
    with pytest.raises(BadInput, match="lacks black_level, ccm, wb, white_level"):
        PairFolder(tmp_path, listed, packed=True)[0]
    (tmp_path / "a_0.1s.ARW.npz").unlink()
    np.save(tmp_path / "a_0.1s.npy", np.zeros((3, 2, 2)))
    with pytest.raises(BadInput, match=r"has shape \(3, 2, 2\); it may be a mosaic or four packed planes"):
        PairFolder(tmp_path, listed, packed=True)[0]
    np.save(tmp_path / "a_0.1s.npy", np.zeros((4, 4)))
    np.save(tmp_path / "b_10s.npy", np.zeros((8, 8)))
    with pytest.raises(BadInput, match="they must be the same scene"):
        PairFolder(tmp_path, listed, packed=True)[0]


def test_samples_depend_on_seed_epoch_and_number_alone() -> None:
    pairs = SyntheticPairs(4, size=(24, 32))
    samples = RawSamples(pairs, Preparation(crop=16, train=True), seed=5)
    first, again = samples.batch([0, 1]), samples.batch([0, 1])
    for name in ("lq", "gt"):
        assert first[name].shape == (2, 4, 16, 16)
        np.testing.assert_array_equal(first[name], again[name])
    assert not np.array_equal(first["lq"], samples.batch([0, 1], epoch=1)["lq"])
    np.testing.assert_array_equal(samples.sample(1)["lq"], first["lq"][1])


def test_a_crop_of_the_whole_image() -> None:
    pair = SyntheticPairs(1, size=(16, 16))[0]
    how = Preparation(crop=16, train=True, horizontal=False, rotate=False)
    whole = prepare(pair, Preparation())
    np.testing.assert_array_equal(prepare(pair, how, seeded.generator(0, "x"))["lq"], whole["lq"])
    with pytest.raises(BadInput, match="16x16 packed pixels is smaller than the crop of 17"):
        prepare(pair, Preparation(crop=17, train=True), seeded.generator(0, "x"))


def test_synthetic_pairs_are_dark_noisy_and_alike() -> None:
    pairs = SyntheticPairs(2, size=(48, 48))
    pair = pairs[0]
    assert (pair.ratio, pairs[1].ratio) == (100, 250)
    assert pair.dark.normalized.mean() * pair.ratio == pytest.approx(pair.bright.normalized.mean(), rel=0.2)
    ready = prepare(pair, Preparation())
    error = np.abs(ready["lq"] - ready["gt"]).mean()
    assert 0.003 < error < 0.2
    with pytest.raises(IndexError):
        pairs[2]


def test_laws_of_the_noise() -> None:
    from scipy import stats

    uniform = seeded.tensor(0, "u", (40_000,)).astype(np.float64)
    for weight in (0.14, -0.2, 0.0):
        found = noise.tukey(uniform, np.float64(weight))
        assert stats.kstest(found, stats.tukeylambda(weight).cdf).statistic < 0.01
    assert np.isfinite(noise.tukey(np.array([0.0, 1.0]), np.float64(-0.2))).all()
    shape = (2, 4, 64, 64)
    camera = noise.calibrated("SonyA7S2")
    image, scale = np.full(shape, 0.2, np.float32), np.full((2, 4, 1, 1), 15871, np.float32)
    noisy, clean = noise.noisy_pair(
        seeded.generator(0, "n"), image, scale, np.array([100.0, 200.0], np.float32), camera, "p"
    )
    np.testing.assert_array_equal(clean, image)
    assert noisy.mean() == pytest.approx(0.2, rel=0.02)
    assert noisy[1].std() > noisy[0].std() * 0.5


def test_gains_reach_both_ends_and_no_further() -> None:
    camera = noise.calibrated("SonyA7S2")
    gains = camera.gain(np.array([0.0, 1.0], np.float32))
    np.testing.assert_allclose(gains, camera.gains, rtol=1e-6)
    bias = camera.color_bias(np.array([camera.gains[0], camera.gains[1] * 1.001], np.float32))
    np.testing.assert_array_equal(bias[:, :, 0, 0], camera.bias[[0, -1]])


def test_noise_that_is_refused() -> None:
    with pytest.raises(BadInput, match="no camera 'Leica' was measured; known are SonyA7S2"):
        noise.calibrated("Leica")
    camera, draws = noise.calibrated("SonyA7S2"), {"K": np.zeros((1, 1, 1, 1), np.float32)}
    with pytest.raises(BadInput, match="kind of noise 'px': x unknown; use of pgtrqc"):
        noise.components(np.zeros((1, 4, 2, 2), np.float32), camera, "px", draws)


def test_a_response_curve_is_read(tmp_path: Path) -> None:
    (tmp_path / "emor.txt").write_text("E = \n 0.0 0.5\n 1.0\n f0 =\n 0 1 2\n")
    np.savetxt(tmp_path / "curve.txt", [[0, 0.7, 1]] * 3)
    curve = isp.ResponseCurve.read(tmp_path / "emor.txt", tmp_path / "curve.txt")
    x = np.full((1, 3, 1, 1), 0.25)
    np.testing.assert_allclose(curve(x), 0.35)
    np.savetxt(tmp_path / "curve.txt", [[0, 1]] * 3)
    with pytest.raises(BadInput, match="has 2 values a colour for 3 knots"):
        isp.ResponseCurve.read(tmp_path / "emor.txt", tmp_path / "curve.txt")
    (tmp_path / "emor.txt").write_text("nothing")
    with pytest.raises(BadInput, match="has no block 'E ='"):
        isp.ResponseCurve.read(tmp_path / "emor.txt", tmp_path / "curve.txt")


def test_both_protocols_are_distinguished() -> None:
    inputs = {name: seeded.tensor(0, name, (2, 4, 24, 24)) for name in ("lq", "gt")}
    found = metrics.evaluate({"0": inputs["gt"]}, inputs)
    assert found["PSNR"] == pytest.approx(80)
    assert found["PSNR (8 bits)"] == np.inf
    assert found["SSIM"] == pytest.approx(1)
    broken = inputs["gt"].copy()
    broken[:, 3] = 0  # the plane that the protocol in 8 bits does not see
    found = metrics.evaluate({"0": broken}, inputs)
    assert found["PSNR"] < 30
    assert found["PSNR (8 bits)"] == np.inf
    small = metrics.evaluate({"0": inputs["gt"][..., :8, :8]}, {"gt": inputs["gt"][..., :8, :8]})
    assert set(small) == {"PSNR", "PSNR (8 bits)"}


def test_brightness_needs_three_colours() -> None:
    with pytest.raises(ValueError, match="there are 4 planes"):
        metrics.psnr(np.zeros((4, 16, 16)), np.zeros((4, 16, 16)), luma=True)


def test_a_raw_file_is_read_by_its_own_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Opened:
        """A camera file as rawpy shows it, of order BGGR, whose colours are those of XYZ."""

        raw_image_visible = np.array([[30, 40], [20, 10]], np.uint16).repeat(2, 0).repeat(2, 1)[::2][:, ::2]
        raw_pattern = np.array([[2, 3], [1, 0]])
        camera_whitebalance = (2000.0, 1000.0, 1500.0, 1000.0)
        black_level_per_channel = (1, 2, 3, 4)
        camera_white_level_per_channel = None
        white_level = 101
        rgb_xyz_matrix = np.linalg.inv(RGB_TO_XYZ)
        sizes = SimpleNamespace(raw_width=4, raw_height=4)

        def __enter__(self) -> Opened:
            return self

        def __exit__(self, *problem: object) -> None:
            return None

    class Library:
        """What stands in for rawpy."""

        imread = staticmethod(lambda path: Opened())

    monkeypatch.setitem(sys.modules, "rawpy", Library)
    for name in ("a_0.1s.ARW", "b_10s.ARW"):
        (tmp_path / name).write_bytes(b"raw")
    (tmp_path / "list.txt").write_text("a_0.1s.ARW b_10s.ARW\n")
    raw = PairFolder(tmp_path, tmp_path / "list.txt")[0].dark
    assert raw.planes.ravel().tolist() == [10, 20, 30, 40]
    np.testing.assert_allclose(raw.normalized.ravel(), [9 / 100, 18 / 99, 27 / 98, 36 / 97], rtol=1e-6)
    np.testing.assert_allclose(raw.white_balance, [2, 1, 1.5, 1])
    np.testing.assert_allclose(raw.matrix, np.eye(3), atol=1e-6)


def test_every_published_list_of_a_test_is_read_and_told_by_its_ratio(tmp_path: Path) -> None:
    lines = write_pairs(tmp_path, SyntheticPairs(6, 0, (32, 32))).read_text().splitlines()
    by_ratio: dict[float, list[str]] = {}
    for line, entry in zip(lines, read_list(tmp_path / "pairs.txt", tmp_path), strict=True):
        by_ratio.setdefault(entry.ratio, []).append(line)
    assert len(by_ratio) == 3
    for ratio, ones in by_ratio.items():
        (tmp_path / f"SID_valid_{ratio:.0f}.txt").write_text("\r\n".join(ones), encoding="utf-8-sig")
    (tmp_path / "ELD_SonyA7S2_train.txt").write_text("no pairs of a test")
    data = data_set(DataRequest(find("led").variant(None), "val", source=tmp_path, size=(32, 32)))
    data.check()
    assert len(data) == 6
    assert data.name(0).startswith("SID_valid_100: ")
    meter, psnr = ImageMeter(), dict[float, list[float]]()
    for index in range(6):
        sample = data.batch([data.sample(index, 0, np.random.default_rng(0))])
        (figure,) = meter.add({"0": sample["lq"]}, sample)
        psnr.setdefault(float(sample["ratio"][0]), []).append(figure)
    found = meter.figures()
    assert {f"PSNR x{ratio:.0f}": pytest.approx(np.mean(ones)) for ratio, ones in psnr.items()} == {
        name: value for name, value in found.items() if name.startswith("PSNR x")
    }
    again = ImageMeter()
    again.take_up(meter.kept())
    assert again.figures() == found


def test_one_ratio_alone_has_no_figures_of_its_own(tmp_path: Path) -> None:
    meter = ImageMeter()
    planes = np.random.default_rng(0).random((2, 4, 32, 32)).astype(np.float32)
    meter.add({"0": planes}, {"gt": planes / 2, "ratio": np.array([100, 100], np.float32)})
    assert not [name for name in meter.figures() if " x" in name]
