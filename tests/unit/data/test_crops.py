"""Crops are read alike from a zip and a folder, and what is wrong with them is said."""

import dataclasses
import zipfile
from pathlib import Path

import pytest

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.crops import Crop, fingerprint, open_crops, read_crops
from tests.crops import write_crops


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return write_crops(tmp_path / "crops.zip")


def test_a_zip_and_its_folder_hold_the_same_crops(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)

    assert fingerprint(open_crops(folder)) == fingerprint(open_crops(archive))


def test_identity_comes_from_the_folder_and_doubt_from_the_index(archive: Path) -> None:
    crops = {crop.name: crop for crop in open_crops(archive)}

    assert len(crops) == 28
    assert crops["person1/2.jpg"].identity == "person1"
    assert crops["_unlabelled/0.jpg"].identity == ""
    assert not crops["person0/0.jpg"].is_label_sure
    assert crops["person0/1.jpg"].is_label_sure
    assert crops["person0/1.jpg"].decode().shape == (112, 112, 3)


def test_a_changed_byte_changes_the_fingerprint(archive: Path, tmp_path: Path) -> None:
    crops = open_crops(archive)
    first = crops[0]
    folder = tmp_path / "changed"
    with zipfile.ZipFile(archive) as file:
        file.extractall(folder)
    (folder / first.name).write_bytes(first.data[:-1] + b"\x00")

    assert fingerprint(open_crops(folder)) != fingerprint(crops)


def test_a_small_set_fits_in_memory_and_a_large_one_is_refused(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = read_crops(archive)

    with open_crops(archive) as source:
        assert held == list(source)
        assert fingerprint(held) == fingerprint(source)
    monkeypatch.setattr("facenet_res.data.crops.IN_MEMORY_MAX", 27)
    with pytest.raises(DataInvalid, match="holds 28 crops, limit in memory is 27"):
        read_crops(archive)


def test_of_a_large_set_every_name_and_some_bytes_count(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("facenet_res.data.crops.FULL_FINGERPRINT_MAX", 10)
    crops = read_crops(archive)

    def other(number: int, **changes: object) -> str:
        changed = dataclasses.replace(crops[number], **changes)
        return fingerprint([*crops[:number], changed, *crops[number + 1 :]])

    assert other(3, data=b"x") != fingerprint(crops)
    assert other(4, data=b"x") == fingerprint(crops)
    assert other(4, name="x/y.jpg") != fingerprint(crops)
    assert other(4, identity="x") != fingerprint(crops)


def test_a_missing_path_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="nowhere"):
        open_crops(tmp_path / "nowhere.zip")


def test_an_empty_folder_is_no_set(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="no crops"):
        open_crops(tmp_path)


def test_a_text_file_is_no_zip(tmp_path: Path) -> None:
    (tmp_path / "crops.zip").write_text("hello")

    with pytest.raises(DataInvalid, match="no whole zip"):
        open_crops(tmp_path / "crops.zip")


@pytest.mark.parametrize("data", [b"text", b""])
def test_a_crop_that_is_no_picture_is_named(data: bytes) -> None:
    with pytest.raises(DataInvalid, match=r"a/b\.jpg is unreadable"):
        Crop("a/b.jpg", "a", True, data).decode()
