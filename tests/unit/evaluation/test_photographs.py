"""Which face is the subject, what stands in for a missing one, and that order is kept."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from facenet_res.core.errors import ArgumentInvalid, DataInvalid
from facenet_res.core.types import Detection, Image
from facenet_res.evaluation.image_source import open_images
from facenet_res.evaluation.photographs import (
    PhotographConfig,
    embed_crops,
    embed_photographs,
    find_subject,
    subject_of,
)
from facenet_res.imaging.encode import encode_jpeg
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
    # Given a picture that is white in the middle 54 % and black around.
    image = grey(0)
    image[57:193, 57:193] = 255

    subject = find_subject(image, FakeDetector([]))

    assert subject.faces == 0
    assert subject.crop.shape == (112, 112, 3)
    assert subject.crop[3:-3, 3:-3].min() == 255


class ByBrightness(FakeDetector):
    """No face in dark pictures, two in bright ones, one in the others."""

    def detect(self, image: Image) -> list[Detection]:
        level = float(image.mean())
        faces = [face_at(85, 85, 80), face_at(5, 5, 30)]
        return faces[: 0 if level < 50 else 2 if level > 200 else 1]


def test_order_and_counts_are_kept_whatever_the_batches(tmp_path: Path) -> None:
    levels = {f"p/{index:02d}.jpg": 10 + 30 * index for index in range(8)}
    (tmp_path / "p").mkdir()
    for name, level in levels.items():
        (tmp_path / name).write_bytes(encode_jpeg(grey(level)))
    names = list(levels)[::-1]
    told: list[int] = []
    embedder = FakeEmbedder()

    with open_images(tmp_path) as source:
        got = embed_photographs(
            source,
            names,
            ByBrightness(),
            embedder,
            config=PhotographConfig(batch_max=3, workers=3),
            on_progress=told.append,
        )
        alone = [
            embed_photographs(source, [name], ByBrightness(), FakeEmbedder()) for name in names
        ]

    assert told == [3, 6, 8]
    assert embedder.batch_sizes == [3, 3, 2]
    np.testing.assert_allclose(got.embeddings, np.concatenate([a.embeddings for a in alone]))
    assert got.without_face == ("p/01.jpg", "p/00.jpg")
    assert got.with_several_faces == 1


def test_a_damaged_photograph_ends_the_work_and_is_named(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "good.jpg").write_bytes(encode_jpeg(grey(100)))
    (tmp_path / "p" / "text.jpg").write_text("no picture")
    with open_images(tmp_path) as source, pytest.raises(DataInvalid, match=r"p/text\.jpg"):
        embed_photographs(source, source.names, FakeDetector(), FakeEmbedder())


def test_no_photographs_give_no_rows(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(encode_jpeg(grey(100)))
    with open_images(tmp_path) as source:
        got = embed_photographs(source, [], FakeDetector(), FakeEmbedder(embedding_dim=64))
    assert got.embeddings.shape == (0, 64)


def test_aligned_faces_are_embedded_as_they_are(tmp_path: Path) -> None:
    for level in (40, 80, 120):
        (tmp_path / f"{level}.png").write_bytes(png(grey(level, side_px=112)))
    told: list[int] = []
    with open_images(tmp_path) as source:
        got = embed_crops(
            source, source.names, FakeEmbedder(), batch_max=2, on_progress=told.append
        )
    expected = FakeEmbedder().embed(np.stack([grey(level, 112) for level in (120, 40, 80)]))
    np.testing.assert_allclose(got, expected)
    assert told == [2, 3]


def test_a_photograph_is_no_aligned_face(tmp_path: Path) -> None:
    (tmp_path / "large.jpg").write_bytes(encode_jpeg(grey(100)))
    with open_images(tmp_path) as source, pytest.raises(DataInvalid, match="250x250 px"):
        embed_crops(source, source.names, FakeEmbedder())


def test_numbers_below_one_are_refused() -> None:
    with pytest.raises(ArgumentInvalid):
        PhotographConfig(workers=0)
