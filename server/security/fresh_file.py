"""A file that is read again when it has changed."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, Generic, TypeVar

from facenet_res.core.errors import FacenetError, FileMissing

CHECKED_EVERY_S: Final = 1.0

Content = TypeVar("Content")
log = logging.getLogger(__name__)


class FreshFile(Generic[Content]):
    """What one or more files hold, at most a second old. Safe to call from several threads.

    Files that cannot be read once the server runs leave what was read before in force.
    """

    def __init__(self, paths: tuple[Path, ...], read: Callable[..., Content]) -> None:
        """Reads the files.

        Args:
            paths: of the files.
            read: from the bytes of each to what they hold; raises FacenetError.

        Raises:
            FileMissing: one cannot be read.
            FacenetError: what `read` raises.
        """
        self._paths = paths
        self._read = read
        self._stamps = self._stamped()
        self._content = self._load()
        self._checked_s = time.monotonic()

    def get(self) -> Content:
        """What the files hold."""
        now_s = time.monotonic()
        if now_s - self._checked_s >= CHECKED_EVERY_S:
            self._checked_s = now_s
            self._refresh()
        return self._content

    def _refresh(self) -> None:
        try:
            stamps = self._stamped()
            if stamps == self._stamps:
                return
            self._content, self._stamps = self._load(), stamps
        except FacenetError as error:
            log.warning("what was read before stays in force: %s", error)
        else:
            log.info("read again: %s", ", ".join(map(str, self._paths)))

    def _load(self) -> Content:
        try:
            return self._read(*(path.read_bytes() for path in self._paths))
        except OSError as error:
            raise FileMissing(f"{error.filename} cannot be read: {error.strerror}") from error

    def _stamped(self) -> tuple[tuple[int, int, int], ...]:
        try:
            found = [path.stat() for path in self._paths]
        except OSError as error:
            raise FileMissing(f"{error.filename} cannot be read: {error.strerror}") from error
        return tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in found)
