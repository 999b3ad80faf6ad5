"""Small files that would cost a trusting decoder gigabytes or minutes.

Each is decoded in a process of its own, whose memory and processor time are measured.
"""

import io
import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tests import image_files as files

MB = 1_000_000
# 6 bytes for each of 50,000,000 pixels, and what any decoder takes.
MEMORY_MB_MAX = 310
CPU_S_MAX = 2.0

# Forks for each file, so that one start of Python serves all. Prints a line of JSON for each.
SCRIPT = """
import json, os, resource, sys
from pathlib import Path
from facenet_res.core.errors import FacenetError
from facenet_res.imaging.decode import decode_image

def cost(path):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        outcome = "decoded"
        if path is not None:
            try:
                decode_image(path.read_bytes())
            except FacenetError as error:
                outcome = f"{error.reason}: {error}"
        os.write(writer, outcome.encode())
        os._exit(0)
    os.close(writer)
    outcome = os.fdopen(reader, "rb").read().decode()
    _, _, usage = os.wait4(child, 0)
    return usage.ru_maxrss * 1024 / 1e6, usage.ru_utime + usage.ru_stime, outcome

base_mb, base_s, _ = cost(None)
for path in sorted(Path(sys.argv[1]).iterdir()):
    mb, s, outcome = cost(path)
    size_mb = path.stat().st_size / 1e6
    print(json.dumps([path.name, mb - base_mb - size_mb, s - base_s, outcome]))
"""


@dataclass(frozen=True)
class Cost:
    """Of decoding a file: memory beside the file, processor time, and how it ended."""

    memory_mb: float
    cpu_s: float
    outcome: str


def inflating(megabytes: int) -> bytes:
    """A zlib stream of zeros that has no end, a thousandth of their size."""
    packer = zlib.compressobj(9)
    start = packer.compress(b"") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    return start + block * megabytes


def png(header: bytes, *chunks: tuple[bytes, bytes]) -> bytes:
    return header + b"".join(files.png_chunk(*chunk) for chunk in (*chunks, (b"IEND", b"")))


def tags(count: int, size: int) -> bytes:
    """A TIFF directory whose tags all hold the same bytes, from the start of the file."""
    entries = b"".join(struct.pack("<HHII", tag, 7, size, 0) for tag in range(count))
    block = b"II" + struct.pack("<HIH", 42, 8, count) + entries + bytes(4)
    return block + bytes(max(0, size - len(block)))


def tiff(width_px: int, height_px: int, compression: int, rows: int, strips: int = 1) -> bytes:
    """A grey TIFF; its strip follows, or so its directory says of each."""
    values = [(256, 1, width_px), (257, 1, height_px), (258, 1, 8), (259, 1, compression)]
    values += [(262, 1, 1), (273, strips, 122), (277, 1, 1), (278, 1, rows), (279, strips, 122)]
    entries = b"".join(struct.pack("<HHII", tag, 4, count, value) for tag, count, value in values)
    return b"II*\x00" + struct.pack("<IH", 8, len(values)) + entries + bytes(4)


def with_ispe(data: bytes, width_px: int, height_px: int) -> bytes:
    """A HEIC or AVIF whose container declares another size."""
    place = data.index(b"ispe") + 8
    return data[:place] + struct.pack(">II", width_px, height_px) + data[place + 8 :]


def saved(name: str, width_px: int, height_px: int) -> bytes:
    pillow_heif.register_heif_opener()
    file = io.BytesIO()
    Image.new("L", (width_px, height_px)).save(file, name, quality=10)
    return file.getvalue()


def jpeg(*flags: int, height_px: int = 64, width_px: int = 64) -> bytes:
    return bytes(cv2.imencode(".jpg", np.zeros((height_px, width_px, 3), np.uint8), flags)[1])


def resized_jpeg(data: bytes, side_px: int) -> bytes:
    """The JPEG with another size in its frame header."""
    frame = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2"))
    return data[: frame + 5] + struct.pack(">HH", side_px, side_px) + data[frame + 9 :]


def many_scans() -> bytes:
    data = jpeg(cv2.IMWRITE_JPEG_PROGRESSIVE, 1, height_px=2000, width_px=3000)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * 35 + data[-2:]


def webp(canvas: int, frame: bytes) -> bytes:
    """An animation of one frame."""
    data = bytearray(files.webp_animation([np.zeros((64, 64, 3), np.uint8)], (canvas, canvas)))
    place = data.index(b"ANMF") + 8 + 16
    return bytes(data[:place]) + (frame or bytes(data[place:]))


def gif(canvas: int, frame: int) -> bytes:
    screen = struct.pack("<HHBBB", canvas, canvas, 0x80, 0, 0) + bytes(6)
    return b"GIF89a" + screen + b"," + struct.pack("<HHHHB", 0, 0, frame, frame, 0) + b"\x02\x00;"


def bmp(side_px: int, compression: int = 0, data: bytes = b"") -> bytes:
    depth = 8 if compression else 24
    head = b"BM" + struct.pack("<IHHI", 1078 + len(data), 0, 0, 1078)
    size = (40, side_px, side_px, 1, depth, compression, len(data), 0, 0, 256, 0)
    return head + struct.pack("<IiiHHIIiiII", *size) + bytes(1024) + data


