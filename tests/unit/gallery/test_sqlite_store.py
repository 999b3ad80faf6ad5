"""The store's own promises: one process, no bytes left of the deleted, a full disk survived."""

import contextlib
import os
import random
import stat
import subprocess
import sys
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
from facenet_res.gallery.sqlite_store import SqliteStore
from facenet_res.gallery.types import Counts, EnrolledFace, FaceRecord, GalleryInfo

DIM = 8
INFO = GalleryInfo("model-a", DIM, 1000.0)
MANY = 1_000_000


def record(person_id: str, face_id: str, embedding: object, note: str = "") -> FaceRecord:
    face = EnrolledFace(face_id, person_id, note, 0.0)
    return FaceRecord(face, np.asarray(embedding, np.float32), note, {})


def bytes_in(folder: Path) -> bytes:
    """All files together, read elsewhere: closing them here would drop SQLite's locks."""
    read = (
        "import pathlib, sys\n"
        "for file in pathlib.Path(sys.argv[1]).iterdir():\n"
        "    sys.stdout.buffer.write(file.read_bytes())\n"
    )
    return subprocess.run(
        [sys.executable, "-c", read, str(folder)], capture_output=True, check=True
    ).stdout


def pieces(embedding: object) -> list[bytes]:
    content = np.asarray(embedding, "<f4").tobytes()
    return [content[start : start + 16] for start in range(0, len(content), 16)]


def test_a_second_opening_is_locked_out_until_the_first_closes(
    store: SqliteStore, tmp_path: Path
) -> None:
    folder = tmp_path / "gallery"
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


def test_a_deleted_embedding_is_in_no_file_and_a_kept_one_is(
    store: SqliteStore, tmp_path: Path, faces: Embeddings
) -> None:
    folder = tmp_path / "gallery"
    for number in range(20):
        store.add([record(f"p{number % 5}", f"f{number}", faces[number])], MANY)
    assert all(piece in bytes_in(folder) for piece in pieces(faces[7]))

    store.delete_person("p2")
    store.delete_face("f0")
    store.purge()

    content = bytes_in(folder)
    for number in range(20):
        is_deleted = number == 0 or number % 5 == 2
        assert all((piece in content) != is_deleted for piece in pieces(faces[number]))


