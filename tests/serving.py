"""A real server in a process of its own, on loopback, for tests that need one."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from facenet_res.imaging.encode import encode_jpeg
from tests.portraits import portrait

ROOT = Path(__file__).parent.parent
STOP_S = 30.0


class ServerProcess:
    """`python -m server` on a free port; killed at the end where it still runs."""

    def __init__(
        self,
        folder: Path,
        model: Path | None,
        *flags: str,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Starts it; its gallery is made in the folder, and kept from one start to the next."""
        self.log = folder / "server.log"
        self._stderr = self.log.open("ab")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "server", "--address", "127.0.0.1:0", "--create"),
                *("--gallery", str(folder / "gallery"), *flags),
                *(("--model", str(model)) if model else ()),
            ],
            cwd=ROOT,
            env={**environment, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )
        assert self._process.stdout is not None
        self.ready_line = self._process.stdout.readline()
        found = re.match(r"serving at (\S+): ", self.ready_line)
        assert found, f"the server did not start: {self.log.read_text()}"
        self.address = found[1]

    @property
    def pid(self) -> int:
        """Of the process, for /proc."""
        return self._process.pid

    def stop(self) -> int:
        """Asks it to end; its exit status."""
        self._process.terminate()
        return self._process.wait(STOP_S)

    def terminate(self) -> None:
        """Asks it to end and does not wait."""
        self._process.terminate()

    def wait(self) -> int:
        """Its exit status, when it has ended."""
        return self._process.wait(STOP_S)

    def kill(self) -> None:
        """Ends it as a power cut would."""
        self._process.kill()
        self._process.wait(STOP_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()
        assert self._process.stdout is not None
        self._process.stdout.close()
        self._stderr.close()


def run_server(*flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A server that is expected to refuse to start."""
    return subprocess.run(
        [sys.executable, "-m", "server", *flags],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def portraits() -> tuple[bytes, bytes]:
    """Two portraits of two people, as JPEG: Eileen Collins and Grace Hopper."""
    return encode_jpeg(portrait("astronaut")), encode_jpeg(portrait("grace_hopper"))
