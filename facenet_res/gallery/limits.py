"""How much of everything the gallery takes, checked at its door."""

import math
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from numbers import Integral
from typing import Any, Final

import numpy as np

from facenet_res.core.arrays import check_faces
from facenet_res.core.errors import ArgumentInvalid, ConfigInvalid
from facenet_res.gallery.types import Enrollment, PersonUpdate

EMBEDDING_DIM_MAX = 4096
MODEL_ID_CHARS_MAX = 256
NFC_SHRINKS_MAX = 4
"""A character stands for at most four in Unicode's canonical composition."""

_REFUSED: Final = {"Cc", "Cs", "Zl", "Zp"}
"""Unicode categories: control characters, lone surrogates, line and paragraph separators."""
_BLANK: Final = {"Zs", "Cf"}
_SHA256: Final = re.compile("[0-9a-f]{64}")
_FLAT: Final = str.maketrans("\n\t", "  ")


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryLimits:
    """Upper limits; all of them at least 1.

    Attributes:
        id_chars_max: characters of a person's or a face's id.
        name_chars_max: characters of a person's name.
        source_chars_max: characters of the note where a face came from.
        metadata_entries_max: entries of a person's metadata.
        metadata_key_chars_max: characters of a metadata key.
        metadata_value_chars_max: characters of a metadata value.
        faces_per_person_max: faces of one person.
        batch_max: faces in one enrolment of many, and queries in one identification.
        top_k_max: persons that one identification lists.
        page_size_max: persons on one page of the list.

    Raises:
        ConfigInvalid: a limit is below 1.
    """

    id_chars_max: int = 256
    name_chars_max: int = 256
    source_chars_max: int = 1024
    metadata_entries_max: int = 64
    metadata_key_chars_max: int = 64
    metadata_value_chars_max: int = 1024
    faces_per_person_max: int = 1000
    batch_max: int = 10_000
    top_k_max: int = 100
    page_size_max: int = 1000

    def __post_init__(self) -> None:
        for entry in fields(self):
            value = getattr(self, entry.name)
            if value < 1:
                raise ConfigInvalid(f"{entry.name} is {value}, least is 1")

    def checked(self, enrollment: Enrollment) -> Enrollment:
        """The enrolment with normalised ids, if all of it but its embedding is within the limits.

        Raises:
            ArgumentInvalid: a text is too long, blank or not printable, or metadata too many.
            ArrayInvalid: the crop is not uint8[112, 112, 3].
        """
        check_text("name", enrollment.name, 0, self.name_chars_max)
        check_text("source", enrollment.source, 0, self.source_chars_max)
        if enrollment.source_sha256 and not _SHA256.fullmatch(enrollment.source_sha256):
            raise ArgumentInvalid(
                f"source_sha256 has 64 hexadecimal digits, got {enrollment.source_sha256!a}"
            )
        if enrollment.crop is not None:
            check_faces(np.asarray(enrollment.crop)[None])
        self.check_update(
            PersonUpdate(metadata=enrollment.metadata, expires_unix_s=enrollment.expires_unix_s)
        )
        face_id = enrollment.face_id
        return replace(
            enrollment,
            person_id=self.check_id("person_id", enrollment.person_id),
            face_id=None if face_id is None else self.check_id("face_id", face_id),
        )

    def check_id(self, what: str, text: Any) -> str:
        """An id of 1 to id_chars_max characters in Unicode's form NFC; not blank.

        Raises:
            ArgumentInvalid: it is something else.
        """
        normalised = check_text(what, text, 1, self.id_chars_max)
        if all(unicodedata.category(char) in _BLANK for char in normalised):
            raise ArgumentInvalid(f"{what} is blank: {text!a}")
        return normalised

    def check_update(self, update: PersonUpdate) -> None:
        """Checks a person's fields.

        Raises:
            ArgumentInvalid: a text is too long or not printable, or metadata too many.
        """
        if update.name is not None:
            check_text("name", update.name, 0, self.name_chars_max)
        if update.metadata is not None:
            self._check_metadata(update.metadata)
        if update.expires_unix_s is not None and math.isnan(update.expires_unix_s):
            raise ArgumentInvalid("expires_unix_s is not a number")

    def _check_metadata(self, metadata: Mapping[str, str]) -> None:
        if not isinstance(metadata, Mapping):
            raise ArgumentInvalid(f"metadata is a mapping, got {type(metadata).__name__}")
        check_number("metadata entries", len(metadata), 0, self.metadata_entries_max)
        for key, value in metadata.items():
            check_text("a metadata key", key, 1, self.metadata_key_chars_max)
            # A note may have lines and columns; a key or a name may not.
            flat = value.translate(_FLAT) if isinstance(value, str) else value
            check_text(f"metadata {key!r}", flat, 0, self.metadata_value_chars_max)


def check_model(model_id: str, embedding_dim: int) -> None:
    """Checks what a new gallery is to be for.

    Raises:
        ArgumentInvalid: the id is empty, too long or not printable, or D outside 1 to 4096.
    """
    check_text("model_id", model_id, 1, MODEL_ID_CHARS_MAX)
    check_number("embedding_dim", embedding_dim, 1, EMBEDDING_DIM_MAX)


def check_text(what: str, text: Any, chars_min: int, chars_max: int) -> str:
    """The text in Unicode's form NFC, if its length is allowed and it has no control characters.

    Joiners (ZWJ, ZWNJ), ideographic and no-break spaces belong to many scripts and are allowed.

    Raises:
        ArgumentInvalid: it is no text, too short, too long, or holds a control character.
    """
    if not isinstance(text, str):
        raise ArgumentInvalid(f"{what} is a text, got {type(text).__name__}")
    kept: str = text
    # Normalising takes long and may shorten or lengthen; beyond this no form can fit.
    if len(text) <= NFC_SHRINKS_MAX * chars_max and not text.isascii():
        kept = unicodedata.normalize("NFC", text)
    if not chars_min <= len(kept) <= chars_max:
        raise ArgumentInvalid(
            f"{what} has {len(kept)} characters, allowed are {chars_min} to {chars_max}"
        )
    is_plain = kept.isascii() and kept.isprintable()
    if not is_plain and any(unicodedata.category(char) in _REFUSED for char in kept):
        raise ArgumentInvalid(f"{what} holds a control character: {kept!a}")
    return kept


def check_number(what: str, value: int, least: int, greatest: int) -> None:
    """Checks that a whole number lies in a range, ends included.

    Raises:
        ArgumentInvalid: it does not.
    """
    if not isinstance(value, Integral) or not least <= value <= greatest:
        raise ArgumentInvalid(f"{what}: {value}, allowed are {least} to {greatest}")


def check_threshold(threshold: float) -> None:
    """Checks that a threshold is a cosine.

    Raises:
        ArgumentInvalid: it lies outside [-1, 1] or is not a number.
    """
    if math.isnan(threshold) or not -1 <= threshold <= 1:
        raise ArgumentInvalid(f"threshold is a cosine from -1 to 1; got {threshold}")
