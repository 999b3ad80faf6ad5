"""Fingerprints: once for each distinct image, also after a stop."""

from pathlib import Path

import pytest

from facenet_res.dedup import read_images as tested
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.fingerprint_table import read_fingerprints
from facenet_res.dedup.progress import Progress, no_progress
from facenet_res.dedup.read_images import read_images
from facenet_res.dedup.scan import first_paths, read_photos, scan
from facenet_res.imaging.decode import ImageLimits
from tests.unit.dedup.pictures import picture, save

CONFIG = DedupConfig(workers=1)


def described(folder: Path, out: Path, config: DedupConfig = CONFIG) -> list[Progress]:
    told: list[Progress] = []
    out.mkdir(exist_ok=True)
    scan(folder, out, config, no_progress)
    read_images(folder, out, config, None, told.append)
    return told


def test_every_distinct_photo_has_a_fingerprint_or_a_reason(photos: Path, tmp_path: Path) -> None:
    described(photos, tmp_path / "out")
    paths = first_paths(read_photos(tmp_path / "out"))
    found, skipped = read_fingerprints(tmp_path / "out", CONFIG, paths)
    assert [paths[name] for name in found.sha256] == [
        "0.jpg",
        "1.jpg",
        "2.jpg",
        "copies/0_half.jpg",
    ]
    assert found.size_px.tolist() == [[300, 360]] * 3 + [[150, 180]]
    assert found.descriptors.shape == (4, 2, 64)
    assert found.view(0).shape == (256, 213, 3)
    assert found.features(0).codes.shape == (len(found.features(0).points), 32)
    assert [(file.path, file.reason) for file in skipped] == [("cut <b>.jpg", "IMAGE_UNREADABLE")]


def test_a_second_run_decodes_only_what_is_new(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a run, then a moved photo and a new one
    monkeypatch.setattr(tested, "SHARD_ITEMS", 2)
    described(photos, tmp_path / "out")
    (photos / "0.jpg").rename(photos / "moved.jpg")
    save(photos / "new.jpg", picture(9))
    # when
    decoded: list[str] = []
    real = tested.read_image
    monkeypatch.setattr(
        tested, "read_image", lambda path, limits: decoded.append(path.name) or real(path, limits)
    )
    told = described(photos, tmp_path / "out")
    # then
    assert decoded == ["new.jpg"]
    assert (told[0].done, told[-1].done, told[-1].total) == (5, 6, 6)


def test_other_limits_are_other_results(photos: Path, tmp_path: Path) -> None:
    described(photos, tmp_path / "out")
    strict = DedupConfig(limits=ImageLimits(pixels_max=30_000))
    told = described(photos, tmp_path / "out", strict)
    assert told[0].done == 0
    paths = first_paths(read_photos(tmp_path / "out"))
    found, skipped = read_fingerprints(tmp_path / "out", strict, paths)
    assert len(found.sha256) == 1
    assert {file.reason for file in skipped} == {"IMAGE_TOO_LARGE"}


def test_what_left_the_folder_is_left_out(photos: Path, tmp_path: Path) -> None:
    described(photos, tmp_path / "out")
    found, skipped = read_fingerprints(tmp_path / "out", CONFIG, {})
    assert (found.sha256, skipped) == ((), [])
    assert found.descriptors.shape == (0, 2, 64)


def test_a_file_that_was_away_is_tried_again(photos: Path, tmp_path: Path) -> None:
    # given a photo that goes away between the scan and the fingerprints
    (tmp_path / "out").mkdir()
    scan(photos, tmp_path / "out", CONFIG, no_progress)
    (photos / "2.jpg").rename(tmp_path / "2.jpg")
    read_images(photos, tmp_path / "out", CONFIG, None, no_progress)
    paths = first_paths(read_photos(tmp_path / "out"))
    _, skipped = read_fingerprints(tmp_path / "out", CONFIG, paths)
    assert ("2.jpg", "FILE_MISSING") in {(file.path, file.reason) for file in skipped}
    # when it is back
    (tmp_path / "2.jpg").rename(photos / "2.jpg")
    read_images(photos, tmp_path / "out", CONFIG, None, no_progress)
    # then
    found, skipped = read_fingerprints(tmp_path / "out", CONFIG, paths)
    assert "2.jpg" in {paths[name] for name in found.sha256}
    assert "FILE_MISSING" not in {file.reason for file in skipped}
