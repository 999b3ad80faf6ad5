"""The server in a process of its own, as an operator would start and stop it."""

import re
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from facenet_res.client.client import FacenetClient
from facenet_res.core.errors import ServerUnreachable

ROOT = Path(__file__).resolve().parents[2]
START_S_MAX = 120.0
STOP_S_MAX = 30.0
POLL_S = 0.05
READY = re.compile(r"^serving at (\S+): ", re.MULTILINE)


class RunningServer:
    """`python -m server` on a free port of loopback; ended when the context is left.

    Attributes:
        address: host:port.
        ready_s: time from the start until it was healthy.
    """

    def __init__(self, folder: Path, flags: tuple[str, ...] = ()) -> None:
        """Starts it and waits until it is healthy.

        Args:
            folder: gets the gallery and the log.
            flags: further settings of the server.

        Raises:
            ServerUnreachable: it did not become ready; the message has its last words.
        """
        began_s = time.monotonic()
        self._log = folder / "server.log"
        self._said = folder / "server.out"
        with self._log.open("wb") as log, self._said.open("wb") as said:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [
                    *(sys.executable, "-m", "server", "--address", "127.0.0.1:0"),
                    *("--gallery", str(folder / "gallery"), "--create", *flags),
                ],
                cwd=ROOT,
                stdout=said,
                stderr=log,
            )
        try:
            self.address = self._ready_address()
            with FacenetClient(self.address) as client:
                client.wait_until_ready(START_S_MAX)
            self.ready_s = time.monotonic() - began_s
        except BaseException:
            self._kill()
            raise

    def stop(self) -> int:
        """Asks it to end by SIGTERM; its exit status.

        Raises:
            ServerUnreachable: it did not end in time, and was killed.
        """
        self._process.terminate()
        try:
            return self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired as error:
            self._kill()
            raise ServerUnreachable(
                f"the server did not stop within {STOP_S_MAX:g} s of SIGTERM"
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._kill()

    def _ready_address(self) -> str:
        end_s = time.monotonic() + START_S_MAX
        while self._process.poll() is None and time.monotonic() < end_s:
            found = READY.search(self._said.read_text("utf-8"))
            if found:
                return found[1]
            time.sleep(POLL_S)
        words = self._log.read_text("utf-8", errors="replace").strip().splitlines()
        last = words[-1] if words else "nothing in its log"
        raise ServerUnreachable(f"the server did not start: {last} (log: {self._log})")

    def _kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
