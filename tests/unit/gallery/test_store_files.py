"""The store's files: no bytes left of the deleted, a full disk survived, one writer."""

import contextlib
import os
import random
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from facenet_res.core.arrays import unit_norm
from facenet_res.core.errors import (
    DiskFull,
    FileMissing,
    GalleryExists,
    GalleryInvalid,
    GalleryLocked,
)
from facenet_res.core.types import Embeddings
from facenet_res.gallery.folder import BALLAST_NAME, DATABASE_NAME
from facenet_res.gallery.gallery import EmbeddingGallery
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.types import Enrollment, GalleryInfo
from tests.unit.gallery.conftest import in_a_folder

DIM = 8
INFO = GalleryInfo("model-a", DIM, 1000.0)


def bytes_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


def pieces(embedding: object) -> list[bytes]:
    content = np.asarray(embedding, "<f4").tobytes()
    return [content[start : start + 16] for start in range(0, len(content), 16)]


def test_a_second_opening_is_locked_out_until_the_first_closes(tmp_path: Path) -> None:
    folder = tmp_path / "gallery"
    store = SqliteStore.create(folder, INFO, ballast_bytes=0)
    for again in (SqliteStore.open, lambda path: SqliteStore.create(path, INFO)):
        with pytest.raises(GalleryLocked, match=f"{folder} is open in process {os.getpid()}"):
            again(folder)
    store.close()
    SqliteStore.open(folder, ballast_bytes=0).close()


def test_what_cannot_be_created_or_opened_leaves_no_lock_behind(tmp_path: Path) -> None:
    SqliteStore.create(tmp_path, INFO, ballast_bytes=0).close()
    with pytest.raises(GalleryExists):
        SqliteStore.create(tmp_path, INFO)
    SqliteStore.open(tmp_path, ballast_bytes=0).close()

    (tmp_path / DATABASE_NAME).write_bytes(b"text" * 1000)
    for _ in range(2):
        with pytest.raises(GalleryInvalid):
            SqliteStore.open(tmp_path)


