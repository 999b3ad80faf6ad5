"""Images with a class each: from the arrays of an .npz file, or from a folder per class."""

import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import ArgumentInvalid, DataInvalid, FileMissing, InputError
from facenet_res.core.image_files import SUFFIXES
from facenet_res.imaging.decode import ImageLimits, decode_image
from facenet_res.imaging.warp import resize

SPLITS = ("train", "val", "test")
BYTES_MAX = 4 * 2**30
# What NumPy and zipfile raise on files that are damaged, foreign, or claim more than memory holds.
UNREADABLE = (
    *(OSError, ValueError, EOFError, AttributeError, KeyError, TypeError, MemoryError),
    *(NotImplementedError, zipfile.BadZipFile, zlib.error),
)
LIMITS = ImageLimits(bytes_max=64 * 2**20, pixels_max=50_000_000, side_px_max=20_000)


@dataclass(frozen=True, slots=True, eq=False)
class LabelledImages:
    """A set of images of one size.

    Attributes:
        images: uint8[N, H, W, 3] RGB.
        labels: int64[N], the class of each, in [0, C).
        classes: C names.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.labels)

    def subset(self, numbers: Any) -> "LabelledImages":
        """Some of the images, by their numbers; all classes are kept."""
        return LabelledImages(self.images[numbers], self.labels[numbers], self.classes)

    def class_weights(self) -> NDArray[np.float32]:
        """float32[C]: N / (C * images of the class), so that classes count alike.

        Raises:
            DataInvalid: a class has no image.
        """
        counts = np.bincount(self.labels, minlength=len(self.classes))
        if (empty := np.flatnonzero(counts == 0)).size:
            raise DataInvalid(f"class {self.classes[empty[0]]!r} has no image among {len(self)}")
        return (len(self) / (len(self.classes) * counts)).astype(np.float32)


def read_npz(path: Path, split: str, classes: Sequence[str]) -> LabelledImages:
    """One split of a set in MedMNIST's format.

    Args:
        path: file with the arrays `SPLIT_images`, uint8[N, H, W] or uint8[N, H, W, 3], and
            `SPLIT_labels`, integers[N] or [N, 1] in [0, C). Compressed or not.
        split: "train", "val" or "test".
        classes: C names, at least 2, in the order of the labels.

    Raises:
        FileMissing: there is no such file.
        DataInvalid: an array is missing or of another shape or type, a label is out of range, or
            all images are of one class.

    Source:
        Yang et al. 2023, Scientific Data 10:41.
    """
    names = (f"{split}_images", f"{split}_labels")
    try:
        # Opened here: np.load forgets to close a file that is no whole zip.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
            if absent := [name for name in names if name not in file.files]:
                raise DataInvalid(
                    f"{path} has no array {absent[0]!r}; expected {names[0]} and {names[1]}, "
                    f"found {', '.join(sorted(file.files)) or 'none'}"
                )
            images, labels = (_bounded(file, name, path) for name in names)
    except FileNotFoundError as error:
        raise FileMissing(f"{path}: no such file") from error
    except UNREADABLE as error:
        raise DataInvalid(f"{path} is not a readable .npz file: {error}") from error
    if (
        images.dtype != np.uint8
        or images.ndim not in (3, 4)
        or (images.shape[3:] not in ((), (3,)))
    ):
        raise DataInvalid(
            f"{path}: {names[0]} must be uint8[N, H, W] or uint8[N, H, W, 3], "
            f"got {images.dtype}{list(images.shape)}"
        )
    if images.ndim == 3:
        images = np.repeat(images[..., None], 3, axis=-1)
    return LabelledImages(images, _checked(labels, len(images), classes, path), tuple(classes))


def read_splits(path: Path, classes: Sequence[str]) -> dict[str, LabelledImages]:
    """The splits "train", "val" and "test" of a set in MedMNIST's format; see `read_npz`.

    Raises:
        FileMissing, DataInvalid: as for `read_npz`; or the splits' images differ in size.
    """
    sets = {split: read_npz(path, split, classes) for split in SPLITS}
    sizes = {split: images.images.shape[1:3] for split, images in sets.items()}
    if len(set(sizes.values())) > 1:
        said = ", ".join(f"{split} {h} x {w}" for split, (h, w) in sizes.items())
        raise DataInvalid(f"{path}: images of one size are required, got {said}")
    return sets


def read_class_folders(path: Path, side_px: int | None = None) -> LabelledImages:
    """A folder per class, `CLASS/FILE.jpg`, the classes in the order of their names.

    Args:
        path: the folder; hidden files and files of other suffixes are skipped.
        side_px: every image is resized to this square; None keeps the size, which must then be
            the same for all.

    Raises:
        FileMissing: there is no such folder.
        DataInvalid: fewer than 2 classes, a class without an image, an unreadable image, or
            images of different size without `side_px`.
        ArgumentInvalid: side_px is below 1.
    """
    if side_px is not None and side_px < 1:
        raise ArgumentInvalid(f"side_px must be >= 1, got {side_px}")
    if not path.is_dir():
        raise FileMissing(f"{path}: no such folder; expected CLASS/FILE.jpg in it")
    folders = sorted(
        each for each in path.iterdir() if each.is_dir() and not each.name.startswith(".")
    )
    if len(folders) < 2:
        raise DataInvalid(f"{path} has {len(folders)} folders of a class, at least 2 are needed")
    images: list[Any] = []
    labels: list[int] = []
    for label, folder in enumerate(folders):
        files = [
            each
            for each in sorted(folder.iterdir())
            if each.suffix.lower() in SUFFIXES and not each.name.startswith(".")
        ]
        if not files:
            raise DataInvalid(f"{folder} has no image; a class needs at least 1")
        for file in files:
            images.append(_read(file, side_px, images[0].shape if images else None))
            labels.append(label)
    return LabelledImages(
        np.stack(images), np.array(labels, np.int64), tuple(each.name for each in folders)
    )


def _bounded(file: Any, name: str, path: Path) -> Any:
    size = file.zip.getinfo(f"{name}.npy").file_size
    if size > BYTES_MAX:
        raise DataInvalid(f"{path}: {name} has {size} bytes, the limit is {BYTES_MAX}")
    return file[name]


def _checked(labels: Any, count: int, classes: Sequence[str], path: Path) -> NDArray[np.int64]:
    if labels.shape not in ((count,), (count, 1)) or labels.dtype.kind not in "iu":
        raise DataInvalid(
            f"{path}: labels must be integers[{count}] or [{count}, 1] as there are {count} "
            f"images, got {labels.dtype}{list(labels.shape)}"
        )
    labels = labels.reshape(-1).astype(np.int64)
    outside = labels[(labels < 0) | (labels >= len(classes))]
    if len(outside):
        raise DataInvalid(
            f"{path}: label {outside[0]} is out of range, must be in [0, {len(classes)})"
        )
    if len(np.unique(labels)) < 2:
        raise DataInvalid(f"{path}: images of at least 2 classes are needed, got {count} of one")
    return np.asarray(labels)


def _read(file: Path, side_px: int | None, shape: tuple[int, ...] | None) -> Any:
    try:
        image = decode_image(file.read_bytes(), LIMITS)
    except OSError as error:
        raise DataInvalid(f"{file} cannot be read: {error.strerror}") from error
    except InputError as error:
        raise DataInvalid(f"{file} is unreadable: {error}") from error
    if side_px is not None:
        return resize(image, side_px, side_px)
    if shape is not None and image.shape != shape:
        raise DataInvalid(
            f"{file} is {image.shape[1]}x{image.shape[0]} px, the first image is "
            f"{shape[1]}x{shape[0]}: give side_px to resize all"
        )
    return image
