"""Laying two pictures over each other: copies agree everywhere, other pictures do not."""

import cv2
import numpy as np
import pytest

from facenet_res.core.types import Image
from facenet_res.dedup import align as tested
from facenet_res.dedup.align import NOTHING_ALIKE, Alignment, align, lay_over
from facenet_res.dedup.fingerprint import thumbnail_of
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.warp import resize
from tests.unit.dedup.pictures import colourless, cropped, grey, picture, scaled

IDENTITY = np.eye(2, 3, dtype=np.float32)


def judged(first: Image, second: Image) -> Alignment:
    a, b = grey(first), grey(second)
    start = lay_over(thumbnail_of(a), thumbnail_of(b))
    if start is None:
        return NOTHING_ALIKE
    side_px = min(*a.shape, *b.shape)
    return align(resize(a, 256, 256), resize(b, 256, 256), start, side_px)


def reencoded(image: Image, quality: int) -> Image:
    return decode_image(encode_jpeg(np.ascontiguousarray(image), quality))


COPIES = {
    "quality 60": lambda image: reencoded(image, 60),
    "half size": lambda image: reencoded(scaled(image, 0.5), 85),
    "cropped all around": lambda image: reencoded(cropped(image, 0.05), 85),
    "cropped a little": lambda image: reencoded(cropped(image, 0.025), 85),
    "cropped by a tenth": lambda image: reencoded(cropped(image, 0.1), 85),
    "cropped left": lambda image: reencoded(image[:, 15:], 85),
    "grey": colourless,
    "darker": lambda image: (image * 0.8).astype(np.uint8),
    "all of it": lambda image: reencoded(scaled(cropped(image, 0.05), 0.5), 60),
}


@pytest.mark.parametrize("change", COPIES)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_changed_copy_is_the_same_photograph(change: str, seed: int) -> None:
    image = picture(seed)
    found = judged(image, COPIES[change](image))
    assert found.is_copy, found
    assert found.similarity > 0.98


def test_the_covers_tell_which_of_two_was_cropped() -> None:
    image = picture(2)
    found = judged(image, cropped(image, 0.05))
    assert found.first_cover == pytest.approx(0.81, abs=0.02)
    assert found.second_cover > 0.97
    swapped = judged(cropped(image, 0.05), image)
    assert swapped.second_cover == pytest.approx(0.81, abs=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_another_picture_is_none(seed: int) -> None:
    assert not judged(picture(seed), picture(seed + 50)).is_copy


def test_a_changed_detail_before_the_same_background_is_another_photograph() -> None:
    # given two frames: one wall, and a head that has moved by 6 % of the width
    wall = picture(5)
    frames = []
    for x in (150, 168):
        frame = wall.copy()
        head = resize(picture(9), 70, 90)
        frame[130:220, x - 35 : x + 35] = head
        frames.append(frame)
    # when they are compared, then the wall does not decide
    found = judged(*frames)
    assert not found.is_copy
    assert judged(frames[0], reencoded(frames[0], 60)).is_copy


def test_closed_eyes_are_enough_to_make_it_another_frame() -> None:
    # given two pictures that differ in two spots of 4 % of the width each
    first = picture(5)
    second = first.copy()
    for x in (120, 170):
        second[150:158, x : x + 12] = 255 - second[150:158, x : x + 12]
    # then the pixels correlate as those of copies do, and the worst block tells them apart
    found = judged(first, second)
    assert found.similarity > tested.SIMILARITY_MIN
    assert not found.is_copy


def test_a_stretched_or_turned_picture_is_refused() -> None:
    image = grey(picture(6))
    shear = np.array([[1, 0.12, 0], [0, 1, 0]])
    sheared = cv2.warpAffine(image, shear, image.shape[::-1], borderMode=cv2.BORDER_REFLECT)
    a, b = resize(image, 256, 256), resize(sheared, 256, 256)
    assert align(a, b, IDENTITY, 300) == NOTHING_ALIKE


def test_too_small_a_picture_tells_nothing() -> None:
    image = resize(grey(picture(1)), 256, 256)
    assert align(image, image, IDENTITY, tested.SIDE_PX_MIN - 1) == NOTHING_ALIKE
    assert align(image, image, IDENTITY, tested.SIDE_PX_MIN).is_copy


def test_pictures_of_one_colour_cannot_be_laid_over() -> None:
    flat = np.full((32, 32), 90, np.uint8)
    assert lay_over(flat, flat) is None
    assert align(resize(flat, 256, 256), resize(flat, 256, 256), IDENTITY, 256) == NOTHING_ALIKE


def test_a_small_shared_part_is_not_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tested, "COVER_MIN", 0.9)
    image = picture(2)
    assert judged(image, cropped(image, 0.05)) == NOTHING_ALIKE


def test_where_nearly_all_is_clipped_nothing_is_said() -> None:
    image = grey(picture(2))
    clipped = np.where(image > 128, 255, 0).astype(np.uint8)
    squeezed = resize(clipped, 256, 256)
    squeezed = np.where(squeezed > 128, 255, 0).astype(np.uint8)
    assert align(squeezed, squeezed, IDENTITY, 256) == NOTHING_ALIKE
