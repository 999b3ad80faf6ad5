"""The fingerprints of an output folder: one row for each distinct image that was ever read."""

from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from facenet_res.core.errors import FileMissing
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.fingerprint import Fingerprint
from facenet_res.dedup.fingerprints import Fingerprints
from facenet_res.dedup.stage_files import Parts, told_apart
from facenet_res.dedup.types import SkippedFile
from facenet_res.imaging.decode import ImageLimits
from facenet_res.imaging.encode import encode_jpeg

# Raised when a fingerprint is computed differently: earlier ones are then not read.
_VERSION: Final = 2
_VIEW_QUALITY: Final = 92
_SCHEMA: Final = pa.schema(
    {
        "sha256": pa.string(),
        "reason": pa.string(),
        "message": pa.string(),
        "width_px": pa.int32(),
        "height_px": pa.int32(),
        "pixels_sha256": pa.string(),
        "is_grey": pa.bool_(),
        "colour": pa.float64(),
        "clipped": pa.float64(),
        "detail": pa.float64(),
        "view": pa.binary(),
        "plain_points": pa.binary(),
        "plain_codes": pa.binary(),
        "mirrored_points": pa.binary(),
        "mirrored_codes": pa.binary(),
        "descriptors": pa.binary(),
    }
)

Record = dict[str, Any]
"""A row by column."""


class FingerprintTable:
    """The rows, kept apart by the limits: others let other images pass. For one writer."""

    def __init__(self, out: Path, limits: ImageLimits) -> None:
        key = sha256(f"{_VERSION} {limits}".encode()).hexdigest()[:8]
        self._parts = Parts(out / f"fingerprints-{key}", _SCHEMA)

    def settled(self) -> set[str]:
        """SHA-256 of the images that need not be read again; what was away does."""
        return self._parts.settled(FileMissing.reason)

    def append(self, records: list[Record]) -> None:
        """Adds rows.

        Raises:
            DiskFull: they could not be written.
        """
        if records:
            self._parts.append(records)

    def read(self) -> pa.Table:
        """All rows; of an image that was read twice the last one counts."""
        return self._parts.read()


def read_fingerprints(
    out: Path, config: DedupConfig, paths: dict[str, str]
) -> tuple[Fingerprints, list[SkippedFile]]:
    """The fingerprints of the images that can be decoded, and those that cannot.

    Args:
        out: the output folder.
        config: of the run that made them.
        paths: SHA-256 to first path; what else was ever described is left out.
    """
    table = FingerprintTable(out, config.limits).read()
    rows, skipped = told_apart(table, paths)
    return Fingerprints(table, rows), skipped


def columns(found: Fingerprint) -> Record:
    """The row of a fingerprint, without its name."""
    return {
        "width_px": found.width_px,
        "height_px": found.height_px,
        "pixels_sha256": found.pixels_sha256,
        "is_grey": found.is_grey,
        "colour": found.colour,
        "clipped": found.clipped,
        "detail": found.detail,
        "view": encode_jpeg(found.view, _VIEW_QUALITY),
        "plain_points": found.plain.points.tobytes(),
        "plain_codes": found.plain.codes.tobytes(),
        "mirrored_points": found.mirrored.points.tobytes(),
        "mirrored_codes": found.mirrored.codes.tobytes(),
        "descriptors": found.descriptors.tobytes(),
    }
