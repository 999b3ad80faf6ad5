"""Faces by image and by model, once."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import FileMissing
from facenet_res.dedup import read_images as tested
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.face_table import NO_MODEL, read_face_thumbnails, read_faces, read_model
from facenet_res.dedup.progress import no_progress
from facenet_res.dedup.read_images import read_images
from facenet_res.dedup.scan import first_paths, read_photos, scan
from facenet_res.imaging import lazy_image
from facenet_res.imaging.decode import decode_image
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder, face_at

CONFIG = DedupConfig()


@pytest.fixture
def out(photos: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    scan(photos, folder, CONFIG, no_progress)
    return folder


def test_the_faces_of_every_distinct_photo_come_back_in_order(photos: Path, out: Path) -> None:
    # given two faces in each picture
    detector = FakeDetector([face_at(10, 10, 80), face_at(100, 50, 40, score=0.5)])
    recognizer = FaceRecognizer.of(detector, FakeEmbedder())
    read_images(photos, out, CONFIG, recognizer, no_progress)
    # when
    paths = first_paths(read_photos(out))
    faces, skipped = read_faces(out, CONFIG, paths)
    # then
    readable = ["0.jpg", "1.jpg", "2.jpg", "copies/0_half.jpg"]
    assert [paths[name] for name in faces.sha256] == [path for path in readable for _ in range(2)]
    assert faces.boxes[0].tolist() == [10, 10, 90, 90]
    assert faces.box(1).width_px == 40
    assert faces.scores[:2].tolist() == pytest.approx([0.99, 0.5])
    lengths = np.linalg.norm(faces.embeddings.astype(np.float32), axis=1)
    np.testing.assert_allclose(lengths, 1.0, atol=1e-3)
    assert [file.path for file in skipped] == ["cut <b>.jpg"]
    assert read_model(out).model_id == "fake-1"
    assert faces.quality.shape == (8, 4)
    # and each face has a thumbnail
    names = {f"{faces.sha256[0]}-{number}" for number in (0, 1, 2)}
    found = dict(read_face_thumbnails(out, CONFIG, names))
    assert sorted(found) == sorted(names)[:2]
    assert decode_image(found[f"{faces.sha256[0]}-0"]).shape == (118, 118, 3)


def test_a_run_that_was_stopped_goes_on(
    photos: Path, out: Path, recognizer: FaceRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a run that is stopped after three photos, of which two are in a shard
    monkeypatch.setattr(tested, "SHARD_ITEMS", 2)
    done = []

    def stop(_: object) -> None:
        done.append(1)
        if len(done) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        read_images(photos, out, CONFIG, recognizer, stop)
    # when it is run again, then the two are not done again
    told = []
    read_images(photos, out, CONFIG, recognizer, told.append)
    assert (told[0].done, told[-1].done, told[-1].total) == (2, 5, 5)


def test_another_model_or_setting_of_the_recognizer_has_results_of_its_own(
    photos: Path, out: Path, recognizer: FaceRecognizer
) -> None:
    read_images(photos, out, CONFIG, recognizer, no_progress)
    other = FaceRecognizer.of(FakeDetector(), FakeEmbedder("fake-2"))
    smaller = FaceRecognizer.of(FakeDetector(), FakeEmbedder())
    smaller.config = replace(smaller.config, face_px_min=40)
    for second in (other, smaller):
        told = []
        read_images(photos, out, CONFIG, second, told.append)
        assert told[0].done == 0


def test_a_file_that_was_away_is_tried_again(
    photos: Path, out: Path, recognizer: FaceRecognizer
) -> None:
    (photos / "2.jpg").rename(photos.parent / "2.jpg")
    read_images(photos, out, CONFIG, recognizer, no_progress)
    paths = first_paths(read_photos(out))
    assert ("2.jpg", "FILE_MISSING") in {
        (f.path, f.reason) for f in read_faces(out, CONFIG, paths)[1]
    }
    (photos.parent / "2.jpg").rename(photos / "2.jpg")
    read_images(photos, out, CONFIG, recognizer, no_progress)
    faces, skipped = read_faces(out, CONFIG, paths)
    assert "2.jpg" in {paths[name] for name in faces.sha256}
    assert {file.reason for file in skipped} == {"IMAGE_UNREADABLE"}


def test_without_a_pipeline_there_are_no_faces(
    photos: Path, out: Path, recognizer: FaceRecognizer
) -> None:
    read_images(photos, out, CONFIG, recognizer, no_progress)
    read_images(photos, out, CONFIG, None, no_progress)
    faces, skipped = read_faces(out, CONFIG, first_paths(read_photos(out)))
    assert (faces.sha256, skipped, read_model(out)) == ((), [], NO_MODEL)


def test_faces_of_several_images_are_embedded_together(photos: Path, out: Path) -> None:
    embedder = FakeEmbedder()
    detector = FakeDetector([face_at(10, 10, 80), face_at(100, 50, 40)])
    read_images(photos, out, CONFIG, FaceRecognizer.of(detector, embedder), no_progress)
    assert embedder.batch_sizes == [8]


def test_each_image_is_decoded_once(
    photos: Path, out: Path, recognizer: FaceRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = []
    real = tested.read_image
    monkeypatch.setattr(
        tested, "read_image", lambda path, limits: decoded.append(path.name) or real(path, limits)
    )
    monkeypatch.setattr(lazy_image, "decode", None)
    read_images(photos, out, CONFIG, recognizer, no_progress)
    assert sorted(decoded) == ["0.jpg", "0_half.jpg", "1.jpg", "2.jpg", "cut <b>.jpg"]


def test_photos_that_left_the_folder_are_left_out(
    photos: Path, out: Path, recognizer: FaceRecognizer
) -> None:
    read_images(photos, out, CONFIG, recognizer, no_progress)
    faces, _ = read_faces(out, CONFIG, {})
    assert faces.embeddings.shape == (0, 64)


def test_a_folder_that_was_not_embedded_has_no_model(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        read_model(tmp_path)
