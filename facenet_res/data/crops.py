"""Aligned 112x112 crops for training and evaluation, in every supported format.

A set of millions is opened by its index; the images stay on the disk until one is asked for.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid, FileMissing, InputError
from facenet_res.core.types import FACE_SIDE_PX, Image
from facenet_res.data.folder import FolderReader
from facenet_res.data.insightface import InsightFaceReader, rec_of
from facenet_res.data.records import NO_LABEL, RECORD_BYTES_MAX, RecordReader
from facenet_res.data.shards import expanded
from facenet_res.data.tar_shards import TarReader
from facenet_res.data.tfrecord import TFRecordReader
from facenet_res.data.zip_file import ZipReader
from facenet_res.imaging.decode import ImageLimits, decode_image

LIMITS = ImageLimits(bytes_max=RECORD_BYTES_MAX, pixels_max=4_000_000, side_px_max=4_000)
FULL_FINGERPRINT_MAX = 100_000
IN_MEMORY_MAX = 200_000
EXPECTED = "expected IDENTITY/FILE.jpg"


@dataclass(frozen=True, slots=True)
class Crop:
    """One aligned face on disk.

    Attributes:
        name: in the set, mostly `IDENTITY/FILE.jpg`.
        identity: the person; "" for a crop without one.
        is_label_sure: False for a suspicious label.
        data: the compressed image.
    """

    name: str
    identity: str
    is_label_sure: bool
    data: bytes

    def decode(self) -> Image:
        """uint8[112, 112, 3] RGB.

        Raises:
            DataInvalid: the image is corrupt, or of another size.
        """
        try:
            image = decode_image(self.data, LIMITS)
        except InputError as error:
            raise DataInvalid(f"crop {self.name} is unreadable: {error}") from error
        side = FACE_SIDE_PX
        if image.shape != (side, side, 3):
            raise DataInvalid(
                f"crop {self.name} is {image.shape[1]}x{image.shape[0]} px, must be {side}x{side}"
            )
        return image


class CropSource:
    """The crops of an open training set, or some of them, by number.

    `source[n]` reads one; `len`, `labels` and the names cost no reading. Several threads may
    read at a time. Who opened the set closes it; its subsets share what it holds.
    """

    def __init__(self, reader: RecordReader, numbers: NDArray[np.int64] | None = None) -> None:
        """All records of a reader, or those with the given numbers, in their order."""
        self.reader = reader
        self._numbers = np.arange(len(reader.table.labels)) if numbers is None else numbers
        self.identities = reader.table.identities
        self.labels: NDArray[np.int32] = reader.table.labels[self._numbers]
        self.is_label_sure: NDArray[np.bool_] = reader.table.is_label_sure[self._numbers]

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, number: int) -> Crop:
        """Reads one crop.

        Raises:
            DataInvalid: its record is corrupt or missing.
            IndexError: there is none of this number.
        """
        data = self.reader.read(int(self._numbers[number]))
        return Crop(
            self.name(number), self.identity(number), bool(self.is_label_sure[number]), data
        )

    def __iter__(self) -> Iterator[Crop]:
        return (self[number] for number in range(len(self)))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *reason: object) -> None:
        self.close()

    def name(self, number: int) -> str:
        """The crop's name, without reading it."""
        return self.reader.table.names[int(self._numbers[number])]

    def identity(self, number: int) -> str:
        """The crop's identity, "" for none, without reading it."""
        label = int(self.labels[number])
        return "" if label == NO_LABEL else self.identities[label]

    def subset(self, numbers: NDArray[np.int64]) -> "CropSource":
        """Some of these crops, by their numbers here."""
        source = CropSource(self.reader, self._numbers[numbers])
        source.is_label_sure = self.is_label_sure[numbers]
        return source

    def doubting(self, marks: Sequence[bool]) -> "CropSource":
        """The same crops; labels of the marked ones are suspicious."""
        source = CropSource(self.reader, self._numbers)
        source.is_label_sure = self.is_label_sure & ~np.asarray(marks, np.bool_)
        return source

    def close(self) -> None:
        """Closes the set, for all its subsets too."""
        self.reader.close()


