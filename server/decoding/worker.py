"""The process that decodes: one image at a time, within limits, until its parent closes the socket.

A request is one byte for what is wanted, four numbers, and the image's bytes unless it is the one
of the request before. The answer is a line of JSON; the pixels lie in the shared memory. Nothing
is unpickled on either side: whoever takes over a decoder has won a process without rights.
"""

import contextlib
import json
import mmap
import os
import resource
import signal
import socket
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np

from facenet_res.core.errors import FacenetError, ImageTooLarge
from facenet_res.imaging.decode import ImageLimits, checked_header
from facenet_res.imaging.header import ImageHeader
from facenet_res.imaging.lazy_image import LazyImage, ScaledImage

REQUEST: Final = struct.Struct("!cQQQ")
"""What, offset of the pixels in the shared memory, least longer side (0: full size), bytes."""
ANSWER: Final = struct.Struct("!I")
NEW: Final = b"N"
SAME: Final = b"S"
CHANNELS: Final = 3
# The decoder's own buffers, beside the pixels: what Python and the libraries take for a moment.
SPARE_BYTES: Final = 16 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodeLimits:
    """What the decoding of one image may cost.

    Attributes:
        image: size of file and image.
        memory_bytes: private memory and pixels together.
        cpu_s: CPU time.
    """

    image: ImageLimits = field(default_factory=ImageLimits)
    memory_bytes: int = 300_000_000
    cpu_s: float = 2.0


def work(requests: socket.socket, memory_fd: int, limits: DecodeLimits) -> None:
    """Decodes until the parent closes the socket; ends the process at a limit of CPU time."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # A signal to the whole group is the parent's to answer; it closes the socket.
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    cv2.setNumThreads(1)
    memory = mmap.mmap(memory_fd, os.fstat(memory_fd).st_size)
    decoding = _Decoding(memory, limits, _private_bytes())
    with contextlib.suppress(EOFError, ConnectionError):
        while True:
            what, offset, side_px, length = REQUEST.unpack(received(requests, REQUEST.size))
            if what == NEW:
                decoding.open(bytes(received(requests, length)))
            answer = json.dumps(decoding.answer(offset, side_px)).encode()
            requests.sendall(ANSWER.pack(len(answer)) + answer)


def received(source: socket.socket, length: int) -> bytearray:
    """Exactly so many bytes.

    Raises:
        EOFError: the other side closed the socket before.
    """
    data = bytearray(length)
    view, count = memoryview(data), 0
    while count < length:
        got = source.recv_into(view[count:])
        if not got:
            raise EOFError
        count += got
    return data


class _Decoding:
    """The image at hand and the memory that its pixels go to."""

    def __init__(self, memory: mmap.mmap, limits: DecodeLimits, private_bytes: int) -> None:
        self._memory = memory
        self._limits = limits
        self._private_bytes = private_bytes
        self._data = b""

    def open(self, data: bytes) -> None:
        """Takes the next image; its CPU time is counted from here."""
        self._data = data
        signal.setitimer(signal.ITIMER_PROF, self._limits.cpu_s)

    def answer(self, offset: int, side_px: int) -> dict[str, Any]:
        """Decodes into the shared memory; what was decoded, or the error."""
        try:
            image, scaled = self._decoded(side_px)
        except FacenetError as error:
            return {"error": error.reason, "message": str(error)}
        except MemoryError:
            message = f"decoding takes over {self._limits.memory_bytes / 1e6:.0f} MB, the limit"
            return {"error": ImageTooLarge.reason, "message": message}
        pixels = scaled.pixels
        height_px, width_px = pixels.shape[:2]
        target = np.frombuffer(self._memory, np.uint8, pixels.size, offset)
        np.copyto(target.reshape(pixels.shape), pixels)
        return {
            "size_px": image.size_px,
            "pixels_px": [width_px, height_px],
            "shrink": scaled.shrink,
            "offset_px": scaled.offset_px,
        }

    def _decoded(self, side_px: int) -> tuple[LazyImage, ScaledImage]:
        self._limit(0)
        header = checked_header(self._data, self._limits.image)
        image = LazyImage(self._data, header)
        is_reducible = header.format == "JPEG" and 0 < 2 * side_px <= max(image.size_px)
        if not is_reducible:
            self._check_memory(header)
        return image, image.reduced(side_px or None)

    def _check_memory(self, header: ImageHeader) -> None:
        """Checks what decoding at full size takes, and leaves it that much."""
        pixel_bytes = CHANNELS * header.width_px * header.height_px
        needs = header.memory_bytes + pixel_bytes
        if needs > self._limits.memory_bytes:
            raise ImageTooLarge(
                f"the {header.format} of {header.width_px}x{header.height_px} px takes "
                f"{needs / 1e6:.0f} MB to decode at full size, limit is "
                f"{self._limits.memory_bytes / 1e6:.0f} MB: save it smaller"
            )
        self._limit(pixel_bytes)

    def _limit(self, shared_bytes: int) -> None:
        most = self._private_bytes + self._limits.memory_bytes + SPARE_BYTES - shared_bytes
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.RLIM_INFINITY))


def _private_bytes() -> int:
    """Private memory that the process can write to now, as RLIMIT_DATA counts it."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmData:"):
                return 1024 * int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
