"""InsightFace's verification sets, such as `lfw.bin`, `cfp_fp.bin` and `agedb_30.bin`.

Such a file is a pickle of two lists: the compressed images of all pairs one after the other, and
for each pair whether both images show one person. Images are aligned crops of 112x112 px, as bytes
or as NumPy arrays of bytes. The file does not say who is on them.

Source:
    deepinsight/insightface, `recognition/arcface_torch/eval/verification.py`, `load_bin`. NumPy
    pickles an array as `_reconstruct` and a state (protocols 0 to 4) or as `_frombuffer` (5).
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.plain_pickle import Names, read_plain

BYTES_MAX = 2 * 1024**3
IMAGE_BYTES_MAX = 4 * 1024 * 1024
BYTE_TYPES: Final = frozenset({"u1", "|u1", "uint8"})
BOOL_TYPES: Final = frozenset({"b1", "|b1", "bool"})


@dataclass(frozen=True, slots=True, eq=False)
class BinSet:
    """Aligned crops in pairs.

    Attributes:
        images: the compressed images; pair p is images 2p and 2p + 1.
        is_same: bool[P], whether the pair shows one person.
    """

    images: tuple[bytes, ...]
    is_same: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.is_same)


def read_bin_set(path: Path) -> BinSet:
    """Reads a verification set; no code in it runs.

    Raises:
        FileMissing: there is no such file.
        DataInvalid: the file is too large, corrupt, holds more than plain values, or does not
            hold two images for each answer.
    """
    if not path.is_file():
        raise FileMissing(f"no verification set at {path}")
    if path.stat().st_size > BYTES_MAX:
        raise DataInvalid(f"{path} has {path.stat().st_size} bytes, limit is {BYTES_MAX}")
    try:
        value = read_plain(io.BytesIO(path.read_bytes()), _NAMES)
    except DataInvalid as error:
        raise DataInvalid(f"{path}: {error}") from error
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise DataInvalid(f"{path} should hold a list of images and one of answers")
    images, answers = value
    _check_images(images, path)
    is_same = _booleans(answers, path)
    if len(is_same) == 0 or len(images) != 2 * len(is_same):
        raise DataInvalid(
            f"{path} needs two images for each answer, and at least one; "
            f"got {len(images)} images and {len(is_same)} answers"
        )
    return BinSet(tuple(map(bytes, images)), is_same)


def _check_images(images: Any, path: Path) -> None:
    if not isinstance(images, list | tuple):
        raise DataInvalid(f"{path} should begin with a list of images; got {_kind(images)}")
    for number, image in enumerate(images):
        if not isinstance(image, bytes | bytearray):
            raise DataInvalid(f"{path}: image {number} should be bytes; got {_kind(image)}")
        if len(image) > IMAGE_BYTES_MAX:
            raise DataInvalid(
                f"{path}: image {number} has {len(image)} bytes, limit is {IMAGE_BYTES_MAX}"
            )


def _booleans(answers: Any, path: Path) -> NDArray[np.bool_]:
    # An array of booleans comes as its bytes, a list as what was in it.
    if not isinstance(answers, list | tuple | bytes | bytearray):
        raise DataInvalid(f"{path} should end with a list of answers; got {_kind(answers)}")
    for number, answer in enumerate(answers):
        if not isinstance(answer, bool | int) or answer not in (0, 1):
            raise DataInvalid(
                f"{path}: answer {number} should be true or false; got {answer!r:.40}"
            )
    return np.array(list(answers), np.bool_)


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"


class _Array(bytearray):
    """Stands for a NumPy array of bytes or booleans."""

    def __setstate__(self, state: Any) -> None:
        _version, shape, kind, _order, data = state
        self[:] = _checked_bytes(data, kind, shape)


class _Type(NamedTuple):
    """Stands for a NumPy type, such as "u1"."""

    code: str

    def __setstate__(self, state: Any) -> None:
        """A type's state is its byte order, which bytes do not have."""


def _type(code: Any, *_: Any) -> _Type:
    text = code.decode("latin-1") if isinstance(code, bytes) else str(code)
    if text not in BYTE_TYPES | BOOL_TYPES:
        raise ValueError(f"it holds an array of type {text:.40}")
    return _Type(text)


def _from_buffer(data: Any, kind: Any, shape: Any, _: Any = "C") -> _Array:
    return _Array(_checked_bytes(data, kind, shape))


def _checked_bytes(data: Any, kind: Any, shape: Any) -> bytes:
    if not isinstance(kind, _Type) or not isinstance(data, bytes | bytearray):
        raise ValueError("it holds an array of anything but bytes")
    if not isinstance(shape, tuple) or shape != (len(data),):
        raise ValueError(f"it holds an array of shape {shape!r:.40} with {len(data)} bytes")
    return bytes(data)


def _scalar(kind: Any, data: Any) -> bool:
    if not isinstance(kind, _Type) or kind.code not in BOOL_TYPES or len(data) != 1:
        raise ValueError("it holds a NumPy number that is not a boolean")
    return bool(data[0])


def _encoded(text: str, encoding: str = "latin1") -> bytes:
    """Protocol 2 writes Python 3's bytes as a text to encode."""
    if encoding not in ("latin1", "latin-1"):
        raise ValueError(f"it holds a text in the encoding {encoding!r:.40}")
    return text.encode("latin-1")


def _empty() -> bytes:
    return b""


def _array(*_: Any) -> _Array:
    return _Array()


_NAMES: Final[Names] = {
    "_codecs.encode": _encoded,
    "__builtin__.bytes": _empty,
    "builtins.bytes": _empty,
    "numpy.dtype": _type,
    "numpy.ndarray": None,
    # Before and since NumPy 2.
    "numpy.core.multiarray._reconstruct": _array,
    "numpy._core.multiarray._reconstruct": _array,
    "numpy.core.multiarray.scalar": _scalar,
    "numpy._core.multiarray.scalar": _scalar,
    "numpy.core.numeric._frombuffer": _from_buffer,
    "numpy._core.numeric._frombuffer": _from_buffer,
}
