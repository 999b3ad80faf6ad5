"""IJB-B's and IJB-C's protocol files, as InsightFace lays them out.

A *template* is a set of images of one person: stills and video frames. A *medium* is one still or
one video. A folder holds, with the set's name for `ijbc`:

    meta/ijbc_face_tid_mid.txt         "1.jpg 1 69544": image, template, medium
    meta/ijbc_name_5pts_score.txt      "1.jpg x y x y x y x y x y 0.99": landmarks in px, score
    meta/ijbc_template_pair_label.txt  "1 11065 1": two templates, 1 for one person
    meta/ijbc_1N_gallery_G1.csv        a header, then "1,12,...": template, subject; also G2
    meta/ijbc_1N_probe_mixed.csv       the same, for the probes
    loose_crop/1.jpg                   the images

IJB-B calls its galleries S1 and S2.

Source:
    deepinsight/insightface, `recognition/_evaluation_/ijb`; Whitelam et al. 2017, "IARPA Janus
    Benchmark-B"; Maze et al. 2018, "IARPA Janus Benchmark - C".
"""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.errors import DataInvalid, FileMissing

NAMES: Final = ("ijbc", "ijbb")
IMAGE_FOLDER: Final = "loose_crop"
LINES_MAX: Final = 50_000_000
LANDMARK_FIELDS: Final = 12


