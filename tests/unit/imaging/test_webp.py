"""WebP files: still, lossless, animated, and forged."""

import struct

import cv2
import numpy as np
import pytest

from facenet_res.core.errors import ImageUnreadable
from facenet_res.imaging.webp import CHUNKS_MAX, read_webp_header
from tests import image_files as files

IMAGE = files.corners_image(48, 80)
LOSSLESS = files.encoded(IMAGE, ".webp")
LOSSY = bytes(cv2.imencode(".webp", IMAGE, [cv2.IMWRITE_WEBP_QUALITY, 80])[1])


def riff(chunks: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WEBP" + chunks


@pytest.mark.parametrize("data", [LOSSLESS, LOSSY, files.webp_animation([IMAGE, IMAGE])])
def test_tells_the_size_of_every_kind(data: bytes) -> None:
    layout = read_webp_header(data)
    assert (layout.width_px, layout.height_px) == (80, 48)


def test_tells_alpha() -> None:
    clear = np.zeros((48, 80, 4), np.uint8)
    assert read_webp_header(files.encoded(clear, ".webp")).has_alpha
    assert not read_webp_header(LOSSY).has_alpha


def test_refuses_a_canvas_that_hides_a_larger_picture() -> None:
    forged = files.webp_with_exif(LOSSY, files.exif_block(1), 1, 1)
    with pytest.raises(ImageUnreadable, match="canvas is 1x1 px, its first picture 80x48 px"):
        read_webp_header(forged)


def test_refuses_a_frame_that_hides_a_larger_picture() -> None:
    animation = files.webp_animation([IMAGE])
    position = animation.index(b"ANMF") + 8 + 6
    forged = animation[:position] + bytes(6) + animation[position + 6 :]
    with pytest.raises(ImageUnreadable, match="frame says 1x1 px, the picture in it 80x48 px"):
        read_webp_header(forged)


def test_refuses_a_chunk_that_ends_beyond_the_file() -> None:
    forged = LOSSY[:16] + struct.pack("<I", 2**31) + LOSSY[20:]
    with pytest.raises(ImageUnreadable, match="declares 2147483648 bytes"):
        read_webp_header(forged)


@pytest.mark.parametrize(
    ("chunks", "message"),
    [
        (b"", "holds no picture"),
        (b"VP8X" + struct.pack("<I", 2) + b"\x00\x00", "VP8X chunk has 2 bytes"),
        (b"VP8 " + struct.pack("<I", 10) + bytes(10), "start code"),
        (b"VP8L" + struct.pack("<I", 6) + bytes(6), "signature"),
        (b"ANMF" + struct.pack("<I", 4) + bytes(4), "ANMF chunk has 4 bytes"),
        (b"ANMF" + struct.pack("<I", 16) + bytes(16), "first frame holds no picture"),
        ((b"XXXX" + bytes(4)) * (CHUNKS_MAX + 1), "over"),
    ],
)
def test_refuses_a_structure_that_breaks_the_format(chunks: bytes, message: str) -> None:
    with pytest.raises(ImageUnreadable, match=message):
        read_webp_header(riff(chunks))
