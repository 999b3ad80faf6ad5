"""Decisions: on the disk at once, checked, the later one holds, an undo takes one back."""

import json
from pathlib import Path

import pytest

from facenet_res.core.errors import ArgumentInvalid, DataInvalid
from facenet_res.core.types import Box
from facenet_res.dedup.decisions import (
    DECISIONS_NAME,
    FaceRef,
    append_decision,
    decision_lines,
    read_decisions,
)

A, B = "a" * 64, "b" * 64
FACE = {"sha256": A, "box": [1, 2, 30.5, 40]}
OTHER = {"sha256": B, "box": [5, 6, 70, 80]}
REFS = FaceRef(A, Box(1, 2, 30.5, 40)), FaceRef(B, Box(5, 6, 70, 80))


def test_without_a_file_nothing_is_decided(tmp_path: Path) -> None:
    decisions = read_decisions(tmp_path)
    assert (decisions.keep, decisions.copies, decisions.together) == ({}, frozenset(), ())


def test_the_later_of_two_holds_and_an_undo_takes_one_back(tmp_path: Path) -> None:
    pair = {"first": B, "second": A}
    assert append_decision(tmp_path, {"kind": "copy"} | pair) == 0
    assert append_decision(tmp_path, {"kind": "not_a_copy"} | pair) == 1
    assert read_decisions(tmp_path).not_copies == {(A, B)}
    assert append_decision(tmp_path, {"kind": "undo", "number": 1}) == 2
    decisions = read_decisions(tmp_path)
    assert (decisions.copies, decisions.not_copies) == ({(A, B)}, frozenset())


def test_people_are_joined_parted_and_named(tmp_path: Path) -> None:
    append_decision(tmp_path, {"kind": "same_person", "first": OTHER, "second": FACE})
    append_decision(tmp_path, {"kind": "name", "face": FACE, "name": "Ada Lovelace"})
    decisions = read_decisions(tmp_path)
    assert decisions.together == (REFS,)
    assert decisions.names == ((REFS[0], "Ada Lovelace"),)
    append_decision(tmp_path, {"kind": "not_same_person", "first": FACE, "others": [OTHER]})
    decisions = read_decisions(tmp_path)
    assert (decisions.together, decisions.apart) == ((), (REFS,))


@pytest.mark.parametrize(
    "wrong",
    [
        None, [], {}, {"kind": "delete"}, {"kind": "keep"}, {"kind": "keep", "sha256": "x"},
        {"kind": "keep", "sha256": A, "more": 1}, {"kind": "undo", "number": -1},
        {"kind": "undo", "number": True}, {"kind": "name", "face": FACE, "name": "a\nb"},
        {"kind": "name", "face": FACE, "name": "x" * 201},
        {"kind": "name", "face": {"sha256": A, "box": [1, 2, 3]}, "name": "x"},
        {"kind": "same_person", "first": FACE, "second": {"sha256": A, "box": [1, 2, 3, 1e9]}},
    ],
)  # fmt: skip
def test_what_is_no_decision_is_refused_and_not_kept(tmp_path: Path, wrong: object) -> None:
    with pytest.raises(ArgumentInvalid):
        append_decision(tmp_path, wrong)
    assert not (tmp_path / DECISIONS_NAME).exists()


def test_a_line_cut_short_by_a_crash_is_passed_over_and_keeps_its_number(tmp_path: Path) -> None:
    append_decision(tmp_path, {"kind": "keep", "sha256": A})
    with (tmp_path / DECISIONS_NAME).open("ab") as file:
        file.write(b'{"kind": "keep", "sha')
    assert append_decision(tmp_path, {"kind": "keep", "sha256": B}) == 2
    assert [line and line["sha256"] for line in decision_lines(tmp_path)] == [A, None, B]
    assert read_decisions(tmp_path).keep == {A: 0, B: 2}


def test_a_whole_line_that_is_no_decision_is_named(tmp_path: Path) -> None:
    (tmp_path / DECISIONS_NAME).write_text(json.dumps({"kind": "keep", "sha256": A}) + "\n{}\n")
    with pytest.raises(DataInvalid, match="line 2"):
        read_decisions(tmp_path)
