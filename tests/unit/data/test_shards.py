"""Patterns stand for the files they seem to stand for, and a gap in the count is told."""

from pathlib import Path

import pytest

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.shards import OpenFiles, expanded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(12):
        (tmp_path / f"shard-{number:03d}.tar").write_text(str(number))
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "numbers"),
    [
        ("shard-{000..003}.tar", [0, 1, 2, 3]),
        ("shard-{009..011}.tar", [9, 10, 11]),
        ("shard-00{8..9}.tar", [8, 9]),
        ("shard-0{0..1}{0..1}.tar", [0, 1, 10, 11]),
        ("shard-01*.tar", [10, 11]),
        ("shard-00?.tar", list(range(10))),
        ("shard-005.tar", [5]),
        ("nothing-*.tar", []),
        ("nothing.tar", []),
    ],
)
def test_a_pattern_stands_for_files_in_order(
    folder: Path, pattern: str, numbers: list[int]
) -> None:
    assert [int(path.read_text()) for path in expanded(folder / pattern)] == numbers


def test_a_shard_that_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(FileMissing, match=r"shard-012\.tar, of .*is not there"):
        expanded(folder / "shard-{010..013}.tar")


def test_a_pattern_for_too_many_files_is_refused(folder: Path) -> None:
    with pytest.raises(DataInvalid, match="1000000 files, limit is 100000"):
        expanded(folder / "shard-{0..999999}.tar")


def test_reading_past_the_end_gives_what_is_there(folder: Path) -> None:
    files = OpenFiles(expanded(folder / "shard-{010..011}.tar"))

    assert files.read(1, 0, 100) == b"11"
    assert files.read(0, 1, 1) == b"0"
    assert files.read(0, 5, 1) == b""
    files.close()


def test_a_file_that_cannot_be_opened_closes_the_others(folder: Path) -> None:
    with pytest.raises(FileMissing, match="gone"):
        OpenFiles([folder / "shard-000.tar", folder / "gone.tar"])
