"""Starts decoding processes by fork, from a process with one thread and everything imported.

A decoding process that was ended by its limits is replaced within milliseconds, and all of them
share the pages of the libraries. The server itself must not fork: it has threads.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from types import TracebackType
from typing import Final, Self

from facenet_res.imaging.decode import ImageLimits
from facenet_res.server.decoding.worker import DecodeLimits, work

_KEPT_BYTES: Final = str(16 << 20)
_READY: Final = b"ready"
_START_S: Final = 60.0
_PID_BYTES: Final = 4


class ForkServer:
    """A process that forks decoding processes; a context manager that ends it."""

    def __init__(self, limits: DecodeLimits) -> None:
        """Starts it; `fork` waits until it is ready."""
        self._control, theirs = socket.socketpair()
        image = limits.image
        numbers = [image.bytes_max, image.pixels_max, image.side_px_max, limits.memory_bytes]
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [
                *(sys.executable, "-m", __name__, str(theirs.fileno())),
                *map(str, numbers),
                str(limits.cpu_s),
            ],
            pass_fds=(theirs.fileno(),),
            # One thread: a fork of several may hang.
            env={
                **os.environ,
                "OPENBLAS_NUM_THREADS": "1",
                "OMP_NUM_THREADS": "1",
                # Keeps the memory of a usual image rather than fault its pages in for each.
                "MALLOC_MMAP_THRESHOLD_": _KEPT_BYTES,
                "MALLOC_TRIM_THRESHOLD_": _KEPT_BYTES,
                "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        theirs.close()
        self._is_ready = False

    def fork(self, requests: socket.socket, memory_fd: int) -> int:
        """Starts a process that serves the other end of `requests`; its number.

        Not for several threads at once.

        Raises:
            OSError, EOFError: the fork server has ended.
        """
        if not self._is_ready:
            self._control.settimeout(_START_S)
            if self._control.recv(len(_READY)) != _READY:
                raise EOFError("the fork server did not start")
            self._is_ready = True
        socket.send_fds(self._control, [b"f"], [requests.fileno(), memory_fd])
        pid = self._control.recv(_PID_BYTES)
        if len(pid) != _PID_BYTES:
            raise EOFError("the fork server has ended")
        return int.from_bytes(pid, "big")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._control.close()
        self._process.kill()
        self._process.wait()


def main(arguments: list[str]) -> None:
    """Forks until the server closes the socket."""
    control = socket.socket(fileno=int(arguments[0]))
    image = ImageLimits(
        bytes_max=int(arguments[1]), pixels_max=int(arguments[2]), side_px_max=int(arguments[3])
    )
    limits = DecodeLimits(image=image, memory_bytes=int(arguments[4]), cpu_s=float(arguments[5]))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    # Ended processes are reaped by the system.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    with contextlib.suppress(ConnectionError):
        _serve(control, limits)


def _serve(control: socket.socket, limits: DecodeLimits) -> None:
    control.sendall(_READY)
    while True:
        order, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not order:
            return
        pid = os.fork()
        if pid == 0:
            control.close()
            work(socket.socket(fileno=descriptors[0]), descriptors[1], limits)
            os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)
        control.sendall(pid.to_bytes(_PID_BYTES, "big"))


if __name__ == "__main__":
    main(sys.argv[1:])
