"""The same few crops in every format that training reads, written from the formats' definitions."""

import io
import struct
import tarfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

MAGIC = 0xCED7230A
SIDE = 112


@dataclass(frozen=True)
class Made:
    """A crop of a made set: the identity is a number as text, "" for none."""

    identity: str
    data: bytes


def made_crops(counts: dict[str, int], seed: int = 0) -> list[Made]:
    """JPEG files of coloured noise, one hue an identity, all of them different."""
    rng = np.random.default_rng(seed)
    made = []
    for identity, count in counts.items():
        hue = rng.integers(0, 256, 3)
        for _ in range(count):
            face = np.clip(hue + rng.integers(-30, 30, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8)
            made.append(Made(identity, bytes(cv2.imencode(".jpg", face)[1])))
    return made


def write_folder(path: Path, crops: Sequence[Made]) -> Path:
    for number, crop in enumerate(crops):
        file = path / (crop.identity or "_unlabelled") / f"{number:04d}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(crop.data)
    return path


def write_zip(path: Path, crops: Sequence[Made], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for number, crop in enumerate(crops):
            folder = crop.identity or "_unlabelled"
            archive.writestr(f"{folder}/{number:04d}.jpg", crop.data)
    return path


def write_tars(folder: Path, crops: Sequence[Made], shards: int = 2) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(shards):
        with tarfile.open(folder / f"shard-{shard:03d}.tar", "w") as archive:
            for number in range(shard, len(crops), shards):
                add_member(archive, f"{number:06d}.jpg", crops[number].data)
                if crops[number].identity:
                    add_member(archive, f"{number:06d}.cls", crops[number].identity.encode())
    return folder


def add_member(archive: tarfile.TarFile, name: str, data: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(data)
    archive.addfile(info, io.BytesIO(data))


def write_tfrecords(folder: Path, crops: Sequence[Made], shards: int = 2) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for shard in range(shards):
        records = (
            framed(
                example({"image/encoded": crop.data, "image/class/label": int(crop.identity or -1)})
            )
            for crop in crops[shard::shards]
        )
        (folder / f"train.tfrecord-{shard:05d}-of-{shards:05d}").write_bytes(b"".join(records))
    return folder


def framed(data: bytes) -> bytes:
    """One record of a TFRecord file."""
    length = struct.pack("<Q", len(data))
    return length + struct.pack("<I", masked(length)) + data + struct.pack("<I", masked(data))


def masked(data: bytes) -> int:
    """CRC-32C bit by bit, slow and plain, with TFRecord's mask."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def example(features: dict[str, bytes | int]) -> bytes:
    """A tf.train.Example."""
    entries = b""
    for key, value in features.items():
        if isinstance(value, bytes):
            feature = _field(1, _field(1, value))
        else:
            feature = _field(3, _field(1, _varint(value & 0xFFFFFFFFFFFFFFFF)))
        entries += _field(1, _field(1, key.encode()) + _field(2, feature))
    return _field(1, entries)


def write_insightface(
    folder: Path, crops: Sequence[Made], *, has_header: bool = True, labels_each: int = 1
) -> Path:
    """As InsightFace's face2rec2 does; identities are numbers, and each one's crops in a row."""
    folder.mkdir(parents=True, exist_ok=True)
    records = {}
    starts = []
    for key, crop in enumerate(crops, start=1):
        label = float(crop.identity)
        labels = [label] * labels_each if labels_each > 1 else label
        records[key] = packed(labels, key, crop.data)
        if key == 1 or crop.identity != crops[key - 2].identity:
            starts.append(key)
    if has_header:
        behind = len(crops) + 1
        records[0] = packed([float(behind), float(behind + len(starts))], 0, b"")
        ends = [*starts[1:], behind][: len(starts)]
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            records[behind + number] = packed([float(start), float(end)], behind + number, b"")
    lines, block = [], b""
    for key in sorted(records):
        lines.append(f"{key}\t{len(block)}\n")
        block += frames(records[key])
    (folder / "train.rec").write_bytes(block)
    (folder / "train.idx").write_text("".join(lines))
    rows = (f"1\t/data/{c.identity}/{n}.jpg\t{c.identity}\n" for n, c in enumerate(crops))
    (folder / "train.lst").write_text("".join(rows))
    (folder / "property").write_text(f"{len({c.identity for c in crops})},112,112")
    return folder


def packed(label: float | list[float], key: int, data: bytes) -> bytes:
    """mx.recordio.pack: a header "IfQQ", more labels where there are several, the image."""
    if isinstance(label, list):
        header = struct.pack("<IfQQ", len(label), 0.0, key, 0)
        return header + struct.pack(f"<{len(label)}f", *label) + data
    return struct.pack("<IfQQ", 0, label, key, 0) + data


def frames(record: bytes) -> bytes:
    """RecordIOWriter::WriteRecord of dmlc-core: split where the magic stands at 4 bytes."""
    magic = struct.pack("<I", MAGIC)
    written, start = b"", 0
    for place in range(0, len(record) // 4 * 4, 4):
        if record[place : place + 4] == magic:
            flag = 1 if start == 0 else 2
            written += magic + struct.pack("<I", flag << 29 | place - start) + record[start:place]
            start = place + 4
    flag = 3 if start else 0
    written += magic + struct.pack("<I", flag << 29 | len(record) - start) + record[start:]
    return written + bytes(-len(record) % 4)


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])


def _table() -> Iterable[int]:
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x82F63B78 * (crc & 1)
        yield crc


_TABLE = tuple(_table())
