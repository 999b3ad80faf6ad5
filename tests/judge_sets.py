"""The four data files of a judgement in miniature: coloured blobs for faces, some alike."""

import zipfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from facenet_res.core.types import Image
from facenet_res.evaluation.judge_data import JudgeConfig, JudgeFiles
from facenet_res.evaluation.photos import PhotosConfig
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.warp import resize
from tests.artifacts import smooth_faces

FOLDS, EACH = 2, 5
CONFIG = JudgeConfig(
    identities=10,
    crops_min=4,
    unlabelled=80,
    photos=PhotosConfig(people_enrolled=4, people_unknown=2, photos_enrolled=2),
    robustness_step=1,
    rounds=2,
)


def write_judge_files(folder: Path) -> JudgeFiles:
    """Ten people of LFW, twelve of the crops, a hundred crops without a name, six of the photos."""
    random = np.random.default_rng(0)
    faces = smooth_faces(60, seed=3)
    lfw = {
        f"p{person:02d}/p{person:02d}_{number:04d}.jpg": _photo(faces[person], random)
        for person in range(FOLDS * EACH)
        for number in (1, 2)
    }
    crops = {
        f"person{person:02d}/{number}.jpg": _crop(faces[10 + person], random)
        for person in range(12)
        for number in range(4)
    }
    crops |= {
        f"_unlabelled/{_utk_name(number)}": _crop(face, random)
        for number, face in enumerate(smooth_faces(100, seed=4))
    }
    photos = {
        f"q{person}/{number}.jpg": _photo(faces[30 + person], random)
        for person in range(6)
        for number in range(4)
    }
    (folder / "lfw_pairs.txt").write_text(_pairs())
    return JudgeFiles(
        _zip(folder / "lfw.zip", lfw),
        folder / "lfw_pairs.txt",
        _zip(folder / "crops.zip", crops),
        _zip(folder / "photos.zip", photos),
    )


def _pairs() -> str:
    lines = [f"{FOLDS} {EACH}"]
    for fold in range(FOLDS):
        people = [fold * EACH + place for place in range(EACH)]
        lines += [f"p{person:02d} 1 2" for person in people]
        lines += [f"p{person:02d} 1 p{(person + 1) % (FOLDS * EACH):02d} 2" for person in people]
    return "\n".join(lines)


def _utk_name(number: int) -> str:
    """UTKFace's: a child or somebody old, of two genders and two origins."""
    old, gender = number % 2, number // 2 % 2
    return f"utk_{5 + 60 * old}_{gender}_{old}_2017{number}.jpg"


def _crop(face: NDArray[np.uint8], random: np.random.Generator) -> bytes:
    return encode_jpeg(_noisy(face, random))


def _photo(face: NDArray[np.uint8], random: np.random.Generator) -> bytes:
    return encode_jpeg(resize(_noisy(face, random), 250, 250))


def _noisy(face: NDArray[np.uint8], random: np.random.Generator) -> Image:
    noise = random.normal(0, 12, face.shape)
    return np.clip(face + noise, 0, 255).astype(np.uint8)


def _zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path
