"""The experiment on depth in miniature, on made-up crops."""

import datetime
from dataclasses import dataclass
from pathlib import Path

from experiments.depth.config import DepthConfig, depth_config
from experiments.depth.experiment import measure_depth
from experiments.depth.record import Record
from facenet_res.data.crops import Crop, read_crops
from tests.crops import write_crops

TODAY = datetime.date(2026, 11, 25)


@dataclass(frozen=True)
class Miniature:
    """What was measured, of what, and what was told meanwhile.

    Attributes:
        config: `depth_config(smoke=True)`.
        crops_path: of the zip file.
        crops: in it.
        folder: of the records.
        records: of all networks.
        told: progress.
    """

    config: DepthConfig
    crops_path: Path
    crops: list[Crop]
    folder: Path
    records: list[Record]
    told: list[tuple[str, int, int]]


def measure_miniature(folder: Path) -> Miniature:
    """Makes crops and measures; some seconds."""
    path = write_crops(folder / "crops.zip")
    crops = read_crops(path)
    config = depth_config(smoke=True)
    told: list[tuple[str, int, int]] = []
    records = measure_depth(config, crops, folder / "depth", TODAY, lambda *what: told.append(what))
    return Miniature(config, path, crops, folder / "depth", records, told)
