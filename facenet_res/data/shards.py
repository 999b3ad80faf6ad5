"""Files that together are one set: found by a pattern, read in pieces by several threads."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from facenet_res.core.errors import DataInvalid, FileMissing

SHARDS_MAX: Final = 100_000
_RANGE: Final = re.compile(r"\{(\d+)\.\.(\d+)\}")


def expanded(path: Path) -> list[Path]:
    """The files that a path stands for, in order.

    Args:
        path: of a file, or a pattern: `{000..003}` counts, with the zeros it is written with;
            `*` and `?` in the file's name stand for what they do in a shell.

    Returns:
        Files that exist; none where nothing is there.

    Raises:
        FileMissing: a file that `{000..003}` counts is not there.
        DataInvalid: the pattern stands for too many files.
    """
    if path.is_file():
        return [path]
    counted = _RANGE.search(str(path))
    if counted:
        first, last = counted.groups()
        if int(last) - int(first) >= SHARDS_MAX:
            raise DataInvalid(
                f"{path} stands for {int(last) - int(first) + 1} files, limit is {SHARDS_MAX}"
            )
        files: list[Path] = []
        for number in range(int(first), int(last) + 1):
            text = str(number).zfill(len(first))
            each = Path(str(path)[: counted.start()] + text + str(path)[counted.end() :])
            found = expanded(each)
            if not found:
                raise FileMissing(f"{each}, of {path}, is not there")
            files += found
        return files
    if re.search(r"[*?]", path.name):
        return sorted(each for each in path.parent.glob(path.name) if each.is_file())
    return []


class OpenFiles:
    """Files held open, read at any place by several threads: nobody moves another's position."""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Opens them all.

        Raises:
            FileMissing: one is not there or cannot be read.
        """
        self.paths = tuple(paths)
        self.sizes: list[int] = []
        self._descriptors: list[int] = []
        try:
            for path in paths:
                self._descriptors.append(os.open(path, os.O_RDONLY))
                self.sizes.append(os.fstat(self._descriptors[-1]).st_size)
        except OSError as error:
            self.close()
            raise FileMissing(f"cannot read {error.filename}: {error.strerror}") from error

    def read(self, file: int, position: int, size: int) -> bytes:
        """Bytes from a position of a file; fewer where the file ends before.

        Raises:
            DataInvalid: the disk refuses.
        """
        try:
            return os.pread(self._descriptors[file], size, position)
        except OSError as error:
            raise DataInvalid(
                f"{self.paths[file].name} cannot be read at byte {position}: {error.strerror}"
            ) from error

    def close(self) -> None:
        """Closes them; may be called twice."""
        while self._descriptors:
            os.close(self._descriptors.pop())
