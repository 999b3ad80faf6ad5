"""The fingerprints of many images, read where they lie: row i is one distinct image."""

from typing import Any

import cv2
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.dedup.candidates import Corners
from facenet_res.dedup.features import CODE_BYTES, Features
from facenet_res.dedup.fingerprint import DESCRIPTOR_DIM, VIEWS


class Fingerprints:
    """A table of the fingerprint stage.

    Attributes:
        sha256: of the files, in the order of the first path.
        pixels_sha256: of the upright pixels.
        size_px: int32[N, 2], width and height of the upright images.
        is_grey: bool[N].
        colour, clipped, detail: N floats each, see `Fingerprint`.
        descriptors: float32[N, 2, 64].
    """

    def __init__(self, table: pa.Table, rows: list[int]) -> None:
        """Takes the table as it lies on the disk, and which of its rows count."""
        self._table = table
        self._rows = rows
        self.sha256: tuple[str, ...] = tuple(self._column("sha256"))
        self.pixels_sha256: tuple[str, ...] = tuple(self._column("pixels_sha256"))
        sizes = [self._column(name) for name in ("width_px", "height_px")]
        self.size_px: NDArray[np.int32] = np.array(sizes, np.int32).T
        self.is_grey: NDArray[np.bool_] = np.array(self._column("is_grey"), np.bool_)
        self.colour: list[float] = self._column("colour")
        self.clipped: list[float] = self._column("clipped")
        self.detail: list[float] = self._column("detail")
        described = b"".join(self._column("descriptors"))
        self.descriptors: NDArray[np.float32] = np.frombuffer(described, np.float32).reshape(
            -1, VIEWS, DESCRIPTOR_DIM
        )

    def _column(self, name: str) -> list[Any]:
        values = self._table[name].to_pylist()
        return [values[row] for row in self._rows]

    def _cell(self, name: str, row: int) -> bytes:
        value: bytes = self._table[name][self._rows[row]].as_py()
        return value

    def view(self, row: int) -> Image:
        """The image at 256 px a side at most, uint8[h, w, 3]."""
        data = np.frombuffer(self._cell("view", row), np.uint8)
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB), np.uint8)

    def features(self, row: int, *, mirrored: bool = False) -> Features:
        """The corners of the view, or of the mirrored view."""
        kind = _kind(mirrored)
        points = np.frombuffer(self._cell(f"{kind}_points", row), np.float32)
        codes = np.frombuffer(self._cell(f"{kind}_codes", row), np.uint8)
        return Features(points.reshape(-1, 2), codes.reshape(-1, CODE_BYTES))

    def corners(self, *, mirrored: bool = False) -> Corners:
        """The codes of all images."""
        column = self._table[f"{_kind(mirrored)}_codes"]
        taken = column.take(pa.array(self._rows, pa.int64())).cast(pa.large_binary())
        # One copy in memory, and no object for each image.
        cells = (
            pa.concat_arrays(taken.chunks) if taken.num_chunks else pa.array([], pa.large_binary())
        )
        counts = pc.binary_length(cells).to_numpy(zero_copy_only=False) // CODE_BYTES
        data = cells.buffers()[2] if len(cells) else None
        codes = np.frombuffer(data or b"", np.uint8)[: int(counts.sum()) * CODE_BYTES]
        return Corners(codes.reshape(-1, CODE_BYTES), np.repeat(np.arange(len(counts)), counts))


def _kind(mirrored: bool) -> str:
    return "mirrored" if mirrored else "plain"
