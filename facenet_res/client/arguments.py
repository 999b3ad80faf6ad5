"""What callers pass, turned into what goes on the wire, or refused in words of ours.

The generated messages check types too, but raise TypeError, ValueError or UnicodeEncodeError
without a name or a value.
"""

import io
import os
from pathlib import Path
from typing import TypeVar

import numpy as np
from google.protobuf.message import Message

from facenet_res.core.arrays import check_image
from facenet_res.core.errors import ArgumentInvalid, FileMissing
from facenet_res.core.files import given_path
from facenet_res.core.types import Image

ImageSource = bytes | bytearray | memoryview | str | os.PathLike[str] | Image
"""The bytes of an image file, its path (a str is one), or uint8[H, W, 3] RGB."""

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


def image_bytes(image: ImageSource) -> bytes:
    """The bytes of the file; of an array, those of a PNG file.

    Raises:
        FileMissing: the path names nothing that can be read.
        ArrayInvalid: the array is not uint8[H, W, 3].
        ArgumentInvalid: it is none of these.
    """
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image)
    if isinstance(image, np.ndarray):
        return _png(check_image(image))
    try:
        return image_path(image).read_bytes()
    except OSError as error:
        raise FileMissing(f"{image} cannot be read: {error.strerror}") from error
    except ValueError as error:
        # A path with a null character in it.
        raise FileMissing(f"{image!a} cannot be read: {error}") from error


def image_path(image: str | os.PathLike[str]) -> Path:
    """The path of an image that was not given as bytes.

    Raises:
        ArgumentInvalid: it is no path.
    """
    if not isinstance(image, str | os.PathLike):
        raise ArgumentInvalid(
            "an image is bytes, a path (str or os.PathLike) or uint8[H, W, 3], "
            f"got {type(image).__name__}"
        )
    return given_path(image, "image")


def _png(pixels: Image) -> bytes:
    # Lossless, so that a server sees what a local recognizer would; loaded when it is needed.
    from PIL import Image as Pillow  # noqa: PLC0415

    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