def open_crops(path: Path) -> CropSource:
    """Opens a training set; its format is recognised by content.

    Args:
        path: a folder or zip of `IDENTITY/FILE.jpg` (`_unlabelled/` for crops without identity);
            WebDataset tars or TFRecord files: a folder of them, one of them, or a pattern as in
            `shard-{000..003}.tar` or `train-*.tfrecord`; InsightFace's folder with `train.rec`.

    Returns:
        The crops, never none of them; to be closed.

    Raises:
        FileMissing: nothing is at `path`.
        DataInvalid: it holds no crop, or breaks its format.
    """
    opened = _reader(path)
    source = CropSource(opened)
    if not len(source):
        source.close()
        faults = [f"{each.name}: {each.reason}" for each in opened.table.faults[:1]]
        raise DataInvalid(f"{path} holds no crops: {(faults or [EXPECTED])[0]}")
    return source


def read_crops(path: Path) -> list[Crop]:
    """All crops of a small set in memory, for an experiment or a calibration.

    Raises:
        FileMissing: nothing is at `path`.
        DataInvalid: it holds no crop, breaks its format, has a corrupt record or is large.
    """
    with open_crops(path) as source:
        if len(source) > IN_MEMORY_MAX:
            raise DataInvalid(
                f"{path} holds {len(source)} crops, limit in memory is {IN_MEMORY_MAX}"
            )
        return list(source)


def fingerprint(crops: CropSource | Sequence[Crop]) -> str:
    """SHA-256 over the crops: which data a run was trained on.

    Of a set of over 100,000 crops all names and identities count, but the bytes of 100,000 only,
    spread evenly: resuming a run on 30 GB does not read all of them.
    """
    digest = hashlib.sha256()
    every = -(-len(crops) // FULL_FINGERPRINT_MAX)
    for number in range(len(crops)):
        if isinstance(crops, CropSource):
            name, identity = crops.name(number), crops.identity(number)
        else:
            name, identity = crops[number].name, crops[number].identity
        digest.update(name.encode("utf-8", "surrogateescape"))
        if identity and not name.startswith(f"{identity}/"):
            digest.update(identity.encode("utf-8", "surrogateescape"))
        if number % every == 0:
            digest.update(hashlib.sha256(_bytes_or_nothing(crops, number)).digest())
    return digest.hexdigest()


def _bytes_or_nothing(source: CropSource | Sequence[Crop], number: int) -> bytes:
    try:
        return source[number].data
    except DataInvalid:
        return b""


def _reader(path: Path) -> RecordReader:
    if path.is_dir():
        return _in_folder(path)
    files = expanded(path)
    if not files:
        raise FileMissing(f"no crops at {path}")
    with files[0].open("rb") as file:
        start = file.read(512)
    if ZipReader.is_one(start):
        return ZipReader(_only(files))
    if InsightFaceReader.is_one(start):
        return InsightFaceReader(_only(files))
    if TarReader.is_one(start):
        return TarReader(files)
    if TFRecordReader.is_one(start):
        return TFRecordReader(files)
    raise DataInvalid(
        f"{files[0]} is no whole zip, tar, TFRecord or RecordIO file: it begins {start[:8]!r}"
    )


def _in_folder(path: Path) -> RecordReader:
    rec = rec_of(path)
    if rec:
        return InsightFaceReader(rec)
    tars = sorted(each for each in path.glob("*.tar") if each.is_file())
    if tars:
        return TarReader(tars)
    records = sorted(each for each in path.glob("*.tfrec*") if each.is_file())
    return TFRecordReader(records) if records else FolderReader(path)


def _only(files: list[Path]) -> Path:
    if len(files) > 1:
        raise DataInvalid(f"one such file is a set, got {len(files)}: {files[0]}, {files[1]}, ...")
    return files[0]
