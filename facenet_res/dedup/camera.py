"""Whether a photo says which camera took it: editors and messengers mostly drop that from copies.

Only JPEG is looked at, and of it the first 128 KiB: cameras write their EXIF block first.

Source: CIPA DC-008 (Exif 2.32), tags 0x010F and 0x0110; TIFF 6.0, section 2.
"""

import struct
from pathlib import Path
from typing import Final

_START_BYTES: Final = 1 << 17
_MARK: Final = b"Exif\x00\x00"
_CAMERA_TAGS: Final = frozenset({0x010F, 0x0110})
_ENTRY_BYTES: Final = 12


def names_camera(path: Path) -> bool:
    """Whether the file is a JPEG with the maker or the model of a camera in it.

    A hint only: what cannot be read or understood says nothing, and raises nothing.
    """
    try:
        with path.open("rb") as file:
            start = file.read(_START_BYTES)
    except OSError:
        return False
    if not start.startswith(b"\xff\xd8\xff"):
        return False
    tiff = start.partition(_MARK)[2]
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    return order is not None and not _CAMERA_TAGS.isdisjoint(_tags(tiff, order))


def _tags(tiff: bytes, order: str) -> set[int]:
    """The tags of the first directory, as far as they are there."""
    try:
        (first,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, first)
        entries = range(first + 2, first + 2 + count * _ENTRY_BYTES, _ENTRY_BYTES)
        return {struct.unpack_from(f"{order}H", tiff, entry)[0] for entry in entries}
    except struct.error:
        return set()
