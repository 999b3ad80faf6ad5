"""CRC-32C against the examples of RFC 3720, and against a loop over bits."""

import numpy as np
import pytest

from facenet_res.data.crc32c import crc32c, masked_crc32c
from tests.training_sets import masked


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", 0),
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(reversed(range(32))), 0x113FDB5C),
    ],
)
def test_published_examples(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


@pytest.mark.parametrize(
    "size", [1, 3, 4, 63, 64, 65, 255, 256, 257, 6000, 16383, 16384, 16385, 16388, 16460, 40000]
)
def test_every_length_agrees_with_a_plain_loop(size: int) -> None:
    data = np.random.default_rng(size).integers(0, 256, size, np.uint8).tobytes()

    assert masked_crc32c(data) == masked(data)
