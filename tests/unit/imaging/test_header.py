"""The format is told by the first bytes, and what is none of ours is called by its name."""

import pytest

from facenet_res.core.errors import ImageUnreadable
from facenet_res.imaging.header import read_layout
from tests import image_files as files


@pytest.mark.parametrize(
    ("extension", "name"), [(".jpg", "JPEG"), (".png", "PNG"), (".webp", "WebP")]
)
def test_tells_format_and_size(extension: str, name: str) -> None:
    layout = read_layout(files.encoded(files.corners_image(48, 80), extension))
    assert (layout.format, layout.width_px, layout.height_px) == (name, 80, 48)
    assert layout.orientation == 1
    assert not layout.has_alpha


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"GIF89a......", "a GIF"),
        (b"BM..........", "a BMP"),
        (b"\x00\x00\x00\x18ftypheic....", "a HEIC"),
        (b"\x00\x00\x00\x18ftypavif....", "an AVIF"),
        (b"%PDF-1.7....", "a PDF"),
        (b"", "empty"),
        (b"\xff\xd8", "no image"),
        (b"RIFF....WAVE", "no image"),
    ],
)
def test_names_what_it_does_not_read(data: bytes, name: str) -> None:
    with pytest.raises(ImageUnreadable, match=f"{name}.*only JPEG, PNG and WebP are read"):
        read_layout(data)
