"""The rows of the database as values, each checked against its checksum when it is read."""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeVar

from facenet_res.core.errors import GalleryInvalid
from facenet_res.gallery.checksums import CHAIN_START, row_checksum

Row = TypeVar("Row", bound=tuple[Any, ...])


class PersonRow(NamedTuple):
    """A row of `persons`. The salt keeps the log's commitments to the id from being guessed."""

    person_row: int
    person_id: str
    name: str
    metadata: str
    created_unix_s: float
    expires_unix_s: float | None
    salt: str = ""


class FaceRow(NamedTuple):
    """A row of `faces`. `crop_sum` is 0 where no crop is kept."""

    face_row: int
    face_id: str
    person_row: int
    slot: int
    vector_sum: int
    source: str
    source_sha256: str
    quality: str
    crop_sum: int
    enrolled_unix_s: float
    salt: str = ""


class MetaRow(NamedTuple):
    """The row of `meta`. The key, in hexadecimal digits, is that of the hashes in `requests`."""

    id: int
    model_id: str
    embedding_dim: int
    created_unix_s: float
    request_key: str


class Progress(NamedTuple):
    """The row of `progress`: where the log ends, and what comes next."""

    id: int = 1
    position: int = 0
    chain: str = CHAIN_START.hex()
    checksums: int = 0
    next_person_row: int = 1
    next_face_row: int = 1


class LogRow(NamedTuple):
    """A row of `log` without its chain hash.

    `face_row` is 0 where the person alone was changed; `commitment` is to the face's id, or there
    to the person's.
    """

    position: int
    at_unix_s: float
    change: str
    person_row: int
    face_row: int
    commitment: str


class RequestRow(NamedTuple):
    """A row of `requests`: keyed hashes of id and contents, and an answer in row numbers."""

    request_id: str
    contents: str
    answer: str
    at_unix_s: float


def checksum_of(row: Sequence[Any]) -> int:
    """The checksum of a row of any of these types."""
    return row_checksum((type(row).__name__, *row))


def sealed(row: Sequence[Any]) -> tuple[Any, ...]:
    """The row's values and its checksum, as they are written."""
    return (*row, checksum_of(row))


def opened(kind: type[Row], columns: Sequence[Any]) -> Row:
    """The row that was written with `sealed`.

    Raises:
        GalleryInvalid: it does not match its checksum.
    """
    row = kind(*columns[:-1])
    if checksum_of(row) == columns[-1]:
        return row
    raise GalleryInvalid(
        f"a {kind.__name__} of the gallery is damaged (checksum mismatch in {columns[0]!r}); "
        "restore a backup"
    )


def to_json(value: Any) -> str:
    """JSON of a value, the same for equal values."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
