"""A copy of a gallery, taken while it is in use.

A backup is a gallery: it is opened like any other, and restored by a backup of it elsewhere.
A folder that is copied by other means while it is written to is refused when it is opened.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import GalleryExists, QueueFull
from facenet_res.gallery import checking
from facenet_res.gallery.checksums import vector_sums
from facenet_res.gallery.database_store import CROP_BYTES
from facenet_res.gallery.folder import (
    CROPS_NAME,
    DATABASE_NAME,
    HEAD_NAME,
    VECTORS_NAME,
    find_database,
    make_folder,
    make_private_file,
    sync_folder,
)
from facenet_res.gallery.full_check import CheckReport, check
from facenet_res.gallery.head import Head, HeadFile
from facenet_res.gallery.slots import SlotFile
from facenet_res.gallery.sqlite_database import SqliteDatabase

ROUNDS_MAX = 5
SLOTS_AT_ONCE = 512


def back_up(source: Path, target: Path) -> CheckReport:
    """Copies a gallery into a new folder, while other processes may read and write it.

    The database is copied first, then each slot that does not match it. Faces that were deleted in
    between do not match, so this goes on until all do: each round has less to copy. Where writers
    are faster, they wait for the last round.

    Raises:
        FileMissing: there is no gallery at the source.
        GalleryExists: the target is there already.
        GalleryInvalid: the source is damaged.
        QueueFull: it changed faster than it could be copied, and this process may not write there.
        DiskFull, NotWritable: the target cannot be written.
    """
    file = find_database(source)
    if target.exists():
        raise GalleryExists(f"{target} is there already; name a new folder for the backup")
    make_folder(target)
    try:
        with ExitStack() as stack:
            database = stack.enter_context(closing(SqliteDatabase.open_reading(file)))
            with database.reading() as connection:
                vector_bytes = checking.read_info(connection).embedding_dim * 4
            pairs = [
                (
                    stack.enter_context(closing(_slot_file(source / name, size, is_target=False))),
                    stack.enter_context(closing(_slot_file(target / name, size, is_target=True))),
                )
                for name, size in ((VECTORS_NAME, vector_bytes), (CROPS_NAME, CROP_BYTES))
            ]
            for number in range(ROUNDS_MAX):
                may_hold = number == ROUNDS_MAX - 1 and os.access(file, os.W_OK)
                with _writers_held(file) if may_hold else nullcontext():
                    slots = _copy_database(database, target)
                    copied = [
                        _copy_wrong(from_file, to_file, slots[:, [0, column]])
                        for column, (from_file, to_file) in enumerate(pairs, start=1)
                    ]
                if may_hold or not any(copied):
                    break
            else:
                check(source)
                raise QueueFull(f"the gallery {source} changes faster than it is copied")
            for column, (_, to_file) in enumerate(pairs, start=1):
                _wipe_others(to_file, slots[slots[:, column] != 0, 0])
        for folder in (target, target.absolute().parent):
            sync_folder(folder)
        return check(target)
    except BaseException:
        shutil.rmtree(target)
        raise


@contextmanager
def _writers_held(file: Path) -> Iterator[None]:
    """Lets writing processes wait while the block runs."""
    with closing(SqliteDatabase.open(file)) as database, database.writing():
        yield


def _wipe_others(target: SlotFile, used: NDArray[np.int64]) -> None:
    """Overwrites what an earlier round has copied of faces that were deleted since."""
    others = np.setdiff1d(np.arange(target.slots), used)
    for begin in range(0, len(others), SLOTS_AT_ONCE):
        target.wipe(others[begin : begin + SLOTS_AT_ONCE])
    target.flush()


def _slot_file(file: Path, content_bytes: int, *, is_target: bool) -> SlotFile:
    return SlotFile(file, content_bytes, is_writable=is_target, is_mapped=False)


def _copy_database(database: SqliteDatabase, target: Path) -> NDArray[np.int64]:
    """Copies the last commit; int64[N, 3], slot, vector and crop checksum of its faces."""
    copy = target / DATABASE_NAME
    for name in (DATABASE_NAME, f"{DATABASE_NAME}-wal", f"{DATABASE_NAME}-shm"):
        (target / name).unlink(missing_ok=True)
    make_private_file(copy)
    database.copy_to(copy)
    with closing(SqliteDatabase.open(copy)) as copied, copied.reading() as connection:
        progress = checking.read_progress(connection)
        rows = connection.execute("SELECT slot, vector_sum, crop_sum FROM faces").fetchall()
    head = HeadFile(target / HEAD_NAME, is_writable=True)
    with closing(head):
        head.write(Head(progress.position, bytes.fromhex(progress.chain)))
        head.flush()
    slots = np.array(rows, np.int64).reshape(-1, 3)
    return slots[np.argsort(slots[:, 0])]


def _copy_wrong(source: SlotFile, target: SlotFile, wanted: NDArray[np.int64]) -> int:
    """Copies the slots whose checksum is not the wanted one; how many there were."""
    copied = 0
    wanted = wanted[wanted[:, 1] != 0]
    for begin in range(0, len(wanted), SLOTS_AT_ONCE):
        slots, sums = wanted[begin : begin + SLOTS_AT_ONCE].T
        present = slots < target.slots
        wrong = slots[~present]
        found = vector_sums(target.read(slots[present]))
        wrong = np.concatenate([slots[present][found != sums[present]], wrong])
        target.write(wrong, source.read(wrong))
        copied += len(wrong)
    if copied:
        target.flush()
    return copied
