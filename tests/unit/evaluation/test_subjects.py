"""Which face is the subject, what stands in for a missing one, and that order is kept."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from facenet_res.core.errors import DataInvalid
from facenet_res.core.types import Detection, Image
from facenet_res.evaluation.image_source import open_images
from facenet_res.evaluation.subjects import (
    align_subjects,
    embed_batches,
    embed_crops,
    embed_subjects,
    subject_in,
    subject_of,
)
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.lazy_image import LazyImage
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.fakes import FakeDetector, FakeEmbedder, face_at


def png(image: Image) -> bytes:
    """As a file that loses nothing."""
    _, data = cv2.imencode(".png", image[:, :, ::-1])
    return data.tobytes()


def grey(level: int, side_px: int = 250) -> Image:
    return np.full((side_px, side_px, 3), level, np.uint8)


def test_the_subject_is_central_rather_than_large_at_the_edge() -> None:
    central, at_the_edge = face_at(85, 85, 80), face_at(0, 0, 90)
    assert subject_of([at_the_edge, central], width_px=250, height_px=250) is central


def test_of_two_near_the_middle_the_larger_is_the_subject() -> None:
    small, large = face_at(105, 105, 40), face_at(70, 70, 100)
    assert subject_of([small, large], width_px=250, height_px=250) is large


def test_the_middle_stands_in_for_a_missing_face() -> None:
    # Given an image that is white in the middle 54 % and black around.
    image = grey(0)
    image[57:193, 57:193] = 255

    subject = subject_in(LazyImage.open(image), [])

    assert subject.faces == 0
    assert subject.crop.shape == (112, 112, 3)
    assert subject.crop[3:-3, 3:-3].min() == 255


class ByBrightness(FakeDetector):
    """No face in dark images, two in bright ones, one in the others."""

    def detect(self, image: Image) -> list[Detection]:
        level = float(image.mean())
        faces = [face_at(85, 85, 80), face_at(5, 5, 30)]
        return faces[: 0 if level < 50 else 2 if level > 200 else 1]


def recognizer(detector: FakeDetector | None = None) -> FaceRecognizer:
    return FaceRecognizer.of(detector or FakeDetector(), FakeEmbedder())


def test_order_and_counts_are_kept_whatever_the_workers(tmp_path: Path) -> None:
    levels = {f"p/{index:02d}.jpg": 10 + 30 * index for index in range(8)}
    (tmp_path / "p").mkdir()
    for name, level in levels.items():
        (tmp_path / name).write_bytes(encode_jpeg(grey(level)))
    names = list(levels)[::-1]
    told: list[int] = []
    by_brightness = recognizer(ByBrightness())

    with open_images(tmp_path) as source:
        got = embed_subjects(source, names, by_brightness, workers=3, on_progress=told.append)
        alone = [embed_subjects(source, [name], by_brightness).embeddings for name in names]
        aligned = align_subjects(source, names, by_brightness, workers=3)

    assert told == [8]
    np.testing.assert_allclose(got.embeddings, np.concatenate(alone))
    np.testing.assert_allclose(by_brightness.embed_aligned(aligned.crops), got.embeddings)
    for each in (got, aligned):
        assert each.without_face == ("p/01.jpg", "p/00.jpg")
        assert each.with_several_faces == 1


def test_a_damaged_image_ends_the_work_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "good.jpg").write_bytes(encode_jpeg(grey(100)))
    (tmp_path / "p" / "text.jpg").write_text("no image")
    with open_images(tmp_path) as source, pytest.raises(DataInvalid, match=r"p/text\.jpg"):
        embed_subjects(source, source.names, recognizer())


def test_no_images_give_no_rows(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encode_jpeg(grey(100)))
    with open_images(tmp_path) as source:
        got = embed_subjects(source, [], recognizer())
    assert got.embeddings.shape == (0, 64)


def test_crops_are_embedded_by_32() -> None:
    embedder, told = FakeEmbedder(), list[int]()
    crops = np.random.default_rng(0).integers(0, 256, (70, 112, 112, 3), np.uint8)

    got = embed_batches(crops, embedder, told.append)

    assert embedder.batch_sizes == [32, 32, 6]
    assert told == [32, 64, 70]
    np.testing.assert_allclose(got, FakeEmbedder().embed(crops))


def test_aligned_faces_are_embedded_as_they_are(tmp_path: Path) -> None:
    for level in (40, 80, 120):
        (tmp_path / f"{level}.png").write_bytes(png(grey(level, side_px=112)))
    with open_images(tmp_path) as source:
        got = embed_crops(source, source.names, FakeEmbedder())
    expected = FakeEmbedder().embed(np.stack([grey(level, 112) for level in (120, 40, 80)]))
    np.testing.assert_allclose(got, expected)


def test_an_image_of_another_size_is_no_aligned_face(tmp_path: Path) -> None:
    (tmp_path / "large.jpg").write_bytes(encode_jpeg(grey(100)))
    with open_images(tmp_path) as source, pytest.raises(DataInvalid, match="250x250 px"):
        embed_crops(source, source.names, FakeEmbedder())
