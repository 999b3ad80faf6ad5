"""Boxes in dlib's XML format."""

from pathlib import Path

import pytest

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.core.types import Box
from facenet_res.data.imglab import read_imglab


def sheet(folder: Path, images: str) -> Path:
    (folder / "a.jpg").write_bytes(b"")
    path = folder / "boxes.xml"
    path.write_text(f"<?xml version='1.0'?><dataset><images>{images}</images></dataset>")
    return path


def test_boxes_are_read_in_order(tmp_path: Path) -> None:
    path = sheet(
        tmp_path,
        "<image file='a.jpg'><box top='2' left='1' width='10' height='20'><part name='0'/></box>"
        "<box top='0' left='0' width='1' height='1'/></image>",
    )
    assert read_imglab(path) == {tmp_path / "a.jpg": (Box(1, 2, 11, 22), Box(0, 0, 1, 1))}


@pytest.mark.parametrize(
    ("images", "error", "text"),
    [
        ("<image/>", DataInvalid, "no attribute 'file'"),
        ("<image file='b.jpg'/>", FileMissing, "names b.jpg"),
        ("<image file='a.jpg'><box top='1'/></image>", DataInvalid, "needs numbers in left, top"),
        ("<image", DataInvalid, "is not XML"),
    ],
)
def test_a_file_that_breaks_the_format_is_refused(
    images: str, error: type[Exception], text: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=text):
        read_imglab(sheet(tmp_path, images))


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match=r"none\.xml"):
        read_imglab(tmp_path / "none.xml")
