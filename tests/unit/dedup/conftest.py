"""A folder with pictures and copies of them, and a recognizer that sees one face in each."""

from pathlib import Path

import pytest

from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder
from tests.unit.dedup.pictures import picture, save, scaled


@pytest.fixture
def recognizer() -> FaceRecognizer:
    """One face in the middle of each picture, embedded by a random projection of it."""
    return FaceRecognizer.of(FakeDetector(), FakeEmbedder())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three pictures; of the first a byte-equal copy and one of half size, and some other files."""
    folder = tmp_path / "photos"
    for seed in range(3):
        save(folder / f"{seed}.jpg", picture(seed))
    (folder / "copies").mkdir()
    (folder / "copies" / "0_equal.jpg").write_bytes((folder / "0.jpg").read_bytes())
    save(folder / "copies" / "0_half.jpg", scaled(picture(0), 0.5))
    (folder / "notes.txt").write_text("not a photo")
    (folder / "cut <b>.jpg").write_bytes((folder / "1.jpg").read_bytes()[:2000])
    (folder / "cut again.jpg").write_bytes((folder / "1.jpg").read_bytes()[:2000])
    return folder
