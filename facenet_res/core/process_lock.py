"""A lock on a folder that is one process's own, and that no death of a process leaves behind."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from facenet_res.core.errors import Unavailable
from facenet_res.core.files import OWNER_ONLY, write_fault

PID_CHARS_MAX = 20


class ProcessLock:
    """A lock file, held until `release` or the end of the process, however it ends."""

    def __init__(self, file: Path, what: str, refusal: type[Unavailable]) -> None:
        """Takes the lock, or says at once who has it.

        Args:
            file: made where absent, in a folder that is there; it holds the process id.
            what: names what is locked, for the message: "the gallery faces/".
            refusal: raised where another process has the lock, or this one a second time.

        Raises:
            Unavailable: of the kind `refusal`.
            DiskFull, NotWritable: the lock file cannot be made.
        """
        try:
            self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT, OWNER_ONLY)
        except OSError as error:
            raise write_fault(file, error) from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._descriptor, PID_CHARS_MAX, 0).decode("ascii", "replace")
            os.close(self._descriptor)
            raise refusal(f"{what} is open in process {holder or 'unknown'}") from None
        # The number is a courtesy to whoever is refused; the lock holds without it.
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, str(os.getpid()).encode("ascii"), 0)

    def release(self) -> None:
        """Lets the next one in. The file stays: removing it would be a race."""
        os.close(self._descriptor)
