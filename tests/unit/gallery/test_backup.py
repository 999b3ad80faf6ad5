"""A backup is a sound gallery, however busy the original was; a check finds what is damaged."""

import shutil
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import FileMissing, GalleryExists, GalleryInvalid
from facenet_res.gallery import backup
from facenet_res.gallery.backup import back_up
from facenet_res.gallery.folder import VECTORS_NAME
from facenet_res.gallery.full_check import check
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.types import Counts, Enrollment

DIM = 8
FACES = unit_norm(np.random.default_rng(0).normal(size=(200, DIM)))
CROP = np.random.default_rng(1).integers(1, 256, (112, 112, 3), np.uint8)


def make(path: Path) -> EmbeddingGallery:
    gallery = EmbeddingGallery.create(path, model_id="m", embedding_dim=DIM)
    gallery.enroll_many(
        [
            Enrollment(
                person_id=f"p{n}", embedding=face, face_id=f"f{n}", crop=CROP if n < 3 else None
            )
            for n, face in enumerate(FACES)
        ],
        request_id="r",
    )
    gallery.delete_person("p7")
    return gallery


def test_a_backup_is_a_gallery_with_everything(tmp_path: Path) -> None:
    with make(tmp_path / "gallery") as gallery:
        report = back_up(tmp_path / "gallery", tmp_path / "backup")
        people, log = gallery.people(1000), gallery.log()

    assert (report.counts, report.crops) == (Counts(199, 199), 3)
    assert report.log_entries == len(log) == report.position
    with EmbeddingGallery.open(tmp_path / "backup") as restored:
        assert restored.people(1000) == people
        assert restored.log() == log
        np.testing.assert_array_equal(restored.crop("f1"), CROP)
        assert restored.identify(FACES[9:10], threshold=0.99)[0].person_id == "p9"
    assert check(tmp_path / "backup") == report


@pytest.mark.parametrize("rounds_max", [1, backup.ROUNDS_MAX])
def test_a_backup_beside_a_busy_writer_is_sound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rounds_max: int
) -> None:
    monkeypatch.setattr(backup, "ROUNDS_MAX", rounds_max)
    is_over = threading.Event()
    with make(tmp_path / "gallery") as gallery:

        def write() -> None:
            number = 0
            while not is_over.is_set():
                gallery.enroll(f"new-{number % 50}", FACES[number % 200], face_id=f"new-{number}")
                if number % 3 == 2:
                    gallery.delete_face(f"new-{number - 1}")
                number += 1

        writing = threading.Thread(target=write)
        writing.start()
        try:
            for number in range(3):
                report = back_up(tmp_path / "gallery", tmp_path / f"backup-{number}")
                with EmbeddingGallery.open(tmp_path / f"backup-{number}") as restored:
                    assert restored.counts() == report.counts
                content = np.fromfile(tmp_path / f"backup-{number}" / VECTORS_NAME, np.float32)
                # Nothing of faces that were deleted while it ran.
                assert content.reshape(-1, DIM).any(axis=1).sum() == report.counts.faces
        finally:
            is_over.set()
            writing.join()


def test_a_backup_replaces_nothing_and_needs_a_gallery(tmp_path: Path) -> None:
    make(tmp_path / "gallery").close()
    (tmp_path / "there").mkdir()
    with pytest.raises(GalleryExists, match="name a new folder"):
        back_up(tmp_path / "gallery", tmp_path / "there")
    with pytest.raises(FileMissing):
        back_up(tmp_path / "nothing", tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


def test_a_damaged_gallery_leaves_no_backup(tmp_path: Path) -> None:
    make(tmp_path / "gallery").close()
    with (tmp_path / "gallery" / "gallery.vectors").open("rb+") as file:
        file.write(b"\x01\x02\x03\x04")
    with pytest.raises(GalleryInvalid, match="embeddings of the gallery are damaged"):
        back_up(tmp_path / "gallery", tmp_path / "backup")
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE log SET commitment = '00' WHERE position = 3", "changed at entry 3"),
        ("DELETE FROM log WHERE position = 3", "changed at entry 4"),
        ("UPDATE requests SET answer = '[]'", "RequestRow"),
        ("UPDATE faces SET source = 'x' WHERE face_id = 'f1'", "FaceRow"),
    ],
)
def test_a_check_finds_what_was_changed(tmp_path: Path, damage: str, said: str) -> None:
    make(tmp_path / "gallery").close()
    copy = Path(shutil.copytree(tmp_path / "gallery", tmp_path / "copy"))
    connection = sqlite3.connect(copy / "gallery.db")
    with connection:
        connection.execute(damage)
    connection.close()
    check(tmp_path / "gallery")
    with pytest.raises(GalleryInvalid, match=said):
        check(copy)


def test_a_check_reads_every_crop(tmp_path: Path) -> None:
    make(tmp_path / "gallery").close()
    with (tmp_path / "gallery" / "gallery.crops").open("rb+") as file:
        file.seek(40_000)
        file.write(b"\x00\x00\x00\x01\x02")
    with pytest.raises(GalleryInvalid, match="crop of face 'f1' is damaged"):
        check(tmp_path / "gallery")
