"""A gallery's folder: private, locked for one, with space in reserve."""

import errno
import os
import stat
from pathlib import Path
from unittest import mock

import pytest

from facenet_res.core.errors import (
    FileMissing,
    GalleryInvalid,
    GalleryLocked,
    NotWritable,
)
from facenet_res.gallery.folder import (
    BALLAST_NAME,
    DATABASE_NAME,
    LOCK_NAME,
    Ballast,
    find_database,
    lock_folder,
    make_folder,
    make_private_file,
)


def test_a_new_folder_is_its_owners_only(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700


@pytest.mark.parametrize("below", ["", "deeper"])
def test_a_file_in_the_way_is_named(tmp_path: Path, below: str) -> None:
    (tmp_path / "taken").write_text("text")
    with pytest.raises(GalleryInvalid, match=r"taken.* is a file"):
        make_folder(tmp_path / "taken" / below)


def test_a_folder_that_cannot_be_made_is_said_with_the_reason() -> None:
    # procfs refuses new folders to root as well.
    with pytest.raises(NotWritable, match="cannot write /proc/gallery"):
        make_folder(Path("/proc/gallery"))


def test_a_new_file_is_its_owners_only_and_an_old_one_keeps_its_content(tmp_path: Path) -> None:
    make_private_file(tmp_path / "new")
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o600
    (tmp_path / "new").write_text("text")
    make_private_file(tmp_path / "new")
    assert (tmp_path / "new").read_text() == "text"


def test_a_file_that_cannot_be_made_is_said_with_the_reason() -> None:
    with pytest.raises(NotWritable, match="cannot write /proc/gallery"):
        make_private_file(Path("/proc/gallery"))


def test_the_database_of_nothing_a_file_or_an_empty_folder_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    with pytest.raises(FileMissing, match=r"no gallery at .*absent"):
        find_database(tmp_path / "absent")
    with pytest.raises(GalleryInvalid, match="is a file"):
        find_database(tmp_path / "file")
    with pytest.raises(FileMissing, match=f"has no {DATABASE_NAME}"):
        find_database(tmp_path)


def test_a_second_lock_is_refused_at_once_with_path_and_process(tmp_path: Path) -> None:
    lock = lock_folder(tmp_path)

    with pytest.raises(GalleryLocked, match=f"{tmp_path} is open in process {os.getpid()}$"):
        lock_folder(tmp_path)

    lock.release()
    lock_folder(tmp_path).release()


def test_the_lock_holds_where_the_process_cannot_be_noted(tmp_path: Path) -> None:
    with mock.patch("os.ftruncate", side_effect=OSError("full")):
        lock = lock_folder(tmp_path)

    with pytest.raises(GalleryLocked, match="process unknown"):
        lock_folder(tmp_path)
    lock.release()


def test_a_lock_that_cannot_be_made_is_said_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / LOCK_NAME).mkdir()
    with pytest.raises(NotWritable, match=f"cannot write .*{LOCK_NAME}"):
        lock_folder(tmp_path)


def test_the_ballast_takes_its_size_once_and_gives_it_back(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path, 1_500_000)
    ballast.release()
    ballast.fill()
    ballast.fill()
    assert (tmp_path / BALLAST_NAME).stat().st_size == 1_500_000

    ballast.release()
    assert (tmp_path / BALLAST_NAME).stat().st_size == 0


def test_a_ballast_without_room_is_no_error(tmp_path: Path) -> None:
    Ballast(tmp_path / "absent", 1).fill()


@pytest.mark.parametrize("call", ["exists", "is_dir", "is_file"])
def test_a_gallery_that_may_not_be_looked_into_is_an_error_of_ours(
    tmp_path: Path, call: str
) -> None:
    refusal = PermissionError(errno.EACCES, "Permission denied")
    with (
        mock.patch.object(Path, call, side_effect=refusal),
        pytest.raises(FileMissing, match=r"cannot read the gallery at .*: Permission denied"),
    ):
        find_database(tmp_path)


def test_a_database_that_may_not_be_read_is_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(b"")
    with (
        mock.patch("os.access", return_value=False),
        pytest.raises(FileMissing, match="Permission denied"),
    ):
        find_database(tmp_path)
