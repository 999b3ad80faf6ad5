"""What is planted, and when a search counts as having found it."""

from pathlib import Path

import numpy as np
import pytest

from experiments.demo.duplicates import Plant, plant, search
from experiments.demo.people import Cast, Person, Picture
from facenet_res.core.types import Image
from facenet_res.dedup.config import DedupConfig
from facenet_res.imaging.decode import read_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.warp import resize
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder


def scene(seed: int) -> Image:
    """A smooth random picture of 240x200 px."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 7, 3), np.uint8)
    return resize(coarse, 240, 200)


def person(name: str, seed: int) -> Person:
    picture = Picture(name, encode_jpeg(scene(seed), 92))
    return Person(name, name, (picture,), picture, picture)


CAST = Cast(
    known=(person("ann", 1), person("bob", 2)),
    stranger=person("cid", 3),
    others=(Picture("other", encode_jpeg(scene(4))),),
    remark="",
)


@pytest.fixture
def recognizer() -> FaceRecognizer:
    """Finds no face anywhere: only copies are looked for."""
    return FaceRecognizer.of(FakeDetector([]), FakeEmbedder())


def test_five_changes_of_the_first_and_of_the_last_are_planted(tmp_path: Path) -> None:
    plants = plant(CAST, tmp_path / "photos")

    assert [planted.original for planted in plants] == ["00.jpg"] * 5 + ["02.jpg"] * 5
    copy, encoded, half, cropped, _ = plants[:5]
    folder = tmp_path / "photos"
    assert (folder / copy.path).read_bytes() == (folder / copy.original).read_bytes()
    assert (folder / encoded.path).stat().st_size < (folder / copy.path).stat().st_size
    assert read_image(folder / half.path).shape == (100, 120, 3)
    assert read_image(folder / cropped.path).shape == (190, 228, 3)
    # Two people and a stranger, one other picture, ten copies.
    assert len(list(folder.rglob("*.jpg"))) == 14


def test_every_copy_is_found_and_nothing_else(tmp_path: Path, recognizer: FaceRecognizer) -> None:
    plants = plant(CAST, tmp_path / "photos")

    report, rows = search(tmp_path / "photos", tmp_path / "out", plants, recognizer, DedupConfig())

    assert [row.answer for row in rows if not row.is_expected] == []
    assert len(rows) == 11
    assert len(report.groups.copies) == 2
    assert (tmp_path / "out" / "report.html").is_file()


def test_a_copy_that_was_never_made_is_not_found(
    tmp_path: Path, recognizer: FaceRecognizer
) -> None:
    plants = [*plant(CAST, tmp_path / "photos"), Plant("other-00.jpg", "00.jpg", "nothing")]

    _, rows = search(tmp_path / "photos", tmp_path / "out", plants, recognizer, DedupConfig())

    assert [row.question for row in rows if not row.is_expected] == [
        "other-00.jpg: nothing of 00.jpg"
    ]
