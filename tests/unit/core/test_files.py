"""A file is written whole or not at all, and what forbids it is said as an error of ours."""

import errno
import os
from pathlib import Path
from unittest import mock

import pytest

from facenet_res.core.errors import DiskFull, NotWritable
from facenet_res.core.files import write_atomically


def test_a_file_is_replaced_and_its_folder_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_atomically(path, b"old")
    write_atomically(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(path.parent.iterdir()) == [path]


def test_a_file_where_a_folder_is_needed_is_said(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("text")
    for path in (tmp_path / "taken" / "x", tmp_path / "taken" / "deeper" / "x"):
        with pytest.raises(NotWritable, match=f"cannot write {path}: .*taken.* is no folder"):
            write_atomically(path, b"data")


def test_a_folder_in_the_place_of_the_file_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(NotWritable, match="Is a directory"):
        write_atomically(tmp_path / "taken", b"data")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EACCES, NotWritable),
        (errno.EPERM, NotWritable),
        (errno.ENOSPC, DiskFull),
        (errno.EROFS, DiskFull),
    ],
)
@pytest.mark.parametrize("call", ["mkdir", "touch", "replace"])
def test_what_forbids_writing_is_told_from_a_full_disk(
    tmp_path: Path, number: int, kind: type[Exception], call: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    refusal = OSError(number, os.strerror(number))
    with mock.patch.object(Path, call, side_effect=refusal), pytest.raises(kind, match="file: "):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
