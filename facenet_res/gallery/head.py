"""The last acknowledged position of the log, beside the database, so that a shorter one is noticed.

SQLite takes a write-ahead log that is deleted or damaged for one that was never written, and opens
with fewer commits. This file is written after each commit and before its acknowledgement.
"""

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from facenet_res.core.errors import GalleryInvalid
from facenet_res.core.files import OWNER_ONLY, write_fault
from facenet_res.gallery.checksums import CHAIN_START, row_checksum

BYTES_MAX = 256
READS_MAX = 20
REREAD_S = 0.002


@dataclass(frozen=True, slots=True)
class Head:
    """A position of the log and the hash of its chain there."""

    position: int
    chain: bytes = CHAIN_START


class HeadFile:
    """One line of text: position, chain hash, checksum. One thread writes."""

    def __init__(self, file: Path, *, is_writable: bool) -> None:
        """Opens the file; a writer makes it where absent."""
        self._file = file
        try:
            flags = os.O_RDWR | os.O_CREAT if is_writable else os.O_RDONLY
            self._descriptor = os.open(file, flags, OWNER_ONLY)
        except OSError as error:
            if is_writable:
                raise write_fault(file, error) from error
            raise GalleryInvalid(f"cannot read {file}: {error.strerror}") from error

    @classmethod
    def read_from(cls, file: Path) -> Head:
        """What stands in a file; see `read`."""
        opened = cls(file, is_writable=False)
        try:
            return opened.read()
        finally:
            opened.close()

    @classmethod
    def create(cls, file: Path) -> None:
        """Writes the head of an empty log."""
        made = cls(file, is_writable=True)
        try:
            made.write(Head(0))
            made.flush()
        finally:
            made.close()

    def write(self, head: Head) -> None:
        """Replaces the line; it survives the end of the process, and a power cut after `flush`."""
        text = f"{head.position:020d} {head.chain.hex()} "
        line = f"{text}{row_checksum([text]):+020d}\n"
        try:
            os.pwrite(self._descriptor, line.encode("ascii"), 0)
        except OSError as error:
            raise write_fault(self._file, error) from error

    def flush(self) -> None:
        """Returns when the line is on the disk."""
        try:
            os.fdatasync(self._descriptor)
        except OSError as error:
            raise write_fault(self._file, error) from error

    def read(self) -> Head:
        """What was written last.

        Raises:
            GalleryInvalid: the file is empty or damaged.
        """
        for _ in range(READS_MAX):
            if (head := self._parsed()) is not None:
                return head
            # A writing process may just be replacing the line.
            time.sleep(REREAD_S)
        raise GalleryInvalid(f"{self._file} is empty or damaged; restore the gallery's backup")

    def _parsed(self) -> Head | None:
        content = os.pread(self._descriptor, BYTES_MAX, 0).decode("ascii", "replace")
        position, _, rest = content.partition(" ")
        chain, _, checksum = rest.partition(" ")
        text = f"{position} {chain} "
        with suppress(ValueError):
            if checksum == f"{row_checksum([text]):+020d}\n":
                return Head(int(position), bytes.fromhex(chain))
        return None

    def close(self) -> None:
        """Closes the file."""
        os.close(self._descriptor)
