"""InsightFace's verification sets, such as `lfw.bin`, `cfp_fp.bin` and `agedb_30.bin`.

Such a file is a pickle of two lists: the compressed images of all pairs one after the other, and
for each pair whether both images show one person. Images are aligned faces of 112x112 px. The
file does not say who is on them. It is read without unpickling: see `plain_pickle`.

Source:
    deepinsight/insightface, `recognition/arcface_torch/eval/verification.py`, `load_bin`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid, FileMissing
from facenet_res.data.plain_pickle import read_plain

BYTES_MAX = 2 * 1024**3
IMAGE_BYTES_MAX = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, eq=False)
class BinSet:
    """Aligned faces in pairs.

    Attributes:
        images: the compressed images; pair p is images 2p and 2p + 1.
        is_same: bool[P], whether the pair shows one person.
    """

    images: tuple[bytes, ...]
    is_same: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.is_same)


def read_bin_set(path: Path) -> BinSet:
    """Reads a verification set.

    Raises:
        FileMissing: there is no such file.
        DataInvalid: the file is too large, damaged, asks for more than plain values, or does not
            hold two images for each answer.
    """
    if not path.is_file():
        raise FileMissing(f"no verification set at {path}")
    if path.stat().st_size > BYTES_MAX:
        raise DataInvalid(f"{path} has {path.stat().st_size} bytes, limit is {BYTES_MAX}")
    value = read_plain(path.read_bytes(), str(path))
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
    return BinSet(tuple(images), is_same)


def _check_images(images: Any, path: Path) -> None:
    if not isinstance(images, list | tuple):
        raise DataInvalid(f"{path} should begin with a list of images; got {_kind(images)}")
    for number, image in enumerate(images):
        if not isinstance(image, bytes):
            raise DataInvalid(f"{path}: image {number} should be bytes; got {_kind(image)}")
        if len(image) > IMAGE_BYTES_MAX:
            raise DataInvalid(
                f"{path}: image {number} has {len(image)} bytes, limit is {IMAGE_BYTES_MAX}"
            )


def _booleans(answers: Any, path: Path) -> NDArray[np.bool_]:
    # An array of booleans comes as its bytes, a list as what was in it.
    if not isinstance(answers, list | tuple | bytes):
        raise DataInvalid(f"{path} should end with a list of answers; got {_kind(answers)}")
    for number, answer in enumerate(answers):
        if not isinstance(answer, bool | int) or answer not in (0, 1):
            raise DataInvalid(
                f"{path}: answer {number} should be true or false; got {answer!r:.40}"
            )
    return np.array(list(answers), np.bool_)


def _kind(value: Any) -> str:
    return f"a {type(value).__name__}"
