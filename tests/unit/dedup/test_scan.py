"""The scan: what is a photo, what is skipped and why, what is not hashed again."""

import hashlib
import os
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.errors import ArgumentInvalid, FileMissing
from facenet_res.dedup import scan as tested
from facenet_res.dedup import stage_files
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.progress import Progress, no_progress
from facenet_res.dedup.run import deduplicate
from facenet_res.dedup.scan import first_paths, read_photos, read_scan_skipped, scan
from facenet_res.imaging.decode import ImageLimits
from tests.image_files import encoded
from tests.unit.dedup.pictures import picture, save


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "photos"


def scanned(folder: Path, out: Path, config: DedupConfig | None = None) -> dict[str, str]:
    """Path to "" for photos, to the reason for what was skipped."""
    out.mkdir(exist_ok=True)
    scan(folder, out, config or DedupConfig(), no_progress)
    found = {photo.path: "" for photo in read_photos(out)}
    return found | {file.path: file.reason for file in read_scan_skipped(out)}


def test_photos_are_told_by_their_bytes_and_not_by_their_names(folder: Path) -> None:
    image = picture(0, 40, 40)
    save(folder / "a" / "b" / "photo.txt", image)
    (folder / "x.png").write_bytes(encoded(image, ".png"))
    (folder / "y.webp").write_bytes(encoded(image, ".webp"))
    (folder / "words.jpg").write_text("not a photo")
    (folder / "nothing.jpg").touch()
    os.mkfifo(folder / "pipe.jpg")
    assert scanned(folder, folder.parent / "out") == {
        "a/b/photo.txt": "",
        "x.png": "",
        "y.webp": "",
        "words.jpg": "NOT_A_PHOTO",
        "nothing.jpg": "NOT_A_PHOTO",
        "pipe.jpg": "NOT_A_PHOTO",
    }


def test_links_are_not_followed_and_listed(folder: Path, tmp_path: Path) -> None:
    save(folder / "a.jpg", picture(0, 40, 40))
    save(tmp_path / "elsewhere" / "b.jpg", picture(1, 40, 40))
    (folder / "to_folder").symlink_to(tmp_path / "elsewhere")
    (folder / "loop").symlink_to(folder)
    (folder / "b.jpg").symlink_to(tmp_path / "elsewhere" / "b.jpg")
    found = scanned(folder, tmp_path / "out")
    links = dict.fromkeys(("b.jpg", "loop", "to_folder"), "SYMLINK")
    assert found == {"a.jpg": ""} | links


def test_the_output_folder_inside_takes_no_part(folder: Path) -> None:
    save(folder / "a.jpg", picture(0, 40, 40))
    save(folder / "out" / "thumb.jpg", picture(1, 40, 40))
    assert scanned(folder, folder / "out") == {"a.jpg": ""}


