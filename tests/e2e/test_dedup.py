"""Deduplication as a whole, on real photographs with planted copies, and through a kill."""

import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from facenet_res.core.types import Image
from facenet_res.dedup.config import DedupConfig
from facenet_res.dedup.run import deduplicate
from facenet_res.dedup.types import DedupReport
from facenet_res.faces.open import open_detector
from facenet_res.imaging.decode import read_image
from facenet_res.imaging.encode import encode_jpeg
from facenet_res.imaging.warp import resize
from facenet_res.inference.open import open_embedder
from facenet_res.recognizer.recognizer import FaceRecognizer
from tests.artifacts import write_random_artifact
from tests.image_files import exif_block, jpeg_with_exif

ROOT = Path(__file__).parent.parent.parent
# Eight pictures and a stereo pair, two photographs of one scene, from scikit-image's wheel.
PUBLIC = (
    *("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg", "coins.png"),
    *("retina.jpg", "moon.png", "motorcycle_left.png", "motorcycle_right.png"),
)


def halved(image: Image) -> Image:
    return resize(image, image.shape[1] // 2, image.shape[0] // 2)


def cropped(image: Image) -> Image:
    dy, dx = round(image.shape[0] * 0.05), round(image.shape[1] * 0.05)
    return image[dy : image.shape[0] - dy, dx : image.shape[1] - dx]


def jpeg(image: Image, quality: int = 90) -> bytes:
    return encode_jpeg(np.ascontiguousarray(image), quality)


COPIES: dict[str, Callable[[Image], bytes]] = {
    "quality60": lambda image: jpeg(image, 60),
    "half": lambda image: jpeg(halved(image)),
    "crop": lambda image: jpeg(cropped(image)),
    "mirror": lambda image: jpeg(image[:, ::-1]),
    "exif": lambda image: jpeg_with_exif(jpeg(np.rot90(image)), exif_block(6)),
    "turned": lambda image: jpeg(np.rot90(image)),
    "grey": lambda image: jpeg(np.repeat(grey(image)[:, :, None], 3, axis=2)),
}


def grey(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def plant(folder: Path, names: list[str], kinds: list[str]) -> dict[str, str]:
    """Adds a copy for each kind, each of another photo; copy's path to original's path."""
    planted = {}
    (folder / "planted").mkdir()
    for number, (name, kind) in enumerate(zip(names, kinds, strict=False)):
        copy = f"planted/{number:02d}_{kind}.jpg"
        data = (folder / name).read_bytes()
        if kind != "equal":
            data = COPIES[kind](read_image(folder / name))
        (folder / copy).write_bytes(data)
        planted[copy] = name
    return planted


def joined(report: DedupReport) -> set[frozenset[str]]:
    return {frozenset(member.path for member in group.members) for group in report.groups.copies}


def test_public_pictures_and_every_kind_of_copy(tmp_path: Path) -> None:
    # given public pictures, and of seven of them a copy of each kind
    source = pytest.importorskip("skimage.data", reason="needs scikit-image (extra `demo`)")
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in PUBLIC:
        (folder / name).write_bytes((Path(source.__file__).parent / name).read_bytes())
    kinds = ["equal", *COPIES]
    planted = plant(folder, list(PUBLIC), kinds)
    # when
    report = deduplicate(folder, tmp_path / "out")
    # then each copy is with its original, and nothing else is together
    assert joined(report) == {frozenset(pair) for pair in planted.items()}
    assert report.groups.counts.byte_equal_copies == 1


def test_fifty_photographs_with_twenty_planted_copies(shared_data: Path, tmp_path: Path) -> None:
    # given 50 photographs of 25 people, and 20 copies
    folder = tmp_path / "photos"
    with zipfile.ZipFile(shared_data / "photos.zip") as archive:
        people: dict[str, list[str]] = {}
        for name in sorted(archive.namelist()):
            if name.endswith(".jpg"):
                people.setdefault(name.split("/")[-2], []).append(name)
        chosen = [name for names in list(people.values())[:25] for name in names[:2]]
        archive.extractall(folder, chosen)
    kinds = ["quality60", "half", "crop", "mirror", "equal"] * 4
    planted = plant(folder, chosen[::2], kinds)
    artifact = write_random_artifact(tmp_path / "model")
    recognizer = FaceRecognizer.of(open_detector(), open_embedder(artifact.folder))
    # when
    config = DedupConfig(similarity_min=0.95)
    report = deduplicate(folder, tmp_path / "out", config, recognizer=recognizer)
    # then all copies are found, and no two different photographs are together
    assert joined(report) == {frozenset(pair) for pair in planted.items()}
    counts = report.groups.counts
    assert (counts.photos, counts.byte_equal_copies, counts.near_copies) == (70, 4, 16)
    assert counts.faces >= 50
    assert not report.groups.skipped
    assert (tmp_path / "out" / "report_files" / "index.js").stat().st_size > 10_000


def test_no_two_of_all_the_photographs_are_taken_for_copies(
    shared_data: Path, tmp_path: Path
) -> None:
    # given 400 photographs, among them frames of one shooting that nearly coincide
    with zipfile.ZipFile(shared_data / "photos.zip") as archive:
        archive.extractall(tmp_path / "photos")
    # then none is a copy of another
    assert not deduplicate(tmp_path / "photos", tmp_path / "out").groups.copies


KILLED = """
import os, signal, sys
from pathlib import Path
from facenet_res.dedup import read_images, run
from facenet_res.dedup.types import Stage
read_images.SHARD_ITEMS = 2

def kill(now):
    if now.stage == Stage.READ and now.done == 7:
        os.kill(os.getpid(), signal.SIGKILL)

run.deduplicate(Path(sys.argv[1]), Path(sys.argv[2]), on_progress=kill)
"""


def test_a_killed_run_goes_on_and_ends_the_same(tmp_path: Path) -> None:
    # given a run that is killed after seven of ten fingerprints, six of them saved
    source = pytest.importorskip("skimage.data", reason="needs scikit-image (extra `demo`)")
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(10):
        image = read_image(Path(source.__file__).parent / PUBLIC[number % 3])
        (folder / f"{number}.jpg").write_bytes(jpeg(image, 70 + number))
    arguments = [sys.executable, "-c", KILLED, str(folder), str(tmp_path / "killed")]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    ended = subprocess.run(arguments, check=False, cwd=ROOT, env=environment, timeout=60)
    assert ended.returncode == -signal.SIGKILL
    # when it is started again
    told = []
    again = deduplicate(folder, tmp_path / "killed", on_progress=told.append)
    # then it goes on from six, and finds what an unbroken run finds
    assert next(now.done for now in told if now.stage == "read") == 6
    assert again.groups == deduplicate(folder, tmp_path / "whole").groups
    assert len(again.groups.copies) == 3