@dataclass(frozen=True, slots=True, eq=False)
class TemplateSet:
    """Which images make which template.

    Attributes:
        folder: of the set.
        name: "ijbb" or "ijbc".
        images: name of each image in `loose_crop`, N of them.
        templates: int64[N], the template of each image.
        media: int64[N], the still or video of each image.
        landmarks: float32[N, 5, 2], in px of the image, in the order of `Detection`.
        scores: float32[N], the detector's, in [0, 1].
    """

    folder: Path
    name: str
    images: tuple[str, ...]
    templates: NDArray[np.int64]
    media: NDArray[np.int64]
    landmarks: NDArray[np.float32]
    scores: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class TemplatePairs:
    """The 1:1 protocol.

    Attributes:
        first: int64[P], a template.
        second: int64[P], another.
        is_same: bool[P].
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    is_same: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class TemplateSubjects:
    """A gallery or the probes of the 1:N protocol.

    Attributes:
        templates: int64[T], each once.
        subjects: int64[T], whom it shows.
    """

    templates: NDArray[np.int64]
    subjects: NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class IdentificationProtocol:
    """The 1:N protocol: every probe is searched in each gallery.

    Attributes:
        galleries: by name; no subject is in both.
        probes: people in one gallery are non-enrolled in the other.
    """

    galleries: dict[str, TemplateSubjects]
    probes: TemplateSubjects


def read_template_set(folder: Path) -> TemplateSet:
    """Reads which images make which template, and where their landmarks are.

    Raises:
        FileMissing: the folder is no IJB set, or a file of it is missing.
        DataInvalid: a file breaks its format, or the two files name different images.
    """
    name = next((n for n in NAMES if _meta(folder, n, "face_tid_mid.txt").is_file()), "")
    if not name:
        raise FileMissing(
            f"{folder} is no IJB set: there is neither meta/{NAMES[0]}_face_tid_mid.txt "
            f"nor meta/{NAMES[1]}_face_tid_mid.txt"
        )
    path = _meta(folder, name, "face_tid_mid.txt")
    rows = _fields(path, columns=3)
    landmarks_path = _meta(folder, name, "name_5pts_score.txt")
    points = _fields(landmarks_path, columns=LANDMARK_FIELDS)
    images = tuple(row[0] for row in rows)
    _check_same_images(images, [row[0] for row in points], path, landmarks_path)
    numbers = _numbers([row[1:] for row in points], np.float32, landmarks_path)
    ids = _numbers([row[1:] for row in rows], np.int64, path)
    return TemplateSet(
        folder=folder,
        name=name,
        images=images,
        templates=ids[:, 0],
        media=ids[:, 1],
        landmarks=numbers[:, :10].reshape(-1, 5, 2),
        scores=numbers[:, 10],
    )


def protocols(templates: TemplateSet) -> tuple[str, ...]:
    """The protocols whose files are there: "11", "1n" or both.

    Raises:
        FileMissing: there is neither.
    """
    ends = {"11": "template_pair_label.txt", "1n": "1N_probe_mixed.csv"}
    found = [
        key for key, end in ends.items() if _meta(templates.folder, templates.name, end).is_file()
    ]
    if not found:
        raise FileMissing(f"no protocol in {templates.folder}/meta: {' or '.join(ends.values())}")
    return tuple(found)


def read_template_pairs(templates: TemplateSet) -> TemplatePairs:
    """Reads the 1:1 protocol.

    Raises:
        FileMissing: the file is missing.
        DataInvalid: it breaks its format, or names a template that has no image.
    """
    path = _meta(templates.folder, templates.name, "template_pair_label.txt")
    # Fifteen million lines in IJB-C: read by NumPy's own parser.
    rows = _table(path, delimiter=None, skip=0)
    if rows.shape[1] != 3 or not np.isin(rows[:, 2], (0, 1)).all():
        raise DataInvalid(f"{path}: lines should read 'template template 0|1'")
    _check_known(rows[:, :2], templates, path)
    return TemplatePairs(rows[:, 0], rows[:, 1], rows[:, 2] == 1)


def read_identification(templates: TemplateSet) -> IdentificationProtocol:
    """Reads the 1:N protocol: both galleries and the probes.

    Raises:
        FileMissing: a file is missing.
        DataInvalid: a file breaks its format, a template has no image or two subjects, a gallery
            has a subject twice, or a subject is in both galleries.
    """
    letter = "G" if templates.name == "ijbc" else "S"
    galleries = {
        f"{letter}{number}": _read_subjects(templates, f"1N_gallery_{letter}{number}.csv")
        for number in (1, 2)
    }
    for name, gallery in galleries.items():
        if len(np.unique(gallery.subjects)) != len(gallery.subjects):
            raise DataInvalid(f"gallery {name} of {templates.folder} has a subject twice")
    first, second = (gallery.subjects for gallery in galleries.values())
    if (shared := np.intersect1d(first, second)).size:
        raise DataInvalid(
            f"{len(shared)} subjects of {templates.folder} are in both galleries, such as "
            f"{shared[0]}"
        )
    return IdentificationProtocol(galleries, _read_subjects(templates, "1N_probe_mixed.csv"))


def _read_subjects(templates: TemplateSet, end: str) -> TemplateSubjects:
    path = _meta(templates.folder, templates.name, end)
    rows = _table(path, delimiter=",", skip=1)
    if rows.shape[1] != 2:
        raise DataInvalid(f"{path}: lines should begin 'template,subject'")
    _check_known(rows[:, :1], templates, path)
    # The file has a line for each image of a template.
    pairs = np.unique(rows, axis=0)
    ids, counts = np.unique(pairs[:, 0], return_counts=True)
    if (twice := ids[counts > 1]).size:
        raise DataInvalid(f"{path}: template {twice[0]} has {counts.max()} subjects")
    return TemplateSubjects(pairs[:, 0], pairs[:, 1])


def _meta(folder: Path, name: str, end: str) -> Path:
    return folder / "meta" / f"{name}_{end}"


def _fields(path: Path, columns: int) -> list[list[str]]:
    if not path.is_file():
        raise FileMissing(f"no file at {path}")
    try:
        rows = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise DataInvalid(f"{path} is not a text file in UTF-8 (byte {error.start})") from error
    if not rows:
        raise DataInvalid(f"{path} is empty")
    for number, row in enumerate(rows, start=1):
        if len(row) != columns:
            raise DataInvalid(f"{path} line {number} has {len(row)} fields, {columns} are needed")
    return rows


def _numbers(rows: list[list[str]], kind: type[np.generic], path: Path) -> NDArray[Any]:
    try:
        numbers: NDArray[Any] = np.array(rows, dtype=kind)
    except (ValueError, OverflowError) as error:
        raise DataInvalid(f"{path}: a field is no number: {error}") from error
    if not np.isfinite(numbers).all():
        raise DataInvalid(f"{path}: a field is not finite")
    return numbers


def _table(path: Path, *, delimiter: str | None, skip: int) -> NDArray[np.int64]:
    """Whole numbers of a text file: int64[N, columns]; of a CSV file the first two columns."""
    if not path.is_file():
        raise FileMissing(f"no file at {path}")
    columns = (0, 1) if delimiter else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # an empty file is our error to raise
            rows: NDArray[np.int64] = np.loadtxt(
                path,
                np.int64,
                delimiter=delimiter,
                skiprows=skip,
                usecols=columns,
                ndmin=2,
                max_rows=LINES_MAX + 1,
            )
    except (ValueError, UnicodeDecodeError) as error:
        raise DataInvalid(f"{path} is no table of whole numbers: {error}") from error
    if not 0 < len(rows) <= LINES_MAX:
        raise DataInvalid(f"{path} has {len(rows)} lines; 1 to {LINES_MAX} are read")
    return rows


def _check_same_images(
    images: tuple[str, ...], others: list[str], path: Path, others_path: Path
) -> None:
    if len(images) != len(others):
        raise DataInvalid(f"{path} has {len(images)} images and {others_path.name} {len(others)}")
    for number, (image, other) in enumerate(zip(images, others, strict=True), start=1):
        if image != other:
            raise DataInvalid(
                f"{path} line {number} is of {image}, {others_path.name} there of {other}"
            )


def _check_known(ids: NDArray[np.int64], templates: TemplateSet, path: Path) -> None:
    unknown = np.setdiff1d(ids, templates.templates)
    if unknown.size:
        raise DataInvalid(
            f"{path} names {len(unknown)} templates without an image, such as {unknown[0]}"
        )
