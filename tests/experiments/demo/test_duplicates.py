"""What is planted, and when a search counts as having found it."""

from pathlib import Path

import numpy as np
import pytest

from experiments.demo.duplicates import Plants, plant, search
from experiments.demo.people import Cast, Person, Picture
from experiments.demo.table import Table
from facenet_res.core.manifest import Manifest, Threshold
from facenet_res.core.types import Image
from facenet_res.imaging.decode import read_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.warp import resize
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder


def scene(seed: int) -> Image:
    """A smooth random image of 240x200 px."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 7, 3), np.uint8)
    return resize(coarse, 240, 200)


def picture(seed: int) -> Picture:
    return Picture(f"scene {seed}", encode_jpeg(scene(seed), 92))


ANN = Person("ann", "Ann", (picture(1),), picture(1))
CAST = Cast(
    known=(ANN,),
    other=ANN,
    album=((picture(1), ("Ann",)), (picture(2), ()), (picture(3), ("Bob",))),
    remark="",
)


@pytest.fixture
def recognizer() -> FaceRecognizer:
    """Finds no face anywhere: only copies are looked for."""
    embedder = FakeEmbedder()
    threshold = Threshold(fmr=1e-3, similarity=0.5, similarity_low=0.4, similarity_high=0.6)
    manifest = Manifest(
        model_id=embedder.model_id, embedding_dim=embedder.embedding_dim, thresholds=(threshold,)
    )
    return FaceRecognizer.of(FakeDetector([]), embedder, manifest)


def test_five_changes_of_the_first_and_of_the_last_person_are_planted(tmp_path: Path) -> None:
    folder = tmp_path / "photos"

    plants = plant(CAST, folder)

    assert [original for _, original, _ in plants.copies] == ["00.jpg"] * 5 + ["02.jpg"] * 5
    copy, encoded, half, cropped, _ = (folder / path for path, _, _ in plants.copies[:5])
    assert copy.read_bytes() == (folder / "00.jpg").read_bytes()
    assert encoded.stat().st_size < copy.stat().st_size
    assert read_image(half).shape == (100, 120, 3)
    assert read_image(cropped).shape == (190, 228, 3)
    assert len(list(folder.rglob("*.jpg"))) == 13
    assert plants.people == {"Ann": {"00.jpg"}, "Bob": {"02.jpg"}}


def test_every_copy_is_found_and_nothing_else(tmp_path: Path, recognizer: FaceRecognizer) -> None:
    plants, table = plant(CAST, tmp_path / "photos"), Table()

    search(tmp_path / "photos", tmp_path / "out", plants, recognizer, table)

    assert table.misses == []
    assert table.decisions == 12
    assert (tmp_path / "out" / "report.html").is_file()


def test_what_is_not_there_is_a_miss(tmp_path: Path, recognizer: FaceRecognizer) -> None:
    planted, table = plant(CAST, tmp_path / "photos"), Table()
    plants = Plants(
        (*planted.copies, ("01.jpg", "00.jpg", "nothing")),
        {"Ann": frozenset({"00.jpg", "01.jpg"})},
    )

    search(tmp_path / "photos", tmp_path / "out", plants, recognizer, table)

    assert table.misses == ["copy 00.jpg, nothing: not found", "person Ann: 0 of 2 images"]
