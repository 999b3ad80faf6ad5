"""Lines and shards: whole or not there."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.dedup.stage_files import ShardFolder, read_lines, write_lines


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


def test_shards_come_back_in_order(tmp_path: Path) -> None:
    shards = ShardFolder(tmp_path / "s")
    for number in range(12):
        shards.append({"n": np.array([number])})
    assert [int(shard["n"][0]) for shard in shards.read()] == list(range(12))


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_shard_is_left_out_and_removed(tmp_path: Path, damage: str) -> None:
    # given two shards, the first damaged
    shards = ShardFolder(tmp_path)
    shards.append({"n": np.arange(1000)})
    shards.append({"n": np.array([7])})
    path = tmp_path / "00000000.npz"
    data = bytearray(path.read_bytes())
    if damage == "flipped":
        data[len(data) // 2] ^= 1
    path.write_bytes({"cut": data[:-30], "flipped": data, "empty": b""}[damage])
    # when they are read, then the second is there and the first is gone
    assert [shard["n"].tolist() for shard in shards.read()] == [[7]]
    assert not path.exists()


def test_objects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Object arrays"):
        ShardFolder(tmp_path).append({"n": np.array([object()])})
