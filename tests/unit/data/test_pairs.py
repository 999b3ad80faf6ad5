"""The pairs file of LFW, and every way in which one can be broken."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.pairs import parse_pairs, read_pairs

TWO_FOLDS = """2\t1
Ann\t1\t3
Ann\t1\tBob\t12
Cid\t2\t4
Bob\t12\tCid\t2
"""


def test_reads_both_kinds_and_the_folds() -> None:
    pairs = parse_pairs(TWO_FOLDS)

    named = [
        (pairs.images[a], pairs.images[b]) for a, b in zip(pairs.first, pairs.second, strict=True)
    ]
    assert named == [
        ("Ann/Ann_0001.jpg", "Ann/Ann_0003.jpg"),
        ("Ann/Ann_0001.jpg", "Bob/Bob_0012.jpg"),
        ("Cid/Cid_0002.jpg", "Cid/Cid_0004.jpg"),
        ("Bob/Bob_0012.jpg", "Cid/Cid_0002.jpg"),
    ]
    assert pairs.is_same.tolist() == [True, False, True, False]
    assert pairs.folds.tolist() == [0, 0, 1, 1]
    assert len(pairs.images) == len(set(pairs.images)) == 5


def test_one_number_in_the_first_line_is_one_fold() -> None:
    pairs = parse_pairs("1\nAnn 1 2\nAnn 1 Bob 1\n")
    assert pairs.folds.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("ten 300\n", "line 1"),
        ("1 2 3\n", "line 1"),
        ("0 5\n", "line 1"),
        ("2 1\nAnn 1 2\n", "4 lines; got 1"),
        ("1 1\nAnn 1 2\nAnn 1 Bob 1\nAnn 1 Bob 2\n", "got 3"),
        ("1 1\nAnn 1 Bob 1\nAnn 1 2\n", "line 2"),
        ("1 1\nAnn 1 2\nAnn 1 3\n", "line 3"),
        ("1 1\nAnn one 2\nAnn 1 Bob 1\n", "line 2"),
        ("1 1\nAnn 1 0\nAnn 1 Bob 1\n", "line 2"),
        ("1 1\nAnn 1 2\n\nAnn 1 Bob 1\n", "got 3"),
        ("1 1\nAnn 1 2\nAnn 1 Bob \u00b2\n", "line 3"),
        ("1000 5000\n", "limit is 1000000"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(DataInvalid, match=message):
        parse_pairs(text)


def test_a_missing_file_and_a_binary_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="no pairs file"):
        read_pairs(tmp_path / "pairs.txt")
    (tmp_path / "pairs.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataInvalid, match="UTF-8"):
        read_pairs(tmp_path / "pairs.txt")


@pytest.mark.data
def test_reads_the_official_pairs(shared_data: Path) -> None:
    pairs = read_pairs(shared_data / "lfw_pairs.txt")

    assert len(pairs) == 6000
    assert len(pairs.images) == 7701
    assert pairs.is_same.sum() == 3000
    assert np.bincount(pairs.folds).tolist() == [600] * 10
