"""The format is told by the first bytes, and what is none of ours is called by its name."""

import pytest

from facenet_res.core.errors import ImageUnreadable
from facenet_res.core.image_files import SUFFIXES
from facenet_res.imaging.formats import format_of
from tests import image_files as files


@pytest.mark.parametrize(
    ("extension", "name"),
    [
        (".jpg", "JPEG"),
        (".png", "PNG"),
        (".webp", "WebP"),
        (".tiff", "TIFF"),
        (".gif", "GIF"),
        (".bmp", "BMP"),
        (".ppm", "PNM"),
    ],
)
def test_tells_the_format_of_a_file(extension: str, name: str) -> None:
    assert format_of(files.encoded(files.corners_image(), extension)[:12]) == name
    assert extension in SUFFIXES


@pytest.mark.parametrize(
    ("brands", "name"),
    [
        (b"heic....mif1heic", "HEIC"),
        (b"mif1....mif1heic", "HEIC"),
        (b"avif....avifmif1miaf", "AVIF"),
        (b"mif1....mif1avif", "AVIF"),
    ],
)
def test_tells_heic_from_avif_by_their_brands(brands: bytes, name: str) -> None:
    box = (8 + len(brands)).to_bytes(4, "big") + b"ftyp" + brands
    assert format_of(box + b"avifheic") == name


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"\x00\x00\x00\x18ftypisom....", "a video"),
        (b"%PDF-1.7....", "a PDF"),
        (b"P3 1 1 255 1", "a PGM or PPM in plain text"),
        (b"", "empty"),
        (b"\xff\xd8", "no image"),
        (b"RIFF....WAVE", "no image"),
        (b"BMW is a car maker", "no image"),
    ],
)
def test_names_what_it_does_not_read(data: bytes, name: str) -> None:
    with pytest.raises(ImageUnreadable, match=f"{name}.*JPEG, PNG, WebP, HEIC, .* are read"):
        format_of(data)
