"""What is judged on: checked before the work, found once, grouped by file names."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import DataInvalid, FileMissing, NoFace
from facenet_res.core.types import Detection, Image
from facenet_res.evaluation.judge_data import (
    RememberedFaces,
    groups_of,
    judge_files,
    load_judge_data,
)
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder
from tests.judge_sets import CONFIG, write_judge_files


class Counting(FakeDetector):
    """Counts how often it was asked."""

    asked = 0

    def detect(self, image: Image) -> list[Detection]:
        self.asked += 1
        return super().detect(image)


def of(detector: FakeDetector) -> FaceRecognizer:
    return FaceRecognizer.of(detector, FakeEmbedder())


def quiet(stage: str, done: int, total: int) -> None:
    assert 0 < done <= total


def test_the_file_names_tell_the_groups() -> None:
    names = ["_unlabelled/utk_34_0_2_20170103.jpg", "utk_65_1_4_1.jpg", "utk_9_1_0_1.jpg", "x.jpg"]
    assert groups_of(names) == {
        "origin": ("Asian", "other", "White", ""),
        "gender": ("male", "female", "female", ""),
        "age": ("20-34", "65 and over", "0-9", ""),
    }


def test_each_photograph_is_looked_at_once() -> None:
    detector = Counting()
    remembered = RememberedFaces(of(detector))
    image = encode_jpeg(np.full((90, 90, 3), 99, np.uint8))
    first, second = remembered.face(image), remembered.face(image)
    assert detector.asked == 1
    assert first is not second or (first == second).all()
    nobody = RememberedFaces(of(FakeDetector([])))
    for _ in range(2):
        with pytest.raises(NoFace):
            nobody.face(image)


def test_the_data_are_those_held_out(tmp_path: Path) -> None:
    data = load_judge_data(write_judge_files(tmp_path), of(FakeDetector()), CONFIG, quiet)
    assert data.lfw.crops.shape == (20, 112, 112, 3)
    assert data.validation.shape == (40, 112, 112, 3)
    assert len(set(data.people)) == 10
    assert data.non_enrolled.shape == (80, 112, 112, 3)
    assert {len(values) for values in data.groups.values()} == {80}
    # Twelve people less ten, a hundred crops less eighty.
    assert (data.trained_on.named, data.trained_on.identities) == (8, 2)
    assert data.trained_on.unnamed == 20


def test_what_is_missing_is_said_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACENET_RES_DATA", str(tmp_path))
    files = write_judge_files(tmp_path)
    assert judge_files() == files
    files.photos.unlink()
    with pytest.raises(FileMissing, match=r"1 of 4 data files are missing.*photos\.zip"):
        judge_files()


def test_pairs_of_one_fold_are_refused_before_any_face_is_looked_for(tmp_path: Path) -> None:
    files = write_judge_files(tmp_path)
    files.pairs.write_text("2\np00 1 2\np01 1 2\np00 1 p01 1\np00 2 p01 2\n")
    detector = Counting()
    with pytest.raises(DataInvalid, match="one fold only"):
        load_judge_data(files, of(detector), CONFIG, quiet)
    assert detector.asked == 0
