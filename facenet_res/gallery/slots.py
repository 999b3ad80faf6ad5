"""Files of slots of one fixed size, a slot for each face: embeddings in one, crops in another.

SQLite says which slot is whose, with a checksum over its bytes; these files hold the bytes alone.
A slot is written and flushed before the commit that refers to it, and overwritten with zeros after
the commit that deletes its face. So a crash leaves at most a slot that no face refers to, which
opening wipes. Reading processes map the same pages: vectors take memory once a machine.
"""

import errno
import mmap
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import GalleryInvalid
from facenet_res.core.files import OWNER_ONLY, write_fault
from facenet_res.gallery.checksums import WORD_BYTES, vector_sums
from facenet_res.gallery.connection import Connection

SLOTS_MIN = 64
GROWTH = 1.25
CHECKED_SLOTS = 1 << 15

Words = NDArray[np.uint64]
"""uint64[N, W]: the bytes of N slots."""


class Slots(Protocol):
    """Contents of one fixed size by slot, wherever they are kept."""

    def write(self, slots: NDArray[np.int64], words: Words) -> None:
        """Writes into slots."""
        ...

    def read(self, slots: NDArray[np.int64]) -> Words:
        """A copy of some slots."""
        ...


Fill = Callable[[Connection, Slots, Slots], None]
"""Writes the first rows, embeddings and crops of a new gallery, in one transaction."""


class SlotFile:
    """One thread writes; any number read what was written before."""

    def __init__(
        self, file: Path, content_bytes: int, *, is_writable: bool, is_mapped: bool = True
    ) -> None:
        """Opens the file; a writer makes it where absent.

        Args:
            file: on a disk of this machine.
            content_bytes: of a slot; the slot itself is a multiple of 8 bytes.
            is_writable: whether this process is the writer.
            is_mapped: whether all slots are read through a memory map, and take disk space before
                they are used: a hole that is read on a full tmpfs would end the process. Else
                slots are read one by one, and take space when they are written.

        Raises:
            GalleryInvalid: it cannot be read.
            DiskFull, NotWritable: it cannot be made.
        """
        self._file = file
        self._is_mapped = is_mapped
        # What a process that was killed has written may not be on the disk.
        self._is_dirty = is_writable
        self._slot_bytes = slot_bytes_of(content_bytes)
        flags = os.O_RDWR | os.O_CREAT if is_writable else os.O_RDONLY
        try:
            self._descriptor = os.open(file, flags, OWNER_ONLY)
        except OSError as error:
            if is_writable:
                raise write_fault(file, error) from error
            raise GalleryInvalid(f"cannot read {file}: {error.strerror}") from error
        self._words: Words = np.empty((0, self._slot_bytes // WORD_BYTES), np.uint64)
        self.remap()

    @property
    def words(self) -> Words:
        """uint64[S, W], all slots, read only; a view that stays valid when the file grows."""
        return self._words

    @property
    def slots(self) -> int:
        """How many slots the file has, used or not."""
        return os.fstat(self._descriptor).st_size // self._slot_bytes

    def remap(self) -> None:
        """Maps what the file has grown to."""
        if not self._is_mapped:
            return
        slots = os.fstat(self._descriptor).st_size // self._slot_bytes
        if slots > len(self._words):
            mapped = mmap.mmap(self._descriptor, slots * self._slot_bytes, prot=mmap.PROT_READ)
            self._words = np.frombuffer(mapped, np.uint64).reshape(slots, -1)

    def write(self, slots: NDArray[np.int64], words: Words) -> None:
        """Writes into slots; durable after `flush`.

        Raises:
            DiskFull, NotWritable: the file cannot be written.
        """
        if not len(slots):
            return
        self._is_dirty = True
        try:
            self._grow(int(slots.max()) + 1)
            for begin, end in _runs(slots):
                content = memoryview(words[begin:end].tobytes())
                place = int(slots[begin]) * self._slot_bytes
                while content:
                    written = os.pwrite(self._descriptor, content, place)
                    content, place = content[written:], place + written
        except OSError as error:
            raise write_fault(self._file, error) from error

    def wipe(self, slots: NDArray[np.int64]) -> None:
        """Overwrites slots with zeros where they are not; durable after `flush`.

        Raises:
            DiskFull, NotWritable: the file cannot be written.
        """
        present = slots[slots < self.slots]
        filled = present[self.read(present).any(axis=1)]
        self.write(filled, np.zeros((len(filled), self._slot_bytes // WORD_BYTES), np.uint64))
        if self.read(filled).any():
            raise AssertionError(f"{self._file}: a wiped slot still has contents")

    def flush(self) -> None:
        """Returns when all that was written is on the disk.

        Raises:
            DiskFull, NotWritable: it is not.
        """
        if not self._is_dirty:
            return
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise write_fault(self._file, error) from error
        self._is_dirty = False

    def read(self, slots: NDArray[np.int64]) -> Words:
        """A copy of some slots.

        Raises:
            GalleryInvalid: the file ends before one of them.
        """
        if len(slots) and not 0 <= int(slots.min()) <= int(slots.max()) < self.slots:
            raise GalleryInvalid(f"{self._file} is truncated: it has {self.slots} slots")
        if self._is_mapped:
            if len(slots) and int(slots.max()) >= len(self._words):
                self.remap()
            return self._words[slots]
        contents = [
            os.pread(self._descriptor, self._slot_bytes, slot * self._slot_bytes)
            for slot in slots.tolist()
        ]
        joined = np.frombuffer(b"".join(contents), np.uint64)
        return joined.reshape(len(slots), self._words.shape[1])

    def all_sums(self) -> NDArray[np.int64]:
        """int64[S], the checksums of all slots; 0 where a slot is wiped."""
        sums = np.empty(len(self._words), np.int64)
        for at in range(0, len(sums), CHECKED_SLOTS):
            sums[at : at + CHECKED_SLOTS] = vector_sums(self._words[at : at + CHECKED_SLOTS])
        return sums

    def close(self) -> None:
        """Closes the file. Views that were handed out stay valid, and hold the map."""
        self._words = self._words[:0].copy()
        os.close(self._descriptor)

    def _grow(self, slots: int) -> None:
        held = self.slots
        if slots <= held:
            return
        if not self._is_mapped:
            os.ftruncate(self._descriptor, slots * self._slot_bytes)
            return
        for wanted in (max(SLOTS_MIN, int(held * GROWTH), slots), slots):
            with suppress(OSError):
                begin, end = held * self._slot_bytes, wanted * self._slot_bytes
                os.posix_fallocate(self._descriptor, begin, end - begin)
                break
        else:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self.remap()


def slot_bytes_of(content_bytes: int) -> int:
    """Size of a slot: a multiple of 8 bytes."""
    return -(-content_bytes // WORD_BYTES) * WORD_BYTES


def to_words(contents: NDArray[np.generic]) -> Words:
    """The bytes of each row of an array, filled up to whole slots."""
    rows = np.ascontiguousarray(contents).reshape(len(contents), -1).view(np.uint8)
    if rows.shape[1] % WORD_BYTES == 0:
        return rows.view(np.uint64)
    padded = np.zeros((len(rows), slot_bytes_of(rows.shape[1])), np.uint8)
    padded[:, : rows.shape[1]] = rows
    return padded.view(np.uint64)


def _runs(slots: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Parts of the array in which each slot follows the one before."""
    if len(slots) == 1:
        yield 0, 1
        return
    breaks = np.flatnonzero(np.diff(slots) != 1) + 1
    ends = [*breaks.tolist(), len(slots)]
    yield from zip([0, *ends[:-1]], ends, strict=True)
