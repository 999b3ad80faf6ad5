"""Crops in a zip file, read in place: `IDENTITY/FILE.jpg`, with an optional index.csv.

Python's `zipfile` reads the index. Entries are read by position, since `zipfile` serialises threads
and keeps an object for each entry, where 22 bytes do.

Source:
    PKWARE, APPNOTE.TXT 6.3.10, sections 4.3.7 (local header), 4.4.4 (flags), 4.4.5 (methods).
"""

import struct
import zipfile
import zlib
from pathlib import Path
from typing import Final

import numpy as np

from facenet_res.core.errors import DataInvalid
from facenet_res.data.folder import INDEX_NAME, is_crop, suspicious_names, table_of_paths
from facenet_res.data.records import RECORD_BYTES_MAX
from facenet_res.data.shards import OpenFiles

_LOCAL: Final = struct.Struct("<4s22xHH")
_LOCAL_MAGIC: Final = b"PK\x03\x04"
_STORED: Final = 0
_DEFLATED: Final = 8
_ENCRYPTED: Final = 1
# A guess at the extra fields of a local header; what lies beyond is read once more.
_EXTRA_BYTES: Final = 64


class ZipReader:
    """Reads crops out of a zip file."""

    kind = "zip file"

    def __init__(self, path: Path) -> None:
        """Reads the zip's index.

        Raises:
            DataInvalid: it is no whole zip file, or index.csv breaks its format.
        """
        try:
            with zipfile.ZipFile(path) as archive:
                names = {info.filename for info in archive.infolist()}
                index = archive.read(INDEX_NAME) if INDEX_NAME in names else None
                entries = [info for info in archive.infolist() if is_crop(info.filename)]
        except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
            raise DataInvalid(f"{path} is not a whole zip file: {error}") from error
        suspicious = suspicious_names(index, path / INDEX_NAME) if index is not None else set()
        entries.sort(key=lambda info: info.filename)
        self.table = table_of_paths([info.filename for info in entries], suspicious)
        self._offsets = np.array([info.header_offset for info in entries], np.int64)
        self._sizes = np.array([info.compress_size for info in entries], np.int64)
        self._sums = np.array([info.CRC for info in entries], np.uint32)
        self._methods = np.array([info.compress_type for info in entries], np.uint8)
        self._is_encrypted = np.array([info.flag_bits & _ENCRYPTED for info in entries], np.bool_)
        self._files = OpenFiles([path])

    @staticmethod
    def is_one(start: bytes) -> bool:
        """Whether a file that starts so is a zip file."""
        return start[:4] in (_LOCAL_MAGIC, b"PK\x05\x06")

    def read(self, number: int) -> bytes:
        """See `RecordReader.read`."""
        name, size = self.table.names[number], int(self._sizes[number])
        if size > RECORD_BYTES_MAX:
            raise DataInvalid(f"{name} has {size} bytes, limit is {RECORD_BYTES_MAX}")
        packed = self._packed(name, int(self._offsets[number]), size)
        if self._is_encrypted[number]:
            raise DataInvalid(f"{name} is encrypted")
        data = _unpacked(name, packed, int(self._methods[number]))
        if zlib.crc32(data) != self._sums[number]:
            raise DataInvalid(f"{name} is corrupt: checksum mismatch")
        return data

    def close(self) -> None:
        """Closes the file."""
        self._files.close()

    def _packed(self, name: str, offset: int, size: int) -> bytes:
        guess = _LOCAL.size + len(name.encode()) + _EXTRA_BYTES + size
        block = self._files.read(0, offset, guess)
        if len(block) < _LOCAL.size or not block.startswith(_LOCAL_MAGIC):
            raise DataInvalid(f"{name} is corrupt: no entry at byte {offset}")
        _, name_bytes, extra_bytes = _LOCAL.unpack_from(block)
        start = _LOCAL.size + name_bytes + extra_bytes
        packed = block[start : start + size]
        if start + size > len(block):
            packed = self._files.read(0, offset + start, size)
        if len(packed) < size:
            raise DataInvalid(f"{name} is truncated: {len(packed)} of {size} bytes")
        return packed


def _unpacked(name: str, packed: bytes, method: int) -> bytes:
    if method == _STORED:
        return packed
    if method != _DEFLATED:
        raise DataInvalid(
            f"{name} has compression {method}, supported are 0 (stored), 8 (deflated)"
        )
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(packed, RECORD_BYTES_MAX)
    except zlib.error as error:
        raise DataInvalid(f"{name} is corrupt: {error}") from error
    if inflater.unconsumed_tail:
        raise DataInvalid(f"{name} decompresses to more than {RECORD_BYTES_MAX} bytes, the limit")
    return data
