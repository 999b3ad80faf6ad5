"""The pairs stage: verdicts by pixels, made once."""

from pathlib import Path

import numpy as np
import pytest

from facenet_res.dedup import pairs as tested
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.fingerprint_table import read_fingerprints
from facenet_res.dedup.pairs import PixelComparison, find_pairs, read_pairs
from facenet_res.dedup.progress import Progress, no_progress
from facenet_res.dedup.read_images import read_images
from facenet_res.dedup.scan import first_paths, read_photos, scan
from facenet_res.dedup.turns import TURNS, turned
from tests.unit.dedup.pictures import picture, save

CONFIG = DedupConfig()


def prepared(folder: Path, out: Path) -> dict[str, str]:
    """Path to SHA-256."""
    out.mkdir(exist_ok=True)
    scan(folder, out, CONFIG, no_progress)
    read_images(folder, out, CONFIG, None, no_progress)
    return {path: name for name, path in first_paths(read_photos(out)).items()}


def comparison(folder: Path, out: Path) -> PixelComparison:
    paths = first_paths(read_photos(out))
    fingerprints, _ = read_fingerprints(out, CONFIG, paths)
    return PixelComparison(fingerprints)


def test_the_copy_is_found_and_the_others_are_not(photos: Path, tmp_path: Path) -> None:
    names = prepared(photos, tmp_path / "out")
    find_pairs(tmp_path / "out", CONFIG, no_progress)
    (pair,) = read_pairs(tmp_path / "out")
    assert (pair.first, pair.second) == (names["0.jpg"], names["copies/0_half.jpg"])
    assert pair.is_copy
    back = pair.swapped().swapped()
    assert (back.first, back.second) == (pair.first, pair.second)
    np.testing.assert_allclose(back.place, pair.place, atol=1e-4)
    assert pair.swapped().first == pair.second


def test_byte_equal_files_only_where_near_copies_are_not_wanted(
    photos: Path, tmp_path: Path
) -> None:
    prepared(photos, tmp_path / "out")
    find_pairs(tmp_path / "out", DedupConfig(near_copies=False), no_progress)
    assert read_pairs(tmp_path / "out") == []


def test_judgements_are_not_made_twice(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a run, and from then on nothing that could register images
    prepared(photos, tmp_path / "out")
    find_pairs(tmp_path / "out", CONFIG, no_progress)
    first = read_pairs(tmp_path / "out")
    monkeypatch.setattr(tested, "similarity_between", None)
    # when it is run again, then it does not try
    told: list[Progress] = []
    find_pairs(tmp_path / "out", CONFIG, told.append)
    assert read_pairs(tmp_path / "out") == first
    assert told[-1].done == told[-1].total


@pytest.mark.parametrize("turn", range(TURNS))
def test_any_turn_is_found(turn: int, tmp_path: Path) -> None:
    image = picture(4)
    layers = [turned(image[:, :, channel], turn) for channel in range(3)]
    save(tmp_path / "photos" / "a.jpg", image)
    save(tmp_path / "photos" / "b.jpg", np.stack(layers, axis=2), 80)
    prepared(tmp_path / "photos", tmp_path / "out")
    found = comparison(tmp_path / "photos", tmp_path / "out").compare(0, 1, range(TURNS))
    assert found.is_copy


def test_different_photos_are_no_copies_by_any_turn(photos: Path, tmp_path: Path) -> None:
    prepared(photos, tmp_path / "out")
    found = comparison(photos, tmp_path / "out").compare(1, 2, range(TURNS))
    assert not found.is_copy


def test_alike_at_a_glance_only_is_a_verdict_of_no(tmp_path: Path) -> None:
    # given one wall with two different heads before it
    for name, seed in (("a", 1), ("b", 2)):
        frame = picture(5)
        frame[150:210, 120:180] = picture(seed, 60, 60)
        save(tmp_path / "photos" / f"{name}.jpg", frame)
    prepared(tmp_path / "photos", tmp_path / "out")
    found = comparison(tmp_path / "photos", tmp_path / "out").compare(0, 1, (0,))
    assert not found.is_copy
