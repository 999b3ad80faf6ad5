"""Manifests: the files they name take part, and nothing else does."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.manifest import read_manifest
from facenet_res.dedup.run import deduplicate

PATHS = ["0.jpg", "copies/0_half.jpg", "gone.jpg"]


@pytest.fixture(params=["csv", "parquet"])
def manifest(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / f"list.{request.param}"
    if request.param == "csv":
        path.write_text("path,note\n" + "".join(f"{each},x\n" for each in PATHS))
    else:
        pq.write_table(pa.table({"path": PATHS, "note": ["x"] * 3}), path)
    return path


def test_only_the_files_of_the_manifest_take_part(manifest: Path, photos: Path) -> None:
    config = DedupConfig(only=read_manifest(manifest))
    groups = deduplicate(photos, photos.parent / "out", config).groups
    (group,) = groups.copies
    assert [member.path for member in group.members] == PATHS[:2]
    assert [(file.path, file.reason) for file in groups.skipped] == [("gone.jpg", "FILE_MISSING")]
    assert groups.counts.photos == 2


@pytest.mark.parametrize("text", ["", "file\na.jpg\n", "path\n/etc/passwd\n", "path\n../a.jpg\n"])
def test_a_bad_manifest_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text)
    if not text:
        assert read_manifest(path) == frozenset()
        return
    with pytest.raises(DataInvalid, match=r"list\.csv"):
        read_manifest(path)


def test_no_manifest_is_a_missing_file(tmp_path: Path) -> None:
    for name in ("a.csv", "a.parquet"):
        with pytest.raises(FileMissing, match=name):
            read_manifest(tmp_path / name)


def test_a_damaged_parquet_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 no more")
    with pytest.raises(DataInvalid, match="cannot be read"):
        read_manifest(tmp_path / "a.parquet")
    pq.write_table(pa.table({"file": ["a"]}), tmp_path / "b.parquet")
    with pytest.raises(DataInvalid):
        read_manifest(tmp_path / "b.parquet")
