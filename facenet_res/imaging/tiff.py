"""Checks the first directory of a TIFF file before Pillow reads it.

Pillow makes a Python object of each value of a tag: 32 MB of strip offsets took over 2 GB.

Source: TIFF 6.0, section 2; BigTIFF (AWare Systems, 2007).
"""

import struct
from typing import Final

from facenet_res.core.errors import ImageUnreadable

# Tiles of 64 x 64 px of the largest image are 12,208.
TAG_VALUES_MAX: Final = 65_536

# Bytes, text and "undefined" stay bytes in memory.
_BYTE_TYPES: Final = frozenset({1, 2, 7})
_BIG: Final = 43


def check_tags(data: bytes) -> None:
    """Checks how many values each tag of the first directory has.

    Raises:
        ImageUnreadable: a tag has too many, or the directory ends beyond the file.
    """
    order = "<" if data.startswith(b"II") else ">"
    try:
        (magic,) = struct.unpack_from(f"{order}H", data, 2)
        pointer, entry = ("8xQ", "HHQ8x") if magic == _BIG else ("4xI", "HHI4x")
        (start,) = struct.unpack_from(order + pointer, data)
        length = "Q" if magic == _BIG else "H"
        (entries,) = struct.unpack_from(order + length, data, start)
        first = start + struct.calcsize(order + length)
        size = struct.calcsize(order + entry)
        table = memoryview(data)[first : first + entries * size]
        for tag, kind, values in struct.iter_unpack(order + entry, table):
            if values > TAG_VALUES_MAX and kind not in _BYTE_TYPES:
                raise ImageUnreadable(
                    f"the TIFF's tag {tag} has {values} values, limit is {TAG_VALUES_MAX}"
                )
    except (struct.error, OverflowError) as error:
        raise ImageUnreadable("the TIFF is truncated: its directory is not in the file") from error
