"""A small set in the very file formats of IJB-B and IJB-C, with grey blobs for faces."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facenet_res.imaging.encode import encode_jpeg

SUBJECTS = 8
LANDMARKS = "38.29 51.70 73.53 51.50 56.03 71.74 41.55 92.37 70.73 92.20"


@dataclass(frozen=True)
class IjbFiles:
    """What was written: rows of (image, template, medium), subject of each template, scores."""

    folder: Path
    rows: list[tuple[str, int, int]]
    subject_of: dict[int, int]
    scores: NDArray[np.float64]


def write_ijb(folder: Path, name: str = "ijbc") -> IjbFiles:
    """Subjects 0 to 7, each with an enrolled template 10 s + 1 and two probes 10 s + 2 and + 3.

    A template has a film of two images (one medium) and a photograph. Film 0 of subject 0 stands in
    two templates. Subjects 0 to 3 are in the first gallery, the others in the second.
    """
    (folder / "meta").mkdir(parents=True)
    (folder / "loose_crop").mkdir()
    random = np.random.default_rng(0)
    rows: list[tuple[str, int, int]] = []
    subject_of = {}
    for subject in range(SUBJECTS):
        blob = random.integers(0, 256, (4, 4, 3))
        for number in (1, 2, 3):
            template = 10 * subject + number
            subject_of[template] = subject
            film = 1000 + template if (subject, number) != (0, 2) else 1001
            for medium in (film, film, 2000 + template):
                image = f"{len(rows) + 1}.jpg"
                rows.append((image, template, medium))
                noisy = np.clip(blob + random.integers(-40, 41, blob.shape), 0, 255)
                pixels = np.kron(noisy, np.ones((28, 28, 1))).astype(np.uint8)
                (folder / "loose_crop" / image).write_bytes(encode_jpeg(pixels))
    scores = random.uniform(0.5, 1.0, len(rows)).round(3)
    write(folder, name, "face_tid_mid.txt", [f"{i} {t} {m}" for i, t, m in rows])
    write(
        folder,
        name,
        "name_5pts_score.txt",
        [f"{row[0]} {LANDMARKS} {score}" for row, score in zip(rows, scores, strict=True)],
    )
    enrolled = [10 * subject + 1 for subject in range(SUBJECTS)]
    probes = [10 * subject + number for subject in range(SUBJECTS) for number in (2, 3)]
    pairs = [f"{e} {p} {int(e // 10 == p // 10)}" for e in enrolled for p in probes]
    write(folder, name, "template_pair_label.txt", pairs)
    letter = "G" if name == "ijbc" else "S"
    half = SUBJECTS // 2
    for number, part in ((1, enrolled[:half]), (2, enrolled[half:])):
        write_subjects(folder, name, f"1N_gallery_{letter}{number}.csv", part)
    write_subjects(folder, name, "1N_probe_mixed.csv", probes)
    return IjbFiles(folder, rows, subject_of, scores)


def write(folder: Path, name: str, end: str, lines: list[str]) -> Path:
    """One file of the set."""
    path = folder / "meta" / f"{name}_{end}"
    path.write_text("\n".join(lines) + "\n")
    return path


def write_subjects(folder: Path, name: str, end: str, templates: list[int]) -> Path:
    """A gallery or the probes: a line for each image of a template, as IJB has it."""
    lines = [f"{each},{each // 10},img/{each}.jpg,-1" for each in templates for _ in range(2)]
    return write(folder, name, end, ["TEMPLATE_ID,SUBJECT_ID,FILENAME,SIGHTING_ID", *lines])
