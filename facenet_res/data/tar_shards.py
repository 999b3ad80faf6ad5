"""WebDataset: tar files in which `KEY.jpg` stands beside `KEY.cls` or `KEY.json`.

KEY is the path up to the first dot of the file's name; members of one KEY follow each other.
`KEY.cls` holds the identity, a number or a name, as text; `KEY.json` an object with `identity` or
`label` and, for a suspicious label, `"label_ok": 0`. An image with neither has no identity.

Source:
    https://github.com/webdataset/webdataset, "The WebDataset Format"; POSIX.1-2001, pax and ustar.
"""

import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from facenet_res.core.errors import DataInvalid
from facenet_res.core.image_files import SUFFIXES
from facenet_res.data.names import Names
from facenet_res.data.records import RECORD_BYTES_MAX, Fault, IdentityColumn, RecordTable
from facenet_res.data.shards import OpenFiles
from facenet_res.data.tar_file import Member, members

_LABEL_BYTES_MAX: Final = 1 << 20


@dataclass(slots=True)
class _Sample:
    """The members of one KEY, as far as they were seen."""

    key: str
    image: Member | None = None
    labels: list[Member] = field(default_factory=list)


class TarReader:
    """Reads crops out of WebDataset shards."""

    kind = "WebDataset tar shards"

    def __init__(self, paths: Sequence[Path]) -> None:
        """Walks the headers of the tars, and reads the labels; images are not."""
        self._files = OpenFiles(paths)
        self._shards, self._positions, self._sizes = array("i"), array("q"), array("q")
        self._sure = array("b")
        self._column = IdentityColumn()
        self._faults: list[Fault] = []
        try:
            names = Names(self._indexed())
        except BaseException:
            self.close()
            raise
        labels, identities, gaps = self._column.by_number_or_name()
        sure = np.asarray(self._sure, np.bool_)
        faults = tuple(self._faults)
        self.table = RecordTable(names, labels, identities, sure, faults, label_gaps=gaps)

    @staticmethod
    def is_one(start: bytes) -> bool:
        """Whether a file that starts so is a tar."""
        return start[257:262] == b"ustar"

    def read(self, number: int) -> bytes:
        """See `RecordReader.read`."""
        size = self._sizes[number]
        data = self._files.read(self._shards[number], self._positions[number], size)
        if len(data) < size:
            name = self.table.names[number]
            raise DataInvalid(f"{name} is truncated: {len(data)} of {size} bytes")
        return data

    def close(self) -> None:
        """Closes the tars."""
        self._files.close()

    def _indexed(self) -> Iterator[str]:
        """The names of all crops, in order; what else is known of each goes into the columns."""
        for shard, path in enumerate(self._files.paths):
            for sample in _samples(members(self._files, shard, self._faults)):
                if sample.image is None:
                    # A tar may hold other things too; only what has a label was meant as a crop.
                    if sample.labels:
                        self._faults.append(Fault(f"{path.name}/{sample.key}", "it has no image"))
                    continue
                name = f"{path.name}/{sample.image.name}"
                try:
                    if sample.image.size > RECORD_BYTES_MAX:
                        raise DataInvalid(
                            f"it has {sample.image.size} bytes, limit is {RECORD_BYTES_MAX}"
                        )
                    identity, is_sure = self._label(shard, sample.labels)
                except DataInvalid as error:
                    self._faults.append(Fault(name, str(error)))
                    continue
                self._column.add(identity)
                self._sure.append(is_sure)
                self._shards.append(shard)
                self._positions.append(sample.image.position)
                self._sizes.append(sample.image.size)
                yield name

    def _label(self, shard: int, found: list[Member]) -> tuple[str, bool]:
        """Identity and whether it is sure; JSON takes precedence."""
        for member in sorted(found, key=lambda each: not each.name.endswith(".json")):
            if member.size > _LABEL_BYTES_MAX:
                raise DataInvalid(
                    f"{member.name} has {member.size} bytes, limit is {_LABEL_BYTES_MAX}"
                )
            data = self._files.read(shard, member.position, member.size)
            label = _of_json(data) if member.name.endswith(".json") else _of_text(data)
            if label is not None:
                return label
        return "", True


def _samples(found: Iterator[Member]) -> Iterator[_Sample]:
    sample: _Sample | None = None
    for member in found:
        folder, slash, file = member.name.rpartition("/")
        stem, _, suffix = file.partition(".")
        if not stem:  # a hidden file
            continue
        key = folder + slash + stem
        if sample is None or sample.key != key:
            if sample:
                yield sample
            sample = _Sample(key)
        if f".{suffix.lower()}" in SUFFIXES:
            sample.image = member
        elif suffix in ("cls", "json"):
            sample.labels.append(member)
    if sample:
        yield sample


def _of_text(data: bytes) -> tuple[str, bool]:
    try:
        identity = data.decode("utf-8").strip()
    except UnicodeDecodeError as error:
        raise DataInvalid("its .cls is not UTF-8") from error
    if not identity:
        raise DataInvalid("its .cls is empty")
    return identity, True


def _of_json(data: bytes) -> tuple[str, bool] | None:
    """Identity and whether it is sure; None where the JSON has no label."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise DataInvalid(f"its .json cannot be read: {error}") from error
    if not isinstance(value, dict):
        return None
    identity = value.get("identity", value.get("label"))
    if identity is None:
        return None
    if isinstance(identity, bool) or not isinstance(identity, int | str):
        raise DataInvalid(f"its .json requires a number or a text as identity, has {identity!r}")
    return str(identity), value.get("label_ok", 1) != 0
