"""From bytes to embeddings: order, counts, and one face where one is meant."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facenet_res.core.errors import (
    ArgumentInvalid,
    FileMissing,
    ImageTooLarge,
    ImageUnreadable,
    NoFace,
    SeveralFaces,
)
from facenet_res.core.types import Detection
from facenet_res.imaging.decode import ImageLimits
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.pipeline.embed import FacePipeline
from tests.fakes import FakeDetector, FakeEmbedder, face_at

FACES = [face_at(10, 10, 120), face_at(180, 20, 80), face_at(60, 150, 40)]


def photo() -> bytes:
    rng = np.random.default_rng(0)
    cells = rng.integers(0, 256, (12, 15, 3)).astype(np.uint8)
    return encode_jpeg(cells.repeat(20, axis=0).repeat(20, axis=1))


def pipeline_of(detections: list[Detection], limits: ImageLimits | None = None) -> FacePipeline:
    return FacePipeline(FakeDetector(detections), FakeEmbedder(), limits)


def test_every_face_is_embedded_in_the_detectors_order() -> None:
    pipeline = pipeline_of(FACES)

    faces = pipeline.embed(photo())

    assert [face.box for face in faces] == [each.box for each in FACES]
    crops = np.stack([face.crop for face in faces])
    np.testing.assert_array_equal(
        np.stack([face.embedding for face in faces]), pipeline.embedder.embed(crops)
    )


def test_all_faces_of_a_photo_go_through_the_network_at_once() -> None:
    embedder = FakeEmbedder()
    FacePipeline(FakeDetector(FACES), embedder).embed(photo())
    assert embedder.batch_sizes == [3]


def test_only_the_largest_faces_are_embedded_where_asked() -> None:
    embedder = FakeEmbedder()
    faces = FacePipeline(FakeDetector(FACES), embedder).embed(photo(), faces_max=2)
    assert [face.box for face in faces] == [each.box for each in FACES[:2]]
    assert embedder.batch_sizes == [2]


def test_no_face_is_an_answer() -> None:
    embedder = FakeEmbedder()
    assert FacePipeline(FakeDetector([]), embedder).embed(photo()) == []
    assert embedder.batch_sizes == []


def test_finding_tells_the_size_of_the_image() -> None:
    found = pipeline_of(FACES).find(photo())
    assert (found.width_px, found.height_px) == (300, 240)
    assert found.crops.shape == (3, 112, 112, 3)


def test_one_face_where_one_is_meant() -> None:
    assert pipeline_of(FACES[:1]).embed_one(photo()).box is FACES[0].box


def test_none_where_one_is_meant_is_an_error() -> None:
    with pytest.raises(NoFace):
        pipeline_of([]).embed_one(photo())


def test_several_where_one_is_meant_is_an_error_unless_the_largest_will_do() -> None:
    with pytest.raises(SeveralFaces, match="3 faces"):
        pipeline_of(FACES).embed_one(photo())
    assert pipeline_of(FACES).embed_one(photo(), largest=True).box is FACES[0].box


@pytest.mark.parametrize("faces_max", [0, -1])
def test_a_number_of_faces_below_one_is_refused(faces_max: int) -> None:
    with pytest.raises(ArgumentInvalid, match=f"at least 1, got {faces_max}"):
        pipeline_of(FACES).embed(photo(), faces_max)


def test_a_text_is_no_photo() -> None:
    with pytest.raises(ImageUnreadable):
        pipeline_of(FACES).embed(b"this is a letter")


def test_the_limits_hold() -> None:
    with pytest.raises(ImageTooLarge):
        pipeline_of(FACES, ImageLimits(pixels_max=1000)).embed(photo())


def test_a_photo_is_bytes_of_any_kind_or_a_path_of_any_kind(tmp_path: Path) -> None:
    data, path = photo(), tmp_path / "ada.jpg"
    path.write_bytes(data)
    pipeline = pipeline_of(FACES[:1])
    for image in (data, bytearray(data), memoryview(data), path, str(path)):
        assert pipeline.embed_one(image).box is FACES[0].box
        assert len(pipeline.embed(image)) == len(pipeline.find(image).detections) == 1


@pytest.mark.parametrize("image", [None, 5, [b"a"]])
def test_anything_else_is_refused_by_its_type(image: Any) -> None:
    with pytest.raises(ArgumentInvalid, match=f"cannot be a {type(image).__name__}"):
        pipeline_of(FACES).embed_one(image)


@pytest.mark.parametrize("path", ["none.jpg", "a\0b.jpg", "\ud800.jpg"])
def test_a_path_that_leads_nowhere_is_refused(path: str) -> None:
    with pytest.raises(FileMissing):
        pipeline_of(FACES).find(path)