def test_a_path_to_a_file_or_to_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(GalleryInvalid):
        SqliteStore.create(tmp_path / "file", INFO)
    with pytest.raises(FileMissing):
        SqliteStore.open(tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


@pytest.mark.parametrize("dim", [8, 65])
def test_no_byte_of_an_embedding_or_a_crop_survives_its_deletion(tmp_path: Path, dim: int) -> None:
    choose = random.Random(dim)  # noqa: S311
    rows = unit_norm(np.random.default_rng(dim).normal(size=(300, dim)))
    crops = np.random.default_rng(1).integers(1, 256, (20, 112, 112, 3), np.uint8)
    living: dict[int, str] = {}
    dead: list[int] = []
    with EmbeddingGallery.create(tmp_path, model_id="m", embedding_dim=dim) as gallery:
        used = 0
        while used < len(rows):
            person = f"p{choose.randrange(20)}"
            if choose.random() < 0.5 or person not in living.values():
                count = min(choose.choice([1, 1, 5, 30]), len(rows) - used)
                batch = range(used, used + count)
                gallery.enroll_many(
                    [
                        Enrollment(
                            person_id=person,
                            embedding=rows[n],
                            face_id=f"f{n}",
                            crop=crops[n] if n < len(crops) else None,
                        )
                        for n in batch
                    ]
                )
                living |= dict.fromkeys(batch, person)
                used += count
                continue
            mine = [n for n, owner in living.items() if owner == person]
            if choose.random() < 0.5:
                mine = mine[:1]
                gallery.delete_face(f"f{mine[0]}")
            else:
                gallery.delete_person(person)
            dead += mine
            for n in mine:
                del living[n]
        content = bytes_in(tmp_path)
    closed = bytes_in(tmp_path)
    assert len(dead) > 20
    for found in (content, closed):
        assert not [n for n in dead if any(part in found for part in pieces(rows[n])[:2])]
        assert all(pieces(rows[n])[0] in found for n in living)
        assert not [n for n in dead if n < 20 and crops[n, 50].tobytes() in found]


@in_a_folder
def test_compacting_clears_the_texts_of_the_deleted_too(
    gallery: EmbeddingGallery, tmp_path: Path, faces: Embeddings
) -> None:
    for number in range(60):
        name = f"name-of-{number}-{'x' * number * 4}"
        gallery.enroll(f"person-{number}", faces[number], name=name)
    gallery.delete_people([f"person-{number}" for number in range(0, 60, 2)])
    gallery.compact()

    content = bytes_in(tmp_path / "gallery")

    assert not [n for n in range(0, 60, 2) if f"name-of-{n}-".encode() in content]
    assert all(f"name-of-{n}-".encode() in content for n in range(1, 60, 2))


def test_what_a_crash_left_in_a_free_slot_is_wiped_on_opening(
    tmp_path: Path, faces: Embeddings
) -> None:
    with EmbeddingGallery.create(tmp_path, model_id="m", embedding_dim=DIM) as gallery:
        gallery.enroll("ada", faces[0])
    with (tmp_path / "gallery.vectors").open("rb+") as file:
        file.seek(5 * DIM * 4)
        file.write(faces[1].tobytes())
    with EmbeddingGallery.open(tmp_path) as gallery:
        assert gallery.identify(faces[1:2], threshold=0.99)[0].person_id == ""
    assert pieces(faces[1])[0] not in bytes_in(tmp_path)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 6 MB, where we may make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(disk)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs the right to mount a tmpfs")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def open_small(folder: Path, ballast_bytes: int) -> EmbeddingGallery:
    if folder.exists():
        return EmbeddingGallery(SqliteStore.open(folder, ballast_bytes=ballast_bytes))
    info = GalleryInfo("m", 512, 0.0)
    return EmbeddingGallery(SqliteStore.create(folder, info, ballast_bytes=ballast_bytes))


def fill_up(gallery: EmbeddingGallery, disk: Path) -> int:
    """Enrols until the disk is full, then takes what is left; how many faces were acknowledged."""
    embedding = np.eye(512, dtype=np.float32)[0]
    acknowledged = 0
    with contextlib.suppress(DiskFull):
        while True:
            gallery.enroll(f"p{acknowledged // 10}", embedding, face_id=f"f{acknowledged}")
            acknowledged += 1
    with contextlib.suppress(OSError), (disk / "filler").open("ab", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass
    return acknowledged


def test_a_full_disk_deletes_by_its_reserve_and_then_enrols_again(small_disk: Path) -> None:
    folder = small_disk / "gallery"
    gallery = open_small(folder, 1 << 20)
    acknowledged = fill_up(gallery, small_disk)
    assert acknowledged > 100
    assert gallery.counts().faces == acknowledged

    assert gallery.delete_person("p3").faces == 10
    assert gallery.delete_face("f0").faces == 1
    for number in range(5):
        gallery.enroll("new", np.eye(512, dtype=np.float32)[1], face_id=f"new-{number}")

    assert gallery.counts().faces == acknowledged - 11 + 5
    gallery.close()
    gallery = open_small(folder, 1 << 20)
    assert gallery.counts().faces == acknowledged - 11 + 5
    gallery.close()


def test_a_gallery_closed_on_a_full_disk_opens_by_its_reserve_and_deletes(small_disk: Path) -> None:
    folder = small_disk / "gallery"
    gallery = open_small(folder, 1 << 20)
    acknowledged = fill_up(gallery, small_disk)
    gallery.close()
    with contextlib.suppress(OSError), (small_disk / "filler").open("ab", buffering=0) as filler:
        while filler.write(bytes(4096)):
            pass

    gallery = open_small(folder, 1 << 20)

    assert gallery.counts().faces == acknowledged
    assert gallery.delete_person("p3").faces == 10
    gallery.close()


@pytest.mark.parametrize("step", ["make_tables", "HeadFile.create", "sync_folder", "write_info"])
def test_a_creation_broken_off_anywhere_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    places = {
        "make_tables": "sqlite_database.make_tables",
        "HeadFile.create": "folder.HeadFile.create",
        "sync_folder": "folder.sync_folder",
        "write_info": "sqlite_store.checking.write_info",
    }

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(f"facenet_res.gallery.{places[step]}", killed)
        with pytest.raises(KeyboardInterrupt):
            SqliteStore.create(tmp_path, INFO, ballast_bytes=0)
    SqliteStore.create(tmp_path, INFO, ballast_bytes=0).close()
    SqliteStore.open_reading(tmp_path).close()


def test_a_gallery_that_was_created_can_be_read_before_anybody_has_opened_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(SqliteStore, "open", killed)
        with pytest.raises(KeyboardInterrupt):
            SqliteStore.create(tmp_path, INFO, ballast_bytes=0)
    SqliteStore.open_reading(tmp_path).close()
    SqliteStore.open(tmp_path, ballast_bytes=0).close()


def test_without_a_reserve_a_full_disk_says_so_and_loses_nothing(small_disk: Path) -> None:
    folder = small_disk / "gallery"
    gallery = open_small(folder, 0)
    acknowledged = fill_up(gallery, small_disk)
    faces = acknowledged
    for change, deleted in (
        (lambda: gallery.delete_person("p3"), 10),
        (lambda: gallery.delete_face("f0"), 1),
        (gallery.compact, 0),
    ):
        with contextlib.suppress(DiskFull):
            change()
            faces -= deleted
    assert gallery.counts().faces == faces
    (small_disk / "filler").unlink()
    gallery.close()
    gallery = open_small(folder, 0)
    assert gallery.counts().faces == faces
    gallery.close()


def test_the_reserve_leaves_room_for_enrolments(small_disk: Path) -> None:
    gallery = open_small(small_disk / "gallery", 4 << 20)
    assert not (small_disk / "gallery" / BALLAST_NAME).exists()
    gallery.enroll("ada", np.eye(512, dtype=np.float32)[0])
    gallery.close()


def test_its_files_are_its_owners_only_also_in_a_folder_open_to_all(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with contextlib.closing(SqliteStore.create(tmp_path, INFO)):
        pass
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert {"gallery.db", "gallery.vectors", "gallery.head", "gallery.snapshot"} <= set(modes)
    assert set(modes.values()) == {0o600}
