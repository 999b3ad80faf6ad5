"""The directory of a TIFF file before Pillow reads it."""

import io
import struct

import pytest
from PIL import Image

from facenet_res.core.errors import ImageUnreadable
from facenet_res.imaging.tiff import TAG_VALUES_MAX, check_tags


def tiff(order: str, kind: int, values: int) -> bytes:
    """A directory of one tag, the strip offsets."""
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(f"{order}HIHHHII", 42, 8, 1, 273, kind, values, 0)


def big_tiff(order: str, kind: int, values: int) -> bytes:
    """The same in 64 bits."""
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(f"{order}HHHQQHHQQ", 43, 8, 0, 16, 1, 273, kind, values, 0)


@pytest.mark.parametrize("file", [tiff, big_tiff])
@pytest.mark.parametrize("order", ["<", ">"])
def test_limits_the_values_of_a_tag(file: "type", order: str) -> None:
    check_tags(file(order, 4, TAG_VALUES_MAX))
    with pytest.raises(ImageUnreadable, match=f"tag 273 has {TAG_VALUES_MAX + 1} values"):
        check_tags(file(order, 4, TAG_VALUES_MAX + 1))


def test_lets_a_colour_profile_be_large() -> None:
    check_tags(tiff("<", 7, 10_000_000))


@pytest.mark.parametrize("data", [b"II*\x00", tiff("<", 4, 1)[:-2], b"II*\x00\xff\xff\xff\xff"])
def test_refuses_a_directory_beyond_the_file(data: bytes) -> None:
    with pytest.raises(ImageUnreadable, match="directory is not in the file"):
        check_tags(data)


@pytest.mark.parametrize("big", [False, True])
def test_takes_what_pillow_writes(big: bool) -> None:
    file = io.BytesIO()
    Image.new("RGB", (300, 200)).save(file, "TIFF", compression="tiff_lzw", big_tiff=big)
    check_tags(file.getvalue())
