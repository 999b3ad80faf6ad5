"""What is stored with a face where nobody says it: an id by contents, a note of its source."""

import hashlib
import os
from pathlib import Path

FACE_ID_DIGITS = 24
SOURCE_CHARS_MAX = 1024


def face_id_of(person_id: str, image: bytes) -> str:
    """The id that makes a second enrolment of the same image, or crop, of a person harmless."""
    digest = hashlib.sha256(person_id.encode() + b"\0" + image)
    return digest.hexdigest()[:FACE_ID_DIGITS]


def source_of(image: object) -> str:
    """The note where a face came from: the name of an image's file, "" for anything else."""
    if not isinstance(image, str | os.PathLike):
        return ""
    # A gallery takes printable text, and a file's odd name must not forbid the enrolment.
    name = Path(os.fsdecode(image)).name
    escaped = (sign if sign.isprintable() else ascii(sign)[1:-1] for sign in name)
    return "".join(escaped)[:SOURCE_CHARS_MAX]
