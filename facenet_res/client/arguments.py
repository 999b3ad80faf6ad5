"""What callers pass, turned into what goes on the wire, or refused in words of ours.

The generated messages check types too, but raise TypeError, ValueError or UnicodeEncodeError
without a name or a value.
"""

import os
from pathlib import Path
from typing import TypeVar

from google.protobuf.message import Message

from facenet_res.core.errors import ArgumentInvalid, FileMissing

Photo = bytes | bytearray | memoryview | str | os.PathLike[str]
"""The bytes of a JPEG, PNG or WebP file, or its path; a str is a path."""

# 96 bits: among a billion faces two share an id by chance once in 10^11 galleries.
SOURCE_CHARS_MAX = 1024

AnyMessage = TypeVar("AnyMessage", bound=Message)


def message(kind: type[AnyMessage], **fields: object) -> AnyMessage:
    """A message of these fields.

    Raises:
        ArgumentInvalid: a field cannot hold its value.
    """
    try:
        return kind(**fields)
    except (TypeError, ValueError):
        for name, value in fields.items():
            _check_field(kind, name, value)
        raise


def _check_field(kind: type[Message], name: str, value: object) -> None:
    try:
        kind(**{name: value})
    except (TypeError, ValueError) as error:
        raise ArgumentInvalid(f"{name} cannot be sent as {value!a}: {error!a}") from error


def photo_bytes(image: Photo) -> bytes:
    """The bytes of the file.

    Raises:
        FileMissing: the path names nothing that can be read.
        ArgumentInvalid: it is neither bytes nor a path.
    """
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image)
    try:
        return photo_path(image).read_bytes()
    except OSError as error:
        raise FileMissing(f"{image} cannot be read: {error.strerror}") from error
    except ValueError as error:
        # A path with a null character in it.
        raise FileMissing(f"{image!a} cannot be read: {error}") from error


def photo_path(image: str | os.PathLike[str]) -> Path:
    """The path of an image that was not given as bytes.

    Raises:
        ArgumentInvalid: it is no path.
    """
    try:
        return Path(image)
    except TypeError as error:
        raise ArgumentInvalid(
            f"an image is bytes or a path (str or os.PathLike), got {type(image).__name__}"
        ) from error


def source_of(image: Photo) -> str:
    """The note where a face came from: the name of the image's file, "" for bytes."""
    if isinstance(image, bytes | bytearray | memoryview):
        return ""
    # The server takes printable text only, and a file's odd name must not forbid the enrolment.
    escaped = (sign if sign.isprintable() else ascii(sign)[1:-1] for sign in photo_path(image).name)
    return "".join(escaped)[:SOURCE_CHARS_MAX]
