"""The decoding processes, as the server's threads use them."""

import contextlib
import json
import mmap
import os
import queue
import select
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from types import TracebackType
from typing import Any, Final, Self

import numpy as np

from facenet_res.core import errors
from facenet_res.core.errors import FacenetError, ImageUndecodable, InputError, ShuttingDown
from facenet_res.imaging.lazy_image import LazyImage, ScaledImage
from facenet_res.server.decoding.fork_server import ForkServer
from facenet_res.server.decoding.worker import (
    ANSWER,
    CHANNELS,
    NEW,
    REQUEST,
    SAME,
    DecodeLimits,
    received,
)

# A process that is starved of the CPU uses its seconds up late; one that hangs, never.
_WAIT_PER_CPU_S: Final = 15.0
# Pixels of one image beyond these are given back to the system when the image is done.
_KEPT_BYTES: Final = 16 << 20

_INPUT_ERRORS: Final = {
    kind.reason: kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, InputError) and kind.reason
}


class DecodedImage(LazyImage):
    """An image whose pixels another process decodes, at the sizes that are asked for.

    Its pixels are valid while the decoding process is lent.

    Attributes:
        end: of its pixels in the shared memory.
    """

    def __init__(self, data: bytes, process: "_Process") -> None:
        """See `DecoderPool.opened`."""
        self.data = data
        self._process = process
        self._size_px: tuple[int, int] | None = None
        self.end = 0

    @property
    def size_px(self) -> tuple[int, int]:
        """Width and height of the upright image at full size."""
        if self._size_px is None:
            self._decoded(0)
        return self._size_px or (0, 0)

    @cached_property
    def whole(self) -> ScaledImage:
        """The image at full size; see `LazyImage`."""
        return self._decoded(0)

    def reduced(self, side_px_min: int | None) -> ScaledImage:
        """The smallest size that is large enough; see `LazyImage`."""
        if side_px_min is None:
            return self.whole
        scaled = self._decoded(side_px_min)
        if scaled.shrink == 1:
            vars(self)["whole"] = scaled
        return scaled

    def _decoded(self, side_px: int) -> ScaledImage:
        new = self.data if self._size_px is None else None
        said = self._process.ask(new, self.end, side_px)
        self._size_px = (said["size_px"][0], said["size_px"][1])
        width_px, height_px = said["pixels_px"]
        pixels = self._process.pixels(self.end, height_px, width_px)
        self.end += -(-pixels.size // mmap.PAGESIZE) * mmap.PAGESIZE
        return ScaledImage(pixels, said["shrink"], (said["offset_px"][0], said["offset_px"][1]))


class DecoderPool:
    """So many decoding processes, each lent to one thread at a time; a context manager."""

    def __init__(self, count: int, limits: DecodeLimits) -> None:
        """Starts them.

        Args:
            count: of processes; as many threads may decode at once.
            limits: what one image may cost.
        """
        self._fork_server = ForkServer(limits)
        self._fork_lock = threading.Lock()
        self._is_closing = False
        # The whole and its half, which a detector saw before.
        size = (CHANNELS * limits.image.pixels_max * 5 // 4) + 2 * mmap.PAGESIZE
        self._processes = [_Process(self, size, limits) for _ in range(count)]
        self._resting: queue.SimpleQueue[_Process] = queue.SimpleQueue()
        for process in self._processes:
            self._resting.put(process)

    @contextmanager
    def opened(self, data: bytes) -> Iterator[DecodedImage]:
        """An image to decode; its pixels are valid within the block.

        Raises, as do the methods of the image:
            ImageUnreadable, ImageTooLarge: the image.
            ImageUndecodable: the process ended: at a limit of CPU time or memory, or by a crash.
            ShuttingDown: the server stops.
        """
        process = self._resting.get()
        image = DecodedImage(data, process)
        try:
            yield image
        finally:
            process.done(image.end)
            self._resting.put(process)

    def start(self, requests: socket.socket, memory_fd: int) -> int:
        """Forks a process for the other end of `requests`; its number.

        Raises:
            ShuttingDown: the server stops.
        """
        with self._fork_lock:
            try:
                if not self._is_closing:
                    return self._fork_server.fork(requests, memory_fd)
            except (OSError, EOFError) as error:
                if not self._is_closing:
                    raise AssertionError("the process that starts decoders has ended") from error
        raise ShuttingDown("the server is stopping and decodes no more images")

    @property
    def is_closing(self) -> bool:
        """Whether the processes are being ended."""
        return self._is_closing

    def end(self) -> None:
        """Ends all processes; who waits for one gets ShuttingDown."""
        self._is_closing = True
        for process in self._processes:
            process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()
        with self._fork_lock:
            self._fork_server.__exit__(kind, error, trace)
        for process in self._processes:
            process.close()


class _Process:
    """One decoding process and the memory that it shares; replaced when it has ended."""

    def __init__(self, pool: DecoderPool, size: int, limits: DecodeLimits) -> None:
        self._pool = pool
        self._limits = limits
        self._fd = _memory_file(size)
        self._memory = mmap.mmap(self._fd, size)
        self._requests: socket.socket | None = None
        self._pid_fd = -1
        self._lock = threading.Lock()

    def ask(self, data: bytes | None, offset: int, side_px: int) -> dict[str, Any]:
        """Has an image decoded, or that of the call before again.

        Raises:
            FacenetError: see `DecoderPool.opened`.
        """
        if data is not None and self._requests is not None and self._has_ended():
            # While it rested, so by no image's fault.
            self._dropped()
        requests = self._requests or self._started()
        what = SAME if data is None else NEW
        head = REQUEST.pack(what, offset, side_px, len(data or b""))
        try:
            requests.sendall(head)
            if data:
                requests.sendall(data)
            (length,) = ANSWER.unpack(received(requests, ANSWER.size))
            said: dict[str, Any] = json.loads(received(requests, length))
        except (OSError, EOFError) as error:
            self._dropped()
            raise self._ended() from error
        if "error" in said:
            raise _INPUT_ERRORS[said["error"]](said["message"])
        return said

    def pixels(self, offset: int, height_px: int, width_px: int) -> Any:
        """uint8[H, W, 3] of the shared memory; a view."""
        size = CHANNELS * height_px * width_px
        return np.frombuffer(self._memory, np.uint8, size, offset).reshape(height_px, width_px, 3)

    def done(self, used_bytes: int) -> None:
        """Gives large memory back."""
        if used_bytes > _KEPT_BYTES and hasattr(mmap, "MADV_REMOVE"):
            self._memory.madvise(mmap.MADV_REMOVE)

    def kill(self) -> None:
        """Ends the process, wherever it is."""
        with self._lock, contextlib.suppress(OSError):
            if self._pid_fd >= 0:
                signal.pidfd_send_signal(self._pid_fd, signal.SIGKILL)
                os.close(self._pid_fd)
                self._pid_fd = -1

    def close(self) -> None:
        """Closes what it shares; the pixels of the last image stay until nobody looks at them."""
        if self._requests is not None:
            self._requests.close()
        os.close(self._fd)
        with contextlib.suppress(BufferError):
            self._memory.close()

    def _has_ended(self) -> bool:
        """Whether the process has closed its end; it says nothing unasked."""
        poll = select.poll()
        poll.register(self._requests or -1, select.POLLIN)
        return bool(poll.poll(0))

    def _dropped(self) -> None:
        self.kill()
        if self._requests is not None:
            self._requests.close()
        self._requests = None

    def _started(self) -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                pid = self._pool.start(theirs, self._fd)
            except BaseException:
                ours.close()
                raise
        with self._lock, contextlib.suppress(OSError):
            # It waits for a request: the number is still its own.
            self._pid_fd = os.pidfd_open(pid)
        ours.settimeout(_WAIT_PER_CPU_S * self._limits.cpu_s)
        self._requests = ours
        if self._pool.is_closing:
            self.kill()
        return ours

    def _ended(self) -> FacenetError:
        if self._pool.is_closing:
            return ShuttingDown("the server is stopping and decodes no more images")
        return ImageUndecodable(
            f"the process that decoded the image ended: limits are {self._limits.cpu_s:g} s of "
            f"CPU time and {self._limits.memory_bytes / 1e6:.0f} MB, or its decoder crashed"
        )


def _memory_file(size: int) -> int:
    """A file in memory, which takes room as it is written; closed by the caller."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pixels")
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    os.truncate(descriptor, size)
    return descriptor
