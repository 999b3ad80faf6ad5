"""What is meant by a folder, and what in it is of no use: nothing vanishes in silence."""

import os
from pathlib import Path
from unittest import mock

import pytest

from facenet_res.core.errors import DataInvalid
from facenet_res.core.image_files import SkippedFile, find_image_files, image_files_in


def names(skipped: tuple[SkippedFile, ...]) -> dict[str, str]:
    return {Path(one.path).name: one.message for one in skipped}


def test_a_folder_stands_for_what_is_below_it_in_order(tmp_path: Path) -> None:
    for name in ("b.JPG", "a/c.webp", "a/.hidden.jpg", "a/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")

    found = find_image_files([tmp_path, tmp_path / "absent.jpg"])

    assert [path.name for path in found.paths] == ["c.webp", "b.JPG", "absent.jpg"]
    assert found.skipped == ()
    assert [path.name for path in image_files_in(tmp_path, recursive=False).paths] == ["b.JPG"]


def test_images_of_formats_that_are_not_read_are_named(tmp_path: Path) -> None:
    for name in ("a.gif", "b.HEIC", "c.JXL", "d.nef"):
        (tmp_path / name).write_bytes(b"")
    found = find_image_files([tmp_path])
    assert [path.name for path in found.paths] == ["a.gif", "b.HEIC"]
    assert set(names(found.skipped)) == {"c.JXL", "d.nef"}
    assert "the format of .jxl files is not supported" in names(found.skipped)["c.JXL"]


def test_dangling_links_pipes_and_closed_folders_are_named(tmp_path: Path) -> None:
    (tmp_path / "link.jpg").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.jpg")
    closed = PermissionError(13, "Permission denied", str(tmp_path / "closed"))

    def walk(*_: object, onerror: object) -> object:
        assert callable(onerror)
        onerror(closed)
        return [(str(tmp_path), [], ["link.jpg", "pipe.jpg"])]

    with mock.patch("os.walk", walk):
        found = find_image_files([tmp_path])

    assert found.paths == ()
    assert names(found.skipped) == {
        "closed": "Permission denied",
        "link.jpg": "a broken link",
        "pipe.jpg": "a pipe or device, not a file",
    }


def test_a_pipe_that_is_named_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    found = find_image_files([tmp_path / "pipe"])
    assert (found.paths, len(found.skipped)) == ((), 1)


def test_a_folder_with_nothing_like_a_photograph_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid, match="holds no image"):
        find_image_files([tmp_path])