RGBA_16 = files.png_header(7000, 7000, depth=16, colour_type=6)
SMALL_PNG = files.png_header(100, 100)
PIXELS = (b"IDAT", zlib.compress(bytes(100 * 301)))
PROFILE = files.png_chunk(b"iCCP", b"x\x00\x00" + zlib.compress(bytes(MB)))
REFUSED = ("IMAGE_UNREADABLE", "IMAGE_TOO_LARGE")
TOO_LARGE = ("IMAGE_TOO_LARGE",)
READ = ("decoded",)

# Name of the file: how it is made, and how decoding it may end.
CASES: dict[str, tuple[Callable[[], bytes], tuple[str, ...]]] = {
    "png_forged_length": (files.forged_png, REFUSED),
    "png_rgba_16_bits": (lambda: png(RGBA_16, (b"IDAT", inflating(375))), TOO_LARGE),
    "png_inflates": (lambda: png(SMALL_PNG, (b"IDAT", inflating(4000))), READ),
    "png_of_zeros": (
        lambda: png(files.png_header(20_000, 20_000), (b"IDAT", inflating(400))),
        TOO_LARGE,
    ),
    "png_profiles": (lambda: png(SMALL_PNG + PROFILE * 5000, PIXELS), READ),
    "png_exif_tags": (lambda: png(SMALL_PNG, (b"eXIf", tags(65_535, 4 * MB)), PIXELS), READ),
    "jpeg_side": (lambda: resized_jpeg(jpeg(), 65_500), TOO_LARGE),
    "jpeg_without_pixels": (lambda: resized_jpeg(jpeg(), 7000), REFUSED),
    "jpeg_progressive": (
        lambda: resized_jpeg(
            jpeg(cv2.IMWRITE_JPEG_PROGRESSIVE, 1, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111), 7000
        ),
        TOO_LARGE,
    ),
    "jpeg_turned": (
        lambda: files.jpeg_with_exif(jpeg(height_px=7000, width_px=7000), files.exif_block(6)),
        READ,
    ),
    "jpeg_scans": (many_scans, READ),
    "jpeg_segments": (lambda: b"\xff\xd8" + b"\xff\xe5\x00\x02" * 2 * MB + jpeg()[2:], REFUSED),
    "jpeg_exif_tags": (
        lambda: files.jpeg_with_exif(jpeg(), tags(5000, 65_000)[:65_000]),
        READ,
    ),
    "jpeg_zeros": (lambda: jpeg()[:2] + b"\xff\xe0\x00\x02" + bytes(8 * MB), REFUSED),
    "tiff_strip": (lambda: tiff(100, 100, 1, 0xFFFF_FFFF) + bytes(1000), REFUSED),
    "tiff_strip_inflates": (lambda: tiff(100, 100, 8, 100) + inflating(4000), REFUSED + READ),
    "tiff_size": (lambda: tiff(2**31 - 1, 2**31 - 1, 5, 2**31 - 1) + bytes(99), TOO_LARGE),
    "tiff_offsets": (lambda: tiff(9, 9, 1, 1, strips=2 * MB) + bytes(8 * MB), REFUSED),
    "heic_large_ispe": (lambda: with_ispe(saved("HEIF", 64, 64), 30_000, 30_000), TOO_LARGE),
    "heic_small_ispe": (lambda: with_ispe(saved("HEIF", 640, 640), 100, 100), REFUSED),
    "avif_large_ispe": (lambda: with_ispe(saved("AVIF", 64, 64), 30_000, 30_000), REFUSED),
    "avif_small_ispe": (lambda: with_ispe(saved("AVIF", 640, 640), 100, 100), REFUSED + READ),
    "webp_canvas": (lambda: webp(16_384, b""), REFUSED),
    "webp_canvas_at_limit": (lambda: webp(7000, b""), TOO_LARGE),
    "webp_frame": (
        lambda: webp(64, files.encoded(np.zeros((1000, 1000, 3), np.uint8), ".webp")[12:]),
        REFUSED,
    ),
    "gif_canvas": (lambda: gif(65_535, 10), TOO_LARGE),
    "gif_frame": (lambda: gif(10, 65_535), TOO_LARGE),
    "bmp_size": (lambda: bmp(2**30), TOO_LARGE),
    "bmp_without_pixels": (lambda: bmp(6000), REFUSED),
    "bmp_runs": (lambda: bmp(5000, 1, b"\xff\x01" * 4 * MB), REFUSED),
    "pnm_size": (lambda: b"P6\n100000 100000\n255\n", TOO_LARGE),
}


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cost]:
    folder: Path = tmp_path_factory.mktemp("hostile")
    for name, (make, _) in CASES.items():
        (folder / name).write_bytes(make())
    answer = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)], capture_output=True, check=True, text=True
    )
    lines = [json.loads(line) for line in answer.stdout.splitlines()]
    return {name: Cost(*rest) for name, *rest in lines}


@pytest.mark.parametrize("name", CASES)
def test_costs_little_and_ends_as_it_should(costs: dict[str, Cost], name: str) -> None:
    _, outcomes = CASES[name]
    cost = costs[name]
    assert cost.outcome.startswith(outcomes), cost
    assert cost.memory_mb <= MEMORY_MB_MAX, cost
    assert cost.cpu_s <= CPU_S_MAX, cost
