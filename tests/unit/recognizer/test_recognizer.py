"""From bytes to embeddings: order, counts, and one face where one is meant."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.errors import (
    ArgumentInvalid,
    ConfigInvalid,
    FileMissing,
    ImageTooLarge,
    ImageUnreadable,
    NoFace,
    SeveralFaces,
    ShuttingDown,
)
from facenet_res.core.manifest import Manifest, Threshold
from facenet_res.core.types import Detection
from facenet_res.imaging.decode import ImageLimits
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.recognizer.config import RecognizerConfig
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.artifacts import write_random_artifact
from tests.fakes import FakeDetector, FakeEmbedder, face_at
from tests.portraits import portrait

MANIFEST = Manifest(
    model_id="fake-1",
    embedding_dim=64,
    thresholds=(Threshold(1e-2, 0.2, 0.19, 0.21), Threshold(1e-4, 0.4, 0.36, 0.44)),
)
FACES = [face_at(10, 10, 120), face_at(180, 20, 80), face_at(60, 150, 40)]


def photo() -> bytes:
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 256, (12, 15, 3)).astype(np.uint8)
    return encode_jpeg(cells.repeat(20, axis=0).repeat(20, axis=1))


def recognizer_of(detections: list[Detection], limits: ImageLimits | None = None) -> FaceRecognizer:
    config = RecognizerConfig(limits=limits or ImageLimits())
    return FaceRecognizer.of(FakeDetector(detections), FakeEmbedder(), MANIFEST, config)


def test_every_face_is_embedded_in_the_detectors_order() -> None:
    recognizer = recognizer_of(FACES)

    faces = recognizer.embed(photo())

    assert [face.box for face in faces] == [each.box for each in FACES]
    crops = np.stack([face.crop for face in faces])
    np.testing.assert_array_equal(
        np.stack([face.embedding for face in faces]), recognizer.embedder.embed(crops)
    )


def test_all_faces_of_a_photo_go_through_the_network_at_once() -> None:
    embedder = FakeEmbedder()
    FaceRecognizer.of(FakeDetector(FACES), embedder).embed(photo())
    assert embedder.batch_sizes == [3]


def test_only_the_largest_faces_are_embedded_where_asked() -> None:
    embedder = FakeEmbedder()
    faces = FaceRecognizer.of(FakeDetector(FACES), embedder).embed(photo(), faces_max=2)
    assert [face.box for face in faces] == [each.box for each in FACES[:2]]
    assert embedder.batch_sizes == [2]


def test_no_face_is_an_answer() -> None:
    embedder = FakeEmbedder()
    assert FaceRecognizer.of(FakeDetector([]), embedder).embed(photo()) == []
    assert embedder.batch_sizes == []


def test_detection_aligns_and_measures_without_the_network() -> None:
    embedder = FakeEmbedder()
    faces = FaceRecognizer.of(FakeDetector(FACES), embedder).detect(photo())
    assert [face.crop.shape for face in faces] == 3 * [(112, 112, 3)]
    assert all(face.quality.eye_distance_px > 0 for face in faces)
    assert all(face.embedding.size == 0 for face in faces)
    assert embedder.batch_sizes == []


def test_one_face_where_one_is_meant() -> None:
    assert recognizer_of(FACES[:1]).embed_one(photo()).box is FACES[0].box


def test_none_where_one_is_meant_is_an_error() -> None:
    with pytest.raises(NoFace):
        recognizer_of([]).embed_one(photo())


def test_several_where_one_is_meant_is_an_error_unless_the_largest_will_do() -> None:
    with pytest.raises(SeveralFaces, match="3 faces"):
        recognizer_of(FACES).embed_one(photo())
    assert recognizer_of(FACES).embed_one(photo(), largest=True).box is FACES[0].box


@pytest.mark.parametrize("faces_max", [0, -1])
def test_a_number_of_faces_below_one_is_refused(faces_max: int) -> None:
    with pytest.raises(ArgumentInvalid, match=f"at least 1, got {faces_max}"):
        recognizer_of(FACES).embed(photo(), faces_max=faces_max)


def test_a_text_is_no_photo() -> None:
    with pytest.raises(ImageUnreadable):
        recognizer_of(FACES).embed(b"this is a letter")


def test_the_limits_hold() -> None:
    with pytest.raises(ImageTooLarge):
        recognizer_of(FACES, ImageLimits(pixels_max=1000)).embed(photo())


def test_a_photo_is_bytes_of_any_kind_or_a_path_of_any_kind(tmp_path: Path) -> None:
    data, path = photo(), tmp_path / "ada.jpg"
    path.write_bytes(data)
    recognizer = recognizer_of(FACES[:1])
    for image in (data, bytearray(data), memoryview(data), path, str(path)):
        assert recognizer.embed_one(image).box is FACES[0].box
        assert len(recognizer.embed(image)) == len(recognizer.detect(image)) == 1


@pytest.mark.parametrize("image", [None, 5, [b"a"]])
def test_anything_else_is_refused_by_its_type(image: Any) -> None:
    with pytest.raises(ArgumentInvalid, match=f"RGB; got {type(image).__name__}"):
        recognizer_of(FACES).embed_one(image)


@pytest.mark.parametrize("path", ["none.jpg", "a\0b.jpg", "\ud800.jpg"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(FileMissing):
        recognizer_of(FACES).detect(path)


def test_two_images_are_compared_at_the_rate_that_is_asked_for() -> None:
    recognizer = recognizer_of(FACES[:1])
    answer = recognizer.verify(photo(), photo(), fmr=1e-2)
    assert answer.score == pytest.approx(1.0, abs=1e-6)
    assert (answer.threshold, answer.fmr, answer.is_match) == (0.2, 1e-2, True)
    assert answer.probe is not None
    assert answer.probe.box == FACES[0].box


def test_an_embedded_face_stands_for_its_image() -> None:
    recognizer = recognizer_of(FACES[:1])
    face = recognizer.embed_one(photo())
    assert recognizer.verify(face, photo(), threshold=0.5).fmr is None
    with pytest.raises(ArgumentInvalid, match="not embedded by this model"):
        recognizer.verify(recognizer.detect(photo())[0], face)


def test_the_image_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    recognizer = recognizer_of([])
    path = tmp_path / "ada.jpg"
    path.write_bytes(photo())
    with pytest.raises(NoFace, match=r"ada\.jpg: no face detected"):
        recognizer.verify(path, photo())
    probe = recognizer_of(FACES[:1]).embed_one(photo())
    with pytest.raises(NoFace, match="the reference image: no face detected"):
        recognizer.verify(probe, photo())


def test_a_rate_between_two_calibrated_ones_is_interpolated() -> None:
    point = recognizer_of([]).operating_point(fmr=1e-3)
    assert point.threshold == pytest.approx(0.3)
    assert (point.threshold_low, point.threshold_high) == pytest.approx((0.275, 0.325))


def test_the_default_rate_decides_where_none_is_named() -> None:
    assert recognizer_of([]).operating_point().fmr == 1e-3


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"fmr": 1e-6}, "outside the range .* 0.0001 to 0.01"),
        ({"fmr": float("nan")}, "outside the range"),
        ({"threshold": 1.5}, r"in \[-1, 1\], got 1.5"),
        ({"threshold": 0.5, "fmr": 1e-3}, "fmr or threshold, not both"),
    ],
)
def test_an_operating_point_that_cannot_be_is_refused(asked: dict[str, float], said: str) -> None:
    with pytest.raises(ArgumentInvalid, match=said):
        recognizer_of([]).operating_point(**asked)


def test_the_defaults_embed_a_real_face(tmp_path: Path) -> None:
    folder = write_random_artifact(tmp_path / "model").folder
    with FaceRecognizer(folder) as recognizer:
        face = recognizer.embed_one(portrait("astronaut"), largest=True)
        info = recognizer.info()
    assert face.embedding.shape == (info.embedding_dim,)
    assert np.linalg.norm(face.embedding) == pytest.approx(1.0, abs=1e-5)
    assert (info.detector, info.fmr) == ("mtcnn", 1e-3)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"detector": "haar"}, "haar"),
        ({"detector": "yunet"}, "requires detector_model"),
        ({"engine": "magic"}, "magic"),
        ({"batch_max": 0}, "batch_max"),
        ({"fmr": 0.0}, "fmr must be in"),
        ({"speed": 11}, "no setting 'speed'"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigInvalid, match=said):
        FaceRecognizer(**settings)


def test_a_missing_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"nowhere.*neither a folder nor one of default"):
        FaceRecognizer(tmp_path / "nowhere")


def test_one_image_is_not_several() -> None:
    recognizer = recognizer_of(FACES)
    for image in (photo(), np.full((20, 20, 3), 90, np.uint8), None):
        with pytest.raises(ArgumentInvalid, match="iterable of images"):
            recognizer.embed_many(image)  # type: ignore[arg-type]


def test_a_closed_recognizer_says_so(tmp_path: Path) -> None:
    recognizer = FaceRecognizer(write_random_artifact(tmp_path / "model").folder)
    recognizer.close()
    with pytest.raises(ShuttingDown, match="was closed"):
        recognizer.embed(portrait("astronaut"))


@pytest.mark.parametrize("asked", [{"fmr": "1e-3"}, {"threshold": "x"}])
def test_a_rate_that_is_no_number_is_refused(asked: dict[str, Any]) -> None:
    with pytest.raises(ArgumentInvalid, match="must be a number"):
        recognizer_of([]).operating_point(**asked)
