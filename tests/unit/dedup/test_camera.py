"""The camera's name is found where it is, and nothing else is taken for it."""

import struct
from pathlib import Path

import pytest

from facenet_res.dedup.camera import names_camera
from tests.image_files import encoded, exif_block, jpeg_with_exif
from tests.unit.dedup.pictures import picture

JPEG = encoded(picture(0, 40, 40), ".jpg")


def block(tag: int, order: str) -> bytes:
    """A TIFF block with one text entry."""
    mark = b"II" if order == "<" else b"MM"
    return mark + struct.pack(f"{order}HIHHHI4sI", 42, 8, 1, tag, 2, 4, b"Cam\x00", 0)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("tag", [0x010F, 0x0110])
def test_maker_and_model_are_found_in_both_byte_orders(
    tmp_path: Path, tag: int, order: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg_with_exif(JPEG, block(tag, order)))
    assert names_camera(tmp_path / "a.jpg")


@pytest.mark.parametrize(
    "data",
    [
        JPEG,
        jpeg_with_exif(JPEG, exif_block(6)),
        jpeg_with_exif(JPEG, block(0x010F, "<")[:4]),
        jpeg_with_exif(JPEG, b"II" + struct.pack("<HI", 42, 2**32 - 1)),
        b"\xff\xd8\xff\xe1\x00\x00Exif\x00\x00" + block(0x010F, "<")[:9],
        b"no JPEG, Exif\x00\x00" + block(0x010F, "<"),
        b"",
    ],
    ids=["none", "other-tag", "cut", "beyond", "cut-in-count", "no-jpeg", "empty"],
)
def test_everything_else_names_none(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.jpg").write_bytes(data)
    assert not names_camera(tmp_path / "a.jpg")


def test_a_file_that_is_gone_names_none(tmp_path: Path) -> None:
    assert not names_camera(tmp_path / "gone.jpg")
