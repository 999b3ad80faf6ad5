"""Lines and parts: whole or not there."""

from pathlib import Path

import pyarrow as pa
import pytest

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.dedup.stage_files import Parts, read_lines, write_lines


def test_lines_come_back_as_they_were(tmp_path: Path) -> None:
    records = [{"path": "a\udcff\n.jpg", "bytes": 3}, {"path": "é"}]
    write_lines(tmp_path / "x.jsonl", records)
    assert list(read_lines(tmp_path / "x.jsonl")) == records


def test_lines_that_were_never_written_are_missing(tmp_path: Path) -> None:
    with pytest.raises(FileMissing, match="run the stage"):
        list(read_lines(tmp_path / "x.jsonl"))


@pytest.mark.parametrize("line", [b"{cut", b"[1]", b"\xff\xfe"])
def test_a_damaged_line_is_named(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "x.jsonl").write_bytes(b"{}\n" + line + b"\n")
    with pytest.raises(DataInvalid, match="line 2"):
        list(read_lines(tmp_path / "x.jsonl"))


SCHEMA = pa.schema({"sha256": pa.string(), "reason": pa.string()})


def test_parts_come_back_in_order(tmp_path: Path) -> None:
    parts = Parts(tmp_path / "s", SCHEMA)
    for number in range(12):
        parts.append([{"sha256": str(number), "reason": ""}])
    assert parts.read()["sha256"].to_pylist() == [str(number) for number in range(12)]


@pytest.mark.parametrize("damage", ["cut", "empty", "other"])
def test_a_damaged_part_is_left_out_and_removed(tmp_path: Path, damage: str) -> None:
    # given two parts, the first damaged
    parts = Parts(tmp_path, SCHEMA)
    for number in range(2):
        parts.append([{"sha256": str(number), "reason": ""}])
    path = tmp_path / "00000000.arrow"
    data = path.read_bytes()
    path.write_bytes({"cut": data[:-30], "empty": b"", "other": b"no arrow" * 40}[damage])
    # when they are read, then the second is there and the first is gone
    assert parts.read()["sha256"].to_pylist() == ["1"]
    assert not path.exists()


def test_what_was_settled_by_its_last_row(tmp_path: Path) -> None:
    parts = Parts(tmp_path, SCHEMA)
    parts.append([{"sha256": name, "reason": "AWAY"} for name in "ab"])
    parts.append([{"sha256": "a", "reason": ""}])
    assert parts.settled("AWAY") == {"a"}
