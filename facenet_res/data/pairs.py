"""Labelled pairs of images: the format of LFW's `pairs.txt`.

The first line gives the number of folds and n, the pairs of each kind in a
fold (one number alone, as in `pairsDevTest.txt`, means one fold). Each fold has
n lines "name i j" (images i and j of one person), then n lines
"name i other j" (two persons). Fields are separated by tabs or spaces.

Source:
    http://vis-www.cs.umass.edu/lfw/README.txt, section 2.c.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid, FileMissing

BYTES_MAX = 64 * 1024 * 1024
PAIRS_MAX = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class PairSet:
    """Labelled pairs of images.

    Attributes:
        images: each image once, as "NAME/NAME_0001.jpg", in order of first mention.
        first: int64[P], the pair's first image, an index into `images`.
        second: int64[P], its second.
        is_same: bool[P], whether both show one person.
        folds: int64[P], the fold of the pair, from 0.
    """

    images: tuple[str, ...]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    is_same: NDArray[np.bool_]
    folds: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.first)


def read_pairs(path: Path) -> PairSet:
    """Reads a pairs file.

    Raises:
        FileMissing: there is no such file.
        DataInvalid: the file breaks the format; the message names the line.
    """
    if not path.is_file():
        raise FileMissing(f"no pairs file at {path}")
    if path.stat().st_size > BYTES_MAX:
        raise DataInvalid(f"{path} has {path.stat().st_size} bytes, limit is {BYTES_MAX}")
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise DataInvalid(f"{path} is not a text file in UTF-8 (byte {error.start})") from error
    return parse_pairs(text, str(path))


def parse_pairs(text: str, source: str = "pairs") -> PairSet:
    """Reads the text of a pairs file.

    Args:
        text: the whole file; blank lines at its end are ignored.
        source: what messages call the file.

    Raises:
        DataInvalid: the text breaks the format; the message names the line.
    """
    lines = text.rstrip().splitlines()
    if not lines:
        raise DataInvalid(f"{source} is empty")
    folds, pairs_each = _header(lines[0], source)
    expected = 2 * folds * pairs_each
    if len(lines) - 1 != expected:
        raise DataInvalid(
            f"{source} line 1 announces {folds} folds of {pairs_each} + {pairs_each} pairs, "
            f"{expected} lines; got {len(lines) - 1}"
        )
    # A dict keeps the order of first mention: its length is the next image's index.
    index: dict[str, int] = {}
    pairs = np.empty((expected, 2), np.int64)
    is_same = np.tile(np.repeat([True, False], pairs_each), folds)
    for number, line in enumerate(lines[1:]):
        images = _images(line, bool(is_same[number]), f"{source} line {number + 2}")
        for side, image in enumerate(images):
            pairs[number, side] = index.setdefault(image, len(index))
    return PairSet(
        images=tuple(index),
        first=pairs[:, 0],
        second=pairs[:, 1],
        is_same=is_same,
        folds=np.repeat(np.arange(folds), 2 * pairs_each),
    )


def _header(line: str, source: str) -> tuple[int, int]:
    fields = line.split()
    if len(fields) not in (1, 2) or not all(_is_count(field) for field in fields):
        raise DataInvalid(
            f"{source} line 1 gives the number of folds and of pairs, as in '10 300'; got {line!r}"
        )
    folds, pairs_each = (1, int(fields[0])) if len(fields) == 1 else map(int, fields)
    if 2 * folds * pairs_each > PAIRS_MAX:
        raise DataInvalid(
            f"{source} line 1 announces {2 * folds * pairs_each} pairs, limit is {PAIRS_MAX}"
        )
    return folds, pairs_each


def _images(line: str, is_same: bool, where: str) -> tuple[str, str]:
    fields = line.split()
    if is_same:
        if len(fields) != 3 or not (_is_count(fields[1]) and _is_count(fields[2])):
            raise DataInvalid(f"{where} should read 'name number number'; got {line!r}")
        return _image(fields[0], fields[1]), _image(fields[0], fields[2])
    if len(fields) != 4 or not (_is_count(fields[1]) and _is_count(fields[3])):
        raise DataInvalid(f"{where} should read 'name number name number'; got {line!r}")
    return _image(fields[0], fields[1]), _image(fields[2], fields[3])


def _image(name: str, number: str) -> str:
    return f"{name}/{name}_{int(number):04d}.jpg"


def _is_count(field: str) -> bool:
    return field.isascii() and field.isdigit() and 0 < len(field) < 8 and int(field) > 0
