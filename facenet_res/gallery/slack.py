"""Bytes in a database's pages that belong to no cell, and may be copies of what cells once held.

With `secure_delete` SQLite overwrites a row that is deleted, but where it has moved cells to
another page to balance its tree, copies stay between the cell pointers and the cells. They are
overwritten here, in the file, for the pages that the write-ahead log has brought into it. No reader
looks at these bytes. Format: sqlite.org/fileformat.html, sections 1.6 and 4.2.
"""

import os
from collections.abc import Iterable
from pathlib import Path

LOG_HEADER_BYTES = 32
FRAME_HEADER_BYTES = 24
FILE_HEADER_BYTES = 100
PAGE_SIZE_MAX = 1 << 16
TREE_HEADER_BYTES = {2: 12, 5: 12, 10: 8, 13: 8}
"""By the kind of a page: interior and leaf pages of indexes and tables."""


def pages_in_log(log: Path) -> set[int]:
    """Numbers of the pages in a write-ahead log, maybe of earlier frames too."""
    try:
        descriptor = os.open(log, os.O_RDONLY)
    except FileNotFoundError:
        return set()
    try:
        header = os.pread(descriptor, LOG_HEADER_BYTES, 0)
        # 1 stands for 65536 in the database's header, but not in the log's.
        step = FRAME_HEADER_BYTES + int.from_bytes(header[8:12], "big")
        ends = range(LOG_HEADER_BYTES, os.fstat(descriptor).st_size - step + 1, step)
        return {int.from_bytes(os.pread(descriptor, 4, at), "big") for at in ends}
    finally:
        os.close(descriptor)


def pages_of(descriptor: int) -> range:
    """Numbers of all pages of a database."""
    return range(1, os.fstat(descriptor).st_size // _page_bytes(descriptor) + 1)


def wipe_slack(descriptor: int, pages: Iterable[int]) -> int:
    """Overwrites what lies between pointers and cells, and flushes; how many pages had something.

    Args:
        descriptor: of a database whose log is empty and which nobody writes to meanwhile. It may
            be closed only after all of SQLite's connections of this process: closing any
            descriptor of a file gives up the process's locks on it.
        pages: their numbers, from 1.
    """
    size_bytes, wiped = _page_bytes(descriptor), 0
    for number in sorted(pages):
        start = (number - 1) * size_bytes
        page = os.pread(descriptor, size_bytes, start)
        begin, end = _gap(page, FILE_HEADER_BYTES if number == 1 else 0)
        if page[begin:end].strip(b"\0"):
            os.pwrite(descriptor, bytes(end - begin), start + begin)
            wiped += 1
    if wiped:
        os.fdatasync(descriptor)
    return wiped


def _page_bytes(descriptor: int) -> int:
    size = int.from_bytes(os.pread(descriptor, 2, 16), "big")
    return PAGE_SIZE_MAX if size == 1 else size


def _gap(page: bytes, header: int) -> tuple[int, int]:
    """Where the unallocated space of a page begins and ends; empty where it is no tree's page.

    Overflow and free pages begin with the four bytes of a page number, whose first is 0 up to
    16 million pages; SQLite writes them whole, or overwrites them when it frees them.
    """
    header_bytes = TREE_HEADER_BYTES.get(page[header]) if len(page) > header else None
    if header_bytes is None:
        return 0, 0
    cells = int.from_bytes(page[header + 3 : header + 5], "big")
    end = int.from_bytes(page[header + 5 : header + 7], "big") or PAGE_SIZE_MAX
    begin = header + header_bytes + 2 * cells
    return (begin, end) if begin < end <= len(page) else (0, 0)
