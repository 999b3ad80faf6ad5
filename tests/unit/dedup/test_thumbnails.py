"""Thumbnails: small, cut to the face, absent where the photo is."""

import base64
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.types import Box, Image
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.thumbnails import Thumbnails
from facenet_res.imaging.decode import decode_image
from tests.unit.dedup.pictures import save


def opened(uri: str) -> Image:
    head, _, data = uri.partition(",")
    assert head == "data:image/jpeg;base64"
    return decode_image(base64.b64decode(data))


@pytest.fixture
def thumbnails(tmp_path: Path) -> Thumbnails:
    image = np.zeros((200, 400, 3), np.uint8)
    image[40:80, 300:340] = 255
    save(tmp_path / "a.jpg", image)
    save(tmp_path / "line.jpg", np.full((1, 500, 3), 9, np.uint8))
    return Thumbnails(tmp_path, DedupConfig(thumbnail_px=100))


def test_a_photo_keeps_its_shape(thumbnails: Thumbnails) -> None:
    assert opened(thumbnails.photo("a.jpg")).shape == (50, 100, 3)
    assert opened(thumbnails.photo("line.jpg")).shape == (1, 100, 3)


def test_a_face_is_shown_with_a_little_around_it(thumbnails: Thumbnails) -> None:
    face = opened(thumbnails.face("a.jpg", Box(300, 40, 340, 80)))
    assert face.shape == (68, 68, 3)
    assert face[34, 34].min() > 200
    assert face[2, 2].max() < 60


@pytest.mark.parametrize("box", [Box(-50, -50, 20, 20), Box(390, 190, 500, 300)])
def test_a_box_beyond_the_edge_is_cut(thumbnails: Thumbnails, box: Box) -> None:
    assert opened(thumbnails.face("a.jpg", box)).size > 0


def test_a_box_outside_shows_the_whole_photo(thumbnails: Thumbnails) -> None:
    assert opened(thumbnails.face("a.jpg", Box(900, 900, 950, 950))).shape == (50, 100, 3)


def test_a_photo_that_is_gone_has_none(thumbnails: Thumbnails) -> None:
    assert thumbnails.photo("gone.jpg") == ""
    assert thumbnails.face("gone.jpg", Box(0, 0, 9, 9)) == ""
