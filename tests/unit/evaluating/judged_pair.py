"""The small pair that learns, with a data set and a meter: sound, and with a port that is wrong."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from harness.errors import BadInput
from harness.pairs.base import Arrays, DataRequest, DataSet, Meter
from harness.pairs.drawing import Drawn, Pixels, gray
from harness.pairs.inference import Inference, Opened
from tests.unit.training.trainee import ADAM

COUNT = 12


class Pictures(DataSet):
    """Drawn pictures; `source` is a folder, and a file `broken` in it names the sample that is."""

    def __init__(self, request: DataRequest) -> None:
        self.broken = -1
        if request.source is not None:
            if not request.source.is_dir():
                raise BadInput(f"--data {request.source}: there is no such folder")
            self.broken = int((request.source / "broken").read_text())

    def __len__(self) -> int:
        return COUNT

    def sample(self, index: int, epoch: int, rng: np.random.Generator) -> Arrays:
        """A picture and what is wanted of it."""
        if index == self.broken:
            raise BadInput(f"picture {index} is broken")
        image = rng.standard_normal((3, 8, 8)).astype(np.float32)
        return {"image": image, "target": rng.standard_normal((2, 8, 8)).astype(np.float32)}


class Scores(Meter):
    """The mean over samples of the first output's mean."""

    figure = "mean"
    protocol = "as it is"

    def __init__(self) -> None:
        self.means: list[float] = []

    def add(self, outputs: Arrays, inputs: Arrays) -> list[float]:
        """Take a batch in."""
        found = [float(one.mean()) for one in outputs["0"].astype(np.float64)]
        self.means += found
        return found

    def figures(self) -> dict[str, float]:
        """The mean."""
        return {"mean": float(np.mean(self.means))}

    def steps(self) -> dict[str, float]:
        """Nothing is too fine for it."""
        return {}

    def kept(self) -> dict[str, list[float]]:
        """The means."""
        return {"means": self.means}

    def take_up(self, kept: Mapping[str, list[float]]) -> None:
        """Go on from that."""
        self.means = list(kept["means"])


class Silent(Scores):
    """Metrics that show nothing."""

    def empty(self) -> str:
        """Always."""
        return "no target is there"


class Endless(Pictures):
    """More pictures than anybody waits for."""

    def __len__(self) -> int:
        return 1_000_000


def draw(outputs: Arrays, inputs: Arrays) -> Drawn:
    """The first plane of each."""
    wanted = gray(inputs["target"][0, 0], -3, 3)
    return Drawn(
        gray(inputs["image"][0, 0], -3, 3), wanted, gray(outputs["0"][0, 0], -3, 3), outputs["0"][0, 0]
    )


class ArrayFiles(Inference):
    """One array a file."""

    def read(self, paths: tuple[Path, ...], size: tuple[int, int] | None) -> Opened:
        """The picture in a file."""
        image = np.load(paths[0], allow_pickle=False)
        return Opened({"image": image[None]}, gray(image[0], -3, 3))

    def write(self, outputs: Arrays, opened: Opened, folder: Path, side: str) -> None:
        """The output as it is."""
        np.save(folder / f"{side}.npy", outputs["0"][0])

    def draw(self, outputs: Arrays, opened: Opened) -> Pixels:
        """Its first plane."""
        return gray(outputs["0"][0, 0], -3, 3)


SOUND = dataclasses.replace(
    ADAM,
    name="sound",
    data_set=Pictures,
    meter=lambda variant: Scores(),
    pictures=draw,
    inference=lambda variant: ArrayFiles(),
)
WRONG = dataclasses.replace(SOUND, name="wrong", port="tests.unit.evaluating.wrong_jittor")
EMPTY = dataclasses.replace(SOUND, name="empty", meter=lambda variant: Silent())
DRAWN = dataclasses.replace(ADAM, name="drawn", meter=lambda variant: Scores())
ENDLESS = dataclasses.replace(SOUND, name="endless", data_set=Endless)
