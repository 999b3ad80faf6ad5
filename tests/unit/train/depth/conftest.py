"""The experiment in miniature, made once for all tests that look at what it leaves."""

import datetime
from dataclasses import dataclass
from pathlib import Path

import pytest

from facenet_res.data.crops import Crop, read_crops
from facenet_res.train.depth.config import DepthConfig, depth_config
from facenet_res.train.depth.experiment import measure_depth
from facenet_res.train.depth.record import Record
from tests.crops import write_crops

TODAY = datetime.date(2026, 11, 25)


@dataclass(frozen=True)
class Miniature:
    """What was measured, and of what."""

    config: DepthConfig
    crops: list[Crop]
    folder: Path
    records: list[Record]
    told: list[tuple[str, int, int]]


@pytest.fixture(scope="session")
def miniature(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    """`depth_config(smoke=True)` on made-up crops."""
    folder = tmp_path_factory.mktemp("depth")
    crops = read_crops(write_crops(folder / "crops.zip"))
    config = depth_config(smoke=True)
    told: list[tuple[str, int, int]] = []
    records = measure_depth(config, crops, folder / "depth", TODAY, lambda *what: told.append(what))
    return Miniature(config, crops, folder / "depth", records, told)
