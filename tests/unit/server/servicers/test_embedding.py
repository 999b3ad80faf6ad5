"""EmbeddingService, in this process: what each call returns and refuses."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.client import AsyncFacenetClient
from facenet_res.core.errors import ArgumentInvalid, ImageUnreadable, NoFace, SeveralFaces
from facenet_res.core.types import Face, ImageResult, Verification
from facenet_res.imaging.encode import encode_jpeg
from tests.unit.server.in_process import picture, run

TALL = encode_jpeg(np.full((200, 100, 3), 90, np.uint8))
WIDE = encode_jpeg(np.full((100, 200, 3), 90, np.uint8))


def test_detection_aligns_and_measures_and_does_not_embed(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> list[Face]:
        return await client.detect(picture(1))

    (face,) = run(tmp_path, use)
    assert face.crop.shape == (112, 112, 3)
    assert face.quality.eye_distance_px > 0
    assert face.embedding.size == 0


def test_an_embedding_is_of_unit_length_and_the_crop_gives_the_same(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> tuple[Face, np.ndarray]:
        (face,) = await client.embed(picture(1), with_crops=True)
        return face, await client.embed_aligned(face.crop[None])

    face, aligned = run(tmp_path, use)
    assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(aligned[0], face.embedding, atol=1e-6)


def test_a_bad_image_of_a_batch_fails_alone(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> list[ImageResult]:
        return await client.embed_batch([picture(1), b"text", TALL, WIDE])

    results = run(tmp_path, use)
    assert [len(result.faces) for result in results] == [1, 0, 0, 2]
    assert [result.error and result.error.reason for result in results] == [
        None,
        "IMAGE_UNREADABLE",
        None,
        None,
    ]
    assert (results[3].width_px, results[3].height_px) == (200, 100)


def test_many_images_come_back_in_order(tmp_path: Path) -> None:
    images = [picture(1), b"text", picture(2)]

    async def use(client: AsyncFacenetClient) -> list[ImageResult]:
        return [result async for result in client.embed_many(images, workers=2)]

    assert [result.error is None for result in run(tmp_path, use)] == [True, False, True]


def test_two_images_are_compared_at_the_rate_that_is_asked_for(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> tuple[Verification, Verification]:
        same = await client.verify(picture(1), picture(1), fmr=1e-2)
        return same, await client.verify(picture(1), picture(2))

    same, other = run(tmp_path, use)
    assert same.is_match
    assert (same.threshold, same.fmr) == (0.8, 1e-2)
    assert same.probe is not None
    assert not other.is_match
    # The default lies between the two calibrated rates.
    assert other.threshold == pytest.approx(0.85)


@pytest.mark.parametrize(
    ("images", "kind", "said"),
    [
        ((b"text", picture(1)), ImageUnreadable, "the first image"),
        ((picture(1), TALL), NoFace, "the second image"),
        ((WIDE, picture(1)), SeveralFaces, "the first image: 2 faces"),
    ],
)
def test_the_image_that_cannot_be_used_is_named(
    tmp_path: Path, images: tuple[bytes, bytes], kind: type[Exception], said: str
) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        await client.verify(*images)

    with pytest.raises(kind, match=said):
        run(tmp_path, use)


def test_a_batch_over_the_limit_is_refused(tmp_path: Path) -> None:
    async def use(client: AsyncFacenetClient) -> None:
        await client.embed_batch([picture(1)] * 3)

    with pytest.raises(ArgumentInvalid, match="3 images, allowed are 1 to 2"):
        run(tmp_path, use, batch_images_max=2)
