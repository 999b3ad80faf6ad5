"""A folder and a zip file of the same images are read alike."""

import zipfile
from pathlib import Path

import pytest

from facenet_res.core.errors import DataInvalid, FileMissing, ImageTooLarge
from facenet_res.evaluation.image_source import open_images, people_of
from facenet_res.imaging.decode import ImageLimits

FILES = {
    "ann/ann_0002.jpg": b"two",
    "ann/ann_0001.jpg": b"one",
    "bob/b.PNG": b"bob",
    "ann/notes.txt": b"no image",
    "__MACOSX/ann/ann_0001.jpg": b"a ghost",
    ".hidden/c.jpg": b"hidden",
}


@pytest.fixture(params=["folder", "zip"])
def photographs(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "zip":
        with zipfile.ZipFile(tmp_path / "photos.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in FILES.items():
                archive.writestr(name, data)
        return tmp_path / "photos.zip"
    for name, data in FILES.items():
        (tmp_path / "photos" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(data)
    return tmp_path / "photos"


def test_lists_photographs_sorted_and_reads_them(photographs: Path) -> None:
    with open_images(photographs) as source:
        assert source.names == ("ann/ann_0001.jpg", "ann/ann_0002.jpg", "bob/b.PNG")
        assert source.read("ann/ann_0002.jpg") == b"two"


def test_a_missing_photograph_is_named(photographs: Path) -> None:
    with open_images(photographs) as source, pytest.raises(FileMissing, match=r"ann/ann_0009\.jpg"):
        source.read("ann/ann_0009.jpg")


def test_a_photograph_over_the_limit_is_not_read(photographs: Path) -> None:
    with (
        open_images(photographs, ImageLimits(bytes_max=2)) as source,
        pytest.raises(ImageTooLarge, match="3 bytes, limit is 2"),
    ):
        source.read("bob/b.PNG")


def test_what_is_nothing_of_the_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        open_images(tmp_path / "absent")
    (tmp_path / "text.zip").write_text("no zip")
    with pytest.raises(DataInvalid, match="neither a folder nor a zip"):
        open_images(tmp_path / "text.zip")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataInvalid, match="no image"):
        open_images(tmp_path / "empty")
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    with pytest.raises(DataInvalid, match="no image"):
        open_images(tmp_path / "empty.zip")


def test_a_damaged_entry_is_named(tmp_path: Path) -> None:
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("ann/1.jpg", b"abcdefgh" * 10)
    path.write_bytes(path.read_bytes().replace(b"abcdefgh", b"abcdefgX", 1))

    with open_images(path) as source, pytest.raises(FileMissing, match=r"ann/1\.jpg .* CRC"):
        source.read("ann/1.jpg")


def test_people_are_the_innermost_folders() -> None:
    people = people_of(("lfw/bob/2.jpg", "lfw/ann/1.jpg", "lfw/bob/1.jpg", "alone.jpg"))
    assert people == {"ann": ("lfw/ann/1.jpg",), "bob": ("lfw/bob/1.jpg", "lfw/bob/2.jpg")}
