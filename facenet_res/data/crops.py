"""Aligned 112x112 crops in a zip or a folder: `IDENTITY/FILE.jpg`, with an optional index.csv.

The compressed bytes are held in memory (158 MB for 50,000 crops) and decoded
when asked for: a shuffled epoch would otherwise seek all over the disk.
"""

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.core.types import FACE_SIDE_PX, Image

UNLABELLED = "_unlabelled"
INDEX_NAME = "index.csv"
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class Crop:
    """One aligned face on disk.

    Attributes:
        name: path inside the set, `IDENTITY/FILE.jpg`.
        identity: the person; "" for a crop without one.
        is_label_sure: whether the index has no doubt about the identity.
        data: the compressed image.
    """

    name: str
    identity: str
    is_label_sure: bool
    data: bytes

    def decode(self) -> Image:
        """uint8[112, 112, 3] RGB.

        Raises:
            DataInvalid: the bytes are no image, or one of another size.
        """
        image = None
        if self.data:  # OpenCV raises on no bytes at all, and answers None to wrong ones
            image = cv2.imdecode(np.frombuffer(self.data, np.uint8), cv2.IMREAD_COLOR_RGB)
        side = FACE_SIDE_PX
        if image is None or image.shape != (side, side, 3):
            shape = "unreadable" if image is None else f"{image.shape[1]}x{image.shape[0]} px"
            raise DataInvalid(f"crop {self.name} is {shape}, need {side}x{side} px")
        return np.asarray(image, np.uint8)


def read_crops(path: Path) -> list[Crop]:
    """All crops of a zip file or folder, sorted by name.

    Args:
        path: a zip or folder of `IDENTITY/FILE.jpg`; `_unlabelled/` holds crops without identity.

    Returns:
        list[Crop], never empty.

    Raises:
        FileMissing: nothing is at `path`.
        DataInvalid: it holds no crop, or is no zip file.
    """
    if not path.exists():
        raise FileMissing(f"no crops at {path}")
    doubted: set[str] = set()
    found: list[tuple[str, bytes]] = []
    for name, data in _entries(path):
        if name == INDEX_NAME:
            doubted = _doubted(data)
        elif name.lower().endswith(IMAGE_SUFFIXES) and "/" in name:
            found.append((name, data))
    if not found:
        raise DataInvalid(f"{path} holds no crops: expected IDENTITY/FILE.jpg")
    crops = []
    for name, data in sorted(found):
        folder = name.rsplit("/", 1)[0]
        identity = "" if folder == UNLABELLED else folder
        crops.append(Crop(name, identity, name not in doubted, data))
    return crops


def fingerprint(crops: list[Crop]) -> str:
    """SHA-256 over names and bytes: which data a run was trained on."""
    digest = hashlib.sha256()
    for crop in crops:
        digest.update(crop.name.encode())
        digest.update(hashlib.sha256(crop.data).digest())
    return digest.hexdigest()


def _entries(path: Path) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file():
                yield file.relative_to(path).as_posix(), file.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield info.filename, archive.read(info)
    except zipfile.BadZipFile as error:
        raise DataInvalid(f"{path} is no whole zip file: {error}") from error


def _doubted(index: bytes) -> set[str]:
    rows = csv.DictReader(io.StringIO(index.decode("utf-8")))
    return {
        row["file"]
        for row in rows
        if row.get("label_ok") == "0" and not row["file"].startswith(UNLABELLED)
    }