@pytest.mark.parametrize("dim", [8, 64, 160])
def test_no_embedding_survives_its_deletion_through_any_mixture_of_changes(
    tmp_path: Path, dim: int
) -> None:
    # SQLite moves rows between pages when neighbours come and go; see sqlite_faces.py.
    choose = random.Random(dim)  # noqa: S311
    rows = unit_norm(np.random.default_rng(dim).normal(size=(1500, dim)))
    store = SqliteStore.create(tmp_path, GalleryInfo("m", dim, 0.0), ballast_bytes=0)
    living: dict[str, str] = {}
    dead: list[int] = []
    used = 0
    while used < 1400:
        person_id = f"p{choose.randrange(40)}"
        if choose.random() < 0.6 or person_id not in living.values():
            count = choose.choice([1, 1, 5, 30])
            batch = range(used, used + count)
            note = "x" * choose.randrange(60)
            store.add([record(person_id, f"f{one}", rows[one], note) for one in batch], MANY)
            living |= {f"f{one}": person_id for one in batch}
            used += count
        else:
            mine = [face_id for face_id, owner in living.items() if owner == person_id]
            if choose.random() < 0.5:
                mine = mine[:1]
                store.delete_face(mine[0])
            else:
                store.delete_person(person_id)
            dead += [int(face_id[1:]) for face_id in mine]
            for face_id in mine:
                del living[face_id]
    store.purge()

    content = bytes_in(tmp_path)

    assert len(dead) > 300
    # The first and the last piece: enough, and quick.
    assert not [
        one for one in dead if any(part in content for part in pieces(rows[one])[:: dim // 4 - 1])
    ]
    assert store.counts().faces == len(living)
    store.close()


def test_compacting_clears_the_texts_of_the_deleted_too(
    store: SqliteStore, tmp_path: Path, faces: Embeddings
) -> None:
    for number in range(60):
        name = f"name-of-{number}-{'x' * number * 9}"
        store.add([record(f"person-{number}", f"face-{number}", faces[number], name)], MANY)
    for number in range(0, 60, 2):
        store.delete_person(f"person-{number}")
    store.compact()

    content = bytes_in(tmp_path / "gallery")

    assert not [n for n in range(0, 60, 2) if f"name-of-{n}-".encode() in content]
    assert all(f"name-of-{n}-".encode() in content for n in range(1, 60, 2))


def test_a_full_database_takes_no_half_and_still_deletes(
    store: SqliteStore, faces: Embeddings
) -> None:
    store.add([record("ada", "f0", faces[0]), record("bob", "f1", faces[1])], MANY)
    with store._database.reading() as connection:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 1}")

    with pytest.raises(DiskFull, match="disk is full"):
        store.add([record("eve", f"e{n}", faces[n], "x" * 1000) for n in range(2, 40)], MANY)
    assert store.counts() == Counts(2, 2)

    assert store.delete_person("ada").rows_left == 0
    store.purge()
    store.add([record("eve", "e2", faces[2])], MANY)
    assert store.counts() == Counts(2, 2)


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


def fill_up(store: SqliteStore, disk: Path) -> int:
    """Enrols until the disk is full, then takes what is left; how many faces were acknowledged."""
    embedding = np.eye(512, dtype=np.float32)[0]
    acknowledged = 0
    while True:
        try:
            store.add([record(f"p{acknowledged // 10}", f"f{acknowledged}", embedding)], MANY)
        except DiskFull:
            break
        acknowledged += 1
    try:
        with (disk / "filler").open("ab", buffering=0) as filler:
            while filler.write(bytes(4096)):
                pass
    except OSError:
        return acknowledged
    return -1


def test_on_a_full_disk_the_ballast_pays_for_deletions(small_disk: Path) -> None:
    folder = small_disk / "gallery"
    store = SqliteStore.create(folder, GalleryInfo("m", 512, 0.0), ballast_bytes=1 << 20)
    acknowledged = fill_up(store, small_disk)
    assert acknowledged > 100
    assert store.counts().faces == acknowledged

    deleted = store.delete_person("p3")
    store.purge()
    assert store.delete_face("f0").rows_left == 0
    store.purge()

    assert (len(deleted.rows), deleted.rows_left) == (10, 0)
    assert (folder / "gallery.db-wal").stat().st_size == 0
    assert (folder / BALLAST_NAME).stat().st_size > 0
    store.close()
    store = SqliteStore.open(folder, ballast_bytes=1 << 20)
    assert store.counts().faces == acknowledged - 11
    store.close()


def test_without_ballast_a_full_disk_says_so_and_loses_nothing(small_disk: Path) -> None:
    folder = small_disk / "gallery"
    store = SqliteStore.create(folder, GalleryInfo("m", 512, 0.0), ballast_bytes=0)
    acknowledged = fill_up(store, small_disk)

    # The log must grow for these, and it cannot.
    for change in (
        lambda: store.delete_person("p3"),
        lambda: store.delete_face("f0"),
        store.purge,
        store.compact,
    ):
        with pytest.raises(DiskFull):
            change()

    assert store.counts().faces == acknowledged
    (small_disk / "filler").unlink()
    store.close()
    store = SqliteStore.open(folder, ballast_bytes=0)
    assert store.counts().faces == acknowledged
    store.close()


def test_its_files_are_its_owners_only_also_in_a_folder_open_to_all(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with contextlib.closing(SqliteStore.create(tmp_path, INFO)):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    names = ("gallery.db", "gallery.db-wal", "gallery.lock", "ballast")
    assert modes == dict.fromkeys(names, 0o600)
