"""Whether two images are copies, and what differs: copies agree everywhere, others do not."""

import cv2
import numpy as np
import pytest

from facenet_res.core.types import Image
from facenet_res.dedup.copy_pair import CopyPair, copy_pair
from facenet_res.dedup.difference import judged
from facenet_res.dedup.features import features_of, similarity_between
from facenet_res.dedup.fingerprint import grey_of, view_of
from facenet_res.dedup.register import registered
from facenet_res.imaging.decode import decode_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.warp import resize
from tests.benchmarks.planted import KINDS, captioned, planted
from tests.unit.dedup.pictures import picture

NAMES = ("a", "b")
MIRRORED = {"mirrored", "all of it"}


def compared(first: Image, second: Image) -> CopyPair:
    views = view_of(first), view_of(second)
    start = similarity_between(*(features_of(grey_of(view)) for view in views))
    if start is None:
        return CopyPair(*NAMES, is_copy=False)
    found = registered(*views, start)
    judgement = None if found is None else judged(found.source, found.target, found.seen)
    if found is None or judgement is None:
        return CopyPair(*NAMES, is_copy=False)
    return copy_pair(NAMES, views, found, judgement)


def saved(image: Image, quality: int = 85) -> Image:
    return decode_image(encode_jpeg(np.ascontiguousarray(image), quality))


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_copy_is_the_same_image(kind: str) -> None:
    image = picture(1, 480, 400)
    copy = decode_image(planted(image, kind)[0])
    if kind in MIRRORED:
        copy = np.ascontiguousarray(copy[:, ::-1])
    found = compared(image, copy)
    assert found.is_copy, found
    assert found.overlay or kind not in {"caption", "logo"}
    assert compared(copy, image).is_copy


@pytest.mark.parametrize("seed", range(4))
def test_another_image_is_none(seed: int) -> None:
    assert not compared(picture(seed), picture(seed + 50)).is_copy


def test_two_captions_on_one_template_are_no_copies() -> None:
    template = picture(3, 480, 400)
    first, second = captioned(template, "what he says"), captioned(template, "and I answer")
    assert not compared(saved(first), saved(second)).is_copy
    # and each is a copy of the template with something laid over it, there
    found = compared(saved(template), saved(first))
    assert found.is_copy
    assert found.overlay_on == "second"
    x0, y0, x1, y1 = found.overlay
    assert x0 < 0.1
    assert x1 > 0.5
    assert 0.8 < y0 < 0.88 < y1 < 0.97
    back = compared(saved(first), saved(template))
    assert back.overlay_on == "first"
    np.testing.assert_allclose(back.overlay, found.overlay, atol=0.03)


def test_a_patch_of_white_is_said_to_be_laid_over() -> None:
    image = picture(4, 480, 400)
    painted = image.copy()
    cv2.circle(painted, (200, 200), 50, (255, 255, 255), -1)
    found = compared(image, saved(painted))
    assert not found.is_copy or found.overlay


def form(paper: int) -> Image:
    page = np.full((700, 500, 3), paper, np.uint8)
    rng = np.random.default_rng(0)
    for line in range(14):
        text = "".join(rng.choice(list("abcdefghij KLM"), 22))
        cv2.putText(page, text, (30, 60 + 44 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (30,) * 3, 2)
    return page


@pytest.mark.parametrize("paper", [245, 255])
def test_a_form_on_white_paper_is_found(paper: int) -> None:
    page = form(paper)
    assert compared(page, saved(resize(page, 400, 560), 70)).is_copy


def test_two_forms_with_different_text_are_no_copies() -> None:
    first, second = form(255), form(255)
    for number, page in enumerate((first, second)):
        page[300:500] = 255
        text = ("signed by Ada", "not by anybody")[number]
        cv2.putText(page, text, (60, 400), cv2.FONT_HERSHEY_SIMPLEX, 1.2, (30,) * 3, 2)
    assert not compared(first, second).is_copy


def test_a_changed_detail_before_the_same_background_is_another_image() -> None:
    # given two frames: one wall, and a head that has moved by 6 % of the width
    frames = []
    for x in (150, 168):
        frame = picture(5)
        frame[130:220, x - 35 : x + 35] = resize(picture(9), 70, 90)
        frames.append(frame)
    assert not compared(*frames).is_copy
    assert compared(frames[0], saved(frames[0], 60)).is_copy


def test_clipped_highlights_agree_where_the_curve_clips() -> None:
    image = picture(6, 480, 400)
    brighter = np.clip(image.astype(np.float32) * 1.5, 0, 255).astype(np.uint8)
    assert (brighter == 255).mean() > 0.2
    found = compared(image, saved(brighter))
    assert found.is_copy
    assert found.levels[1] == pytest.approx(192, abs=12)


def test_the_place_tells_crop_rotation_and_scale() -> None:
    image = picture(2, 480, 400)
    cropped = compared(image, image[48:432, 40:360])
    assert cropped.covers[0] == pytest.approx(0.64, abs=0.03)
    assert cropped.covers[1] > 0.99
    np.testing.assert_allclose(cropped.shown, (0.1, 0.1, 0.9, 0.9), atol=0.01)
    turned = np.ascontiguousarray(np.rot90(resize(image, 200, 240), -1))
    degrees, scale = compared(image, turned).turn((400, 480), (240, 200))
    assert degrees == pytest.approx(90, abs=1)
    assert scale == pytest.approx(0.5, abs=0.01)
    back, larger = compared(image, turned).swapped().turn((240, 200), (400, 480))
    assert back == pytest.approx(-90, abs=1)
    assert larger == pytest.approx(2.0, abs=0.05)


def test_a_pair_with_itself_shows_all_of_it() -> None:
    pair = CopyPair("a", "a", is_copy=True)
    assert pair.covers == (1.0, 1.0)
    assert pair.turn((10, 20), (10, 20)) == (0.0, 1.0)
    assert not pair.is_mirrored