def test_too_large_a_file_is_not_hashed(folder: Path, tmp_path: Path) -> None:
    save(folder / "a.jpg", picture(0, 40, 40))
    large = save(folder / "b.jpg", picture(0, 200, 200))
    limits = ImageLimits(bytes_max=large.stat().st_size - 1)
    found = scanned(folder, tmp_path / "out", DedupConfig(limits=limits))
    assert found == {"a.jpg": "", "b.jpg": "IMAGE_TOO_LARGE"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_listed(folder: Path, tmp_path: Path) -> None:
    save(folder / "a.jpg", picture(0, 40, 40))
    save(folder / "b.jpg", picture(0, 40, 40)).chmod(0)
    found = scanned(folder, tmp_path / "out")
    assert found["b.jpg"] == "FILE_MISSING"


def test_a_file_or_folder_that_fails_to_open_is_listed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a file and a folder that the system will not open
    save(folder / "a.jpg", picture(0, 40, 40))
    save(folder / "b.jpg", picture(1, 40, 40))
    save(folder / "closed" / "c.jpg", picture(1, 40, 40))
    opened, listed = Path.open, os.scandir

    def refuse_file(path: Path, *arguments: str) -> object:
        if path.name == "b.jpg":
            raise PermissionError(13, "Permission denied")
        return opened(path, *arguments)

    def refuse_folder(path: Path) -> object:
        if Path(path).name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(Path, "open", refuse_file)
    monkeypatch.setattr(os, "scandir", refuse_folder)
    # when the folder is scanned, then the others are found
    found = scanned(folder, tmp_path / "out")
    assert found == {"a.jpg": "", "b.jpg": "FILE_MISSING", "closed": "FILE_MISSING"}


def test_a_folder_without_photos_is_refused_in_one_sentence(folder: Path, tmp_path: Path) -> None:
    folder.mkdir()
    with pytest.raises(ArgumentInvalid, match="holds no photo: none of its 0 files"):
        scanned(folder, tmp_path / "out")


def test_hashes_are_right_and_byte_equal_files_share_one(folder: Path, tmp_path: Path) -> None:
    first = save(folder / "b.jpg", picture(0))
    (folder / "a.jpg").write_bytes(first.read_bytes())
    scanned(folder, tmp_path / "out")
    photos = read_photos(tmp_path / "out")
    expected = hashlib.sha256(first.read_bytes()).hexdigest()
    assert [photo.path for photo in photos] == ["a.jpg", "b.jpg"]
    assert {photo.sha256 for photo in photos} == {expected}
    assert first_paths(photos) == {expected: "a.jpg"}


def test_only_new_and_changed_files_are_hashed_again(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a folder that was scanned, a shard for each file
    monkeypatch.setattr(tested, "SHARD_ITEMS", 1)
    for number in range(3):
        save(folder / f"{number}.jpg", picture(number, 40, 40))
    scanned(folder, tmp_path / "out")
    before = {photo.path: photo.sha256 for photo in read_photos(tmp_path / "out")}
    # when one changes, one is new, and hashing is counted
    save(folder / "1.jpg", picture(7, 41, 40))
    save(folder / "3.jpg", picture(8, 40, 40))
    counted = []
    real = hashlib.file_digest
    monkeypatch.setattr(hashlib, "file_digest", lambda *of: counted.append(1) or real(*of))
    scanned(folder, tmp_path / "out")
    # then two were hashed, and the hash of the changed one is another
    after = {photo.path: photo.sha256 for photo in read_photos(tmp_path / "out")}
    assert len(counted) == 2
    assert after["0.jpg"] == before["0.jpg"]
    assert after["1.jpg"] != before["1.jpg"]


def test_progress_counts_the_files(folder: Path, tmp_path: Path) -> None:
    save(folder / "a.jpg", picture(0, 40, 40))
    (folder / "b.txt").write_text("b")
    told: list[Progress] = []
    (tmp_path / "out").mkdir()
    scan(folder, tmp_path / "out", DedupConfig(), told.append)
    assert [now.done for now in told] == [1, 2]


def test_a_folder_that_was_not_scanned_has_no_list(tmp_path: Path) -> None:
    with pytest.raises(FileMissing):
        read_photos(tmp_path)
    assert stage_files.SHARD_ITEMS > 0


def test_byte_equal_files_of_any_kind_are_groups(tmp_path: Path) -> None:
    # given pairs of an image too large, a damaged one, and what is no image; and empty files
    folder = tmp_path / "photos"
    wide = save(folder / "pano.png", np.zeros((2, 300, 3), np.uint8)).read_bytes()
    contents = {
        "pano": wide,
        "cut": save(folder / "ok.jpg", picture(0)).read_bytes()[:900],
        "film": b"\x00\x00\x00\x18ftypmp42" + bytes(99),
        "empty": b"",
    }
    (folder / "pano.png").unlink()
    for name, data in contents.items():
        for number in (1, 2):
            (folder / f"{name}{number}").write_bytes(data)
    # when images are compared, and when bytes alone are
    limits = ImageLimits(side_px_max=299)
    (folder / "ok.jpg").write_bytes(save(folder / "ok.jpg", picture(0, 200, 200)).read_bytes())
    for config in (DedupConfig(limits=limits), DedupConfig(limits=limits, near_copies=False)):
        groups = deduplicate(folder, tmp_path / f"out{config.near_copies}", config).groups
        # then
        pairs = {tuple(member.path for member in group.members) for group in groups.copies}
        assert pairs == {("pano1", "pano2"), ("cut1", "cut2"), ("film1", "film2")}
        assert groups.counts.byte_equal_copies == 3


def test_a_file_that_is_replaced_under_its_old_time_is_hashed_again(
    folder: Path, tmp_path: Path
) -> None:
    # Given: two equal files, scanned.
    data = save(folder / "a.jpg", picture(0)).read_bytes()
    second = folder / "b.jpg"
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(data + b"one")
    scanned(folder, tmp_path / "out")
    # When: one gets other contents of the same size, and its time is set back.
    before = second.stat()
    second.write_bytes(data + b"two")
    os.utime(second, ns=(before.st_atime_ns, before.st_mtime_ns))
    scanned(folder, tmp_path / "out")
    # Then: they are no longer equal.
    assert len({photo.sha256 for photo in read_photos(tmp_path / "out")}) == 2
